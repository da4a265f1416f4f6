"""After a restore on either side nothing is sent until all that the bank knows was read, and nobody is paid twice."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.benefits.app import build
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared.events.benefits import PaymentSettled
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import BIN, Benefits, Somebody, Through
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program, start
from tests.support.restored import back_up, restore
from tests.support.simulated_bank import FUNDS, SimulatedBank
from tests.support.waiting import until


async def old(benefits: Benefits, create: CreateDatabase, backup: dict[str, bytes]) -> Benefits:
    """Return the service over a database restored from a backup."""
    url = await create("benefits")
    settings = BenefitsSettings(
        service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url), bank_simulated=True
    )
    restored = Benefits(build(settings))
    restored.payer, restored.payer_number = benefits.payer, benefits.payer_number
    await restore(backup, restored.database)
    return restored


async def walk(through: Through) -> None:
    """Let every worker do what it can, until there is nothing more to read."""
    await through.round()
    while await through.work.recover(through.benefits.database):
        pass
    await through.round()
    await through.work.recover(through.benefits.database)


async def recovery_of(benefits: Benefits) -> Any:
    [found] = await benefits.get("/bank-recoveries")
    return found


async def release(benefits: Benefits, *, status: int = 201) -> None:
    """Let files go again, as two people."""
    found = await recovery_of(benefits)
    proposal = await benefits.post(f"/bank-recoveries/{found['id']}/release", {}, status=status)
    if status == 201:
        await benefits.approve_proposal(proposal)


async def test_a_database_restored_from_before_the_run_pays_nobody_twice(
    benefits: Benefits, through: Through, create_database: CreateDatabase
) -> None:
    await benefits.open_fund()
    first, refused = await benefits.settle_in(), await benefits.settle_in(number="3120205190104")
    for who in (first, refused):
        await benefits.award(who)
    backup = await back_up(benefits.database)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(first, "REPORTED_SETTLED")
    await through.until_attempt(refused, "REFUSED")

    again = await old(benefits, create_database, backup)
    after = Through(again, through.bank, BankWork(HttpBank(BANK, through.url, timeout=5), lease=timedelta(seconds=15)))
    later = await again.settle_in()
    await again.award(later)
    run = await again.prepare()  # nobody has noticed yet
    await again.approve(run)
    await after.round()
    assert (await again.order_of(later))["instructions"][0]["state"] in ("QUEUED", "UNKNOWN")
    found = await recovery_of(again)
    assert (found["cause"], found["files"], found["walked_at"]) == ("foreign_files", 1, None)
    await release(again, status=409)  # not before all was read
    await walk(after)
    found = await recovery_of(again)
    assert (found["unread"], found["payments"], found["total"]) == (0, 2, 1_500_000)
    await release(again)

    truth = await through.bank.truth()
    assert sum(one["debited"] for one in truth.values() if one["message_id"].startswith(again.payer)) == 750_000
    # The file that was sealed in ignorance does not go: who is not known to the bank is paid by another.
    await after.until_attempt(later, "REPORTED_SETTLED")
    old_one, new_one = (await again.order_of(later))["instructions"]
    assert (old_one["state"], old_one["reason"]) == ("CANCELLED", "restored")
    for who in (first, refused):
        [attempt] = (await again.order_of(who))["instructions"]
        assert (attempt["state"], attempt["reason"]) == ("UNKNOWN", "known_to_bank")
    assert await again.broken_invariants() == []
    # What was forgotten is found by the statement, since its attempt has the same id; a refusal takes a certificate.
    await after.close_day()
    order = await after.until_attempt(first, "BOOKED")
    assert order["state"] == "PAID"
    [attempt] = (await again.order_of(refused))["instructions"]
    await again.approve_proposal(await again.post(f"/instructions/{attempt['id']}/unpaid", {"certificate": "CV 124"}))
    assert (await again.order_of(refused))["state"] == "READY"
    truth = await through.bank.truth()
    paid = [one for one in truth.values() if one["message_id"].startswith(again.payer) and one["debited"]]
    assert sorted(one["message_id"] == new_one["message_id"] for one in paid) == [False, True]
    assert len({one["message_id"] for one in paid}) == 2
    assert await again.broken_invariants() == []
    await again.client.aclose()
    await again.database.close()


async def test_what_the_bank_knows_is_kept_out_of_runs_what_it_refused_until_two_people_say_it_paid_nothing(
    benefits: Benefits, through: Through, create_database: CreateDatabase
) -> None:
    await benefits.open_fund()
    first, refused = await benefits.settle_in(), await benefits.settle_in(number="3120205190104")
    for who in (first, refused):
        await benefits.award(who)
    backup = await back_up(benefits.database)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(first, "REPORTED_SETTLED")

    again = await old(benefits, create_database, backup)
    after = Through(again, through.bank, BankWork(HttpBank(BANK, through.url, timeout=5), lease=timedelta(seconds=15)))
    await again.post("/bank-recoveries", {"bank": BANK})  # who restores says so
    await walk(after)
    await release(again)
    run = await again.prepare()
    orders = {one["household_id"]: one for one in (await again.get(f"/runs/{run['id']}/orders"))["items"]}
    found = [
        (orders[str(who.household_id)]["state"], orders[str(who.household_id)]["reason"]) for who in (first, refused)
    ]
    assert found == [("BLOCKED", "known_to_bank")] * 2  # a refusal is no proof

    [known] = [each for each in await again.get("/forgotten-payments") if each["refused"]]
    path = f"/forgotten-payments/{known['end_to_end_id']}/dismissal"
    await again.approve_proposal(await again.post(path, {"note": "Sao kê đến hết ngày không ghi nợ"}))
    run = await again.prepare()
    assert run["declared_count"] == 1
    await again.approve(run)
    await after.until_attempt(refused, "REFUSED")
    truth = [one for one in (await through.bank.truth()).values() if one["message_id"].startswith(again.payer)]
    assert sorted(one["debited"] for one in truth) == [0, 0, 750_000]
    assert await again.broken_invariants() == []
    await again.client.aclose()
    await again.database.close()


async def test_what_a_forgotten_file_paid_is_joined_to_its_order_by_two_people_once_a_statement_shows_it(
    benefits: Benefits, through: Through, create_database: CreateDatabase
) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    comes_back = await benefits.award_of(750_108)
    backup = await back_up(benefits.database)
    await benefits.approve(await benefits.prepare())
    for paid in (who, comes_back):
        await through.until_attempt(paid, "REPORTED_SETTLED")

    again = await old(benefits, create_database, backup)
    after = Through(again, through.bank, BankWork(HttpBank(BANK, through.url, timeout=5), lease=timedelta(seconds=15)))
    await again.post("/bank-recoveries", {"bank": BANK})
    await walk(after)
    await release(again)
    assert (await again.prepare())["declared_count"] == 0
    orders = {one: await again.order_of(one) for one in (who, comes_back)}
    known = {each["order_id"]: each for each in await again.get("/forgotten-payments")}
    assert known.keys() == {order["id"] for order in orders.values()}

    def joining(one: Somebody) -> tuple[str, dict[str, str]]:
        order = orders[one]
        path = f"/forgotten-payments/{known[order['id']]['end_to_end_id']}/joining"
        return path, {"order_id": order["id"], "note": "Sao kê, biên bản đối chiếu 12/BB"}

    path, body = joining(who)
    assert (await again.send(path, body)).json()["code"] == "joining_does_not_fit"  # no statement shows it yet
    await after.close_day()
    await after.round()
    [_, _] = [each for each in await again.get("/suspense") if each["outcome"] == "unknown_debit"]
    other = body | {"order_id": orders[comes_back]["id"]}
    assert (await again.send(path, other)).json()["code"] == "joining_does_not_fit"  # it has another id and amount
    proposal = await again.post(path, body)
    seen = {"content_hash": proposal["content_hash"]}
    assert (await again.send(f"/proposals/{proposal['id']}/approval", seen)).json()["code"] == "same_person"
    await again.approve_proposal(proposal)
    await again.approve_proposal(await again.post(*joining(comes_back)))
    assert (await again.send(path, body)).json()["code"] == "joining_does_not_fit"  # it is paid

    for one in (who, comes_back):
        order = await again.order_of(one)
        [attempt] = order["instructions"]
        assert (order["state"], attempt["state"]) == ("PAID", "BOOKED")
        assert attempt["end_to_end_id"] == known[order["id"]]["end_to_end_id"]
    assert len(await again.events(PaymentSettled)) == 2
    assert await again.get("/forgotten-payments") == []
    assert [each for each in await again.get("/suspense") if each["outcome"] == "unknown_debit"] == []
    assert await again.broken_invariants() == []
    # What comes back of it finds its attempt, as of every other.
    await after.close_day()
    await after.until_attempt(comes_back, "RETURNED")
    assert (await again.order_of(comes_back))["state"] == "RETURNED"
    assert await again.broken_invariants() == []
    await again.client.aclose()
    await again.database.close()


async def test_who_is_entered_anew_after_a_restore_is_not_paid_again_unless_two_people_say_so(
    benefits: Benefits, through: Through, create_database: CreateDatabase
) -> None:
    await benefits.open_fund()
    await benefits.settle_in()
    backup = await back_up(benefits.database)
    forgotten = await benefits.settle_in(number="3120205166666")
    await benefits.award(forgotten)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(forgotten, "REPORTED_SETTLED")

    again = await old(benefits, create_database, backup)
    after = Through(again, through.bank, BankWork(HttpBank(BANK, through.url, timeout=5), lease=timedelta(seconds=15)))
    anew = await again.settle_in(number="3120205166666")  # the same person, and nobody knows that they are
    await again.award(anew)
    namesake = await again.settle_in(number="3120205177777")  # perhaps the same person, with another account
    await again.award(namesake)
    other = await again.award_of(760_000, number="3120205188888")
    await again.post("/bank-recoveries", {"bank": BANK})
    await walk(after)
    await release(again)
    run = await again.prepare()
    orders = {one["household_id"]: one for one in (await again.get(f"/runs/{run['id']}/orders"))["items"]}
    found = [
        (orders[str(who.household_id)]["state"], orders[str(who.household_id)]["reason"]) for who in (anew, namesake)
    ]
    assert found == [("BLOCKED", "perhaps_paid")] * 2
    assert orders[str(other.household_id)]["state"] == "BATCHED"

    [known] = await again.get("/forgotten-payments")
    assert (known["amount"], known["refused"], known["dismissed_by"]) == (750_000, False, None)
    path = f"/forgotten-payments/{known['end_to_end_id']}/dismissal"
    await again.approve_proposal(await again.post(path, {"note": "Chi bổ sung, biên bản 12"}))
    assert (await again.send(path, {"note": "Lần nữa"})).json()["code"] == "recovered_payment_settled"
    assert (await again.prepare())["declared_count"] == 3
    assert await again.broken_invariants() == []
    await again.client.aclose()
    await again.database.close()


async def test_a_file_that_waited_in_the_backup_and_was_sent_since_is_asked_for_and_not_sent_anew(
    benefits: Benefits, through: Through, create_database: CreateDatabase
) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    backup = await back_up(benefits.database)
    await through.until_attempt(who, "REPORTED_SETTLED")

    again = await old(benefits, create_database, backup)
    after = Through(again, through.bank, BankWork(HttpBank(BANK, through.url, timeout=5), lease=timedelta(seconds=15)))
    assert (await again.order_of(who))["instructions"][0]["state"] == "QUEUED"
    await after.until_attempt(who, "REPORTED_SETTLED")
    assert await again.get("/bank-recoveries") == []
    [paid] = await after.truth_of(who)
    assert paid["debited"] == 750_000
    await again.client.aclose()
    await again.database.close()


@pytest.fixture
async def lone_bank(tmp_path: Path) -> AsyncIterator[Program]:
    """A bank of this test alone, which may be set back."""
    program = await start("deploy.bank", "--bin", BIN, "--data", tmp_path / "bank")
    yield program
    await program.stop()


async def test_a_bank_that_was_restored_and_lost_our_file_is_sent_nothing_until_two_people_say_so(
    benefits: Benefits, lone_bank: Program, tmp_path: Path
) -> None:
    async with httpx.AsyncClient(base_url=lone_bank.url, timeout=30, trust_env=False) as client:
        bank = SimulatedBank(client)
        await bank.register(benefits.payer_number, balance=FUNDS)
        work = BankWork(HttpBank(BANK, lone_bank.url, timeout=5), lease=timedelta(seconds=15))
        through = Through(benefits, bank, work)
        await benefits.open_fund()
        who = await benefits.settle_in(number="3120205190116")
        await benefits.award(who)
        await lone_bank.stop()
        shutil.copytree(tmp_path / "bank", tmp_path / "backup")
        await lone_bank.start_again()
        await benefits.approve(await benefits.prepare())
        await through.until_attempt(who, "ACCEPTED")  # and waits for the bank's second signature
        await lone_bank.stop()
        shutil.rmtree(tmp_path / "bank")
        shutil.copytree(tmp_path / "backup", tmp_path / "bank")
        await lone_bank.start_again()

        async def lost() -> Any:
            await through.round()
            return await benefits.get("/bank-recoveries")

        [found] = await until(lost, within=30, describe="the bank says that it never received the file") or [None]
        assert found["cause"] == "lost_files"
        await through.round()
        assert await bank.truth() == {}
        await walk(through)
        await release(benefits)
        order = await through.until_attempt(who, "ACCEPTED")
        id_ = order["instructions"][0]["end_to_end_id"]
        (await client.post("/admin/sign", json={"end_to_end_id": id_})).raise_for_status()
        await through.until_attempt(who, "REPORTED_SETTLED")
        [paid] = await through.truth_of(who)
        assert paid["debited"] == 750_000
