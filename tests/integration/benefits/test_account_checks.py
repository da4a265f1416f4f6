"""Accounts are checked before they are paid: another's is not, a name like ours waits for two people."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.benefits.app import build
from services.benefits.payments.bank.port import Unavailable
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.verification import Verdict, compare
from services.benefits.payments.store.account_checks import newest_checks
from services.benefits.settings import BenefitsSettings
from shared import clock
from shared.ids import new_id
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import Benefits, Somebody, Through, number_of
from tests.support.access import grant
from tests.support.postgres import CreateDatabase

NOTE = {"note": "Đã đối chiếu căn cước"}


async def _awarded(benefits: Benefits) -> tuple[Somebody, Any]:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    return who, await benefits.prepare()


@pytest.mark.parametrize(
    ("verdict", "reason"), [(Verdict.NO_MATCH, "account_no_match"), (Verdict.CLOSE, "account_close")]
)
async def test_an_account_in_another_name_is_paid_only_once_two_people_say_it_is_theirs(
    benefits: Benefits, verdict: Verdict, reason: str
) -> None:
    who, run = await _awarded(benefits)
    await benefits.bank_says(who, verdict, "DANG T LAN")
    seen = {"content_hash": run["content_hash"]}
    answer = await benefits.send(f"/runs/{run['id']}/approval", seen, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts_of_others")
    again = await benefits.prepare()
    order = await benefits.order_of(who)
    assert (again["declared_count"], order["state"], order["reason"]) == (0, "BLOCKED", reason)
    [check] = (await benefits.get(f"/runs/{run['id']}/account-checks"))["items"]
    assert (check["verdict"], check["holder_name"], check["bank_holder_name"]) == (
        verdict,
        "Đặng Thị Lan",
        "DANG T LAN",
    )
    path = f"/runs/{run['id']}/account-checks/{order['id']}/acceptance"
    proposal = await benefits.post(path, NOTE)
    await benefits.approve_proposal(proposal)
    assert (await benefits.send(path, NOTE)).json()["code"] == "account_not_doubtful"
    paid = await benefits.prepare()
    assert paid["declared_count"] == 1
    await benefits.approve(paid)


async def test_an_acceptance_is_of_the_name_that_was_seen(benefits: Benefits) -> None:
    who, run = await _awarded(benefits)
    await benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
    order = await benefits.order_of(who)
    path = f"/runs/{run['id']}/account-checks/{order['id']}/acceptance"
    first = await benefits.post(path, NOTE)
    await benefits.bank_says(who, Verdict.CLOSE, "DANG THI LAM")
    seen = {"content_hash": first["content_hash"]}
    answer = await benefits.send(f"/proposals/{first['id']}/approval", seen, actor="checker")
    assert answer.json()["code"] == "account_check_replaced"
    await benefits.approve_proposal(await benefits.post(path, NOTE))
    await benefits.bank_says(who, Verdict.CLOSE, "DANG THI LAM")  # the same again, a month later
    await benefits.approve(await benefits.prepare())


@pytest.mark.parametrize("verdict", [Verdict.MATCH, Verdict.NOT_CHECKABLE])
async def test_what_matches_or_cannot_be_checked_is_paid(benefits: Benefits, verdict: Verdict) -> None:
    who, run = await _awarded(benefits)
    await benefits.bank_says(who, verdict)
    await benefits.approve(run)


async def test_the_bank_is_asked_once_about_each_account_of_a_prepared_run(
    benefits: Benefits, through: Through
) -> None:
    who, run = await _awarded(benefits)
    while await through.work.check_accounts(benefits.database):
        pass
    [check] = (await benefits.get(f"/runs/{run['id']}/account-checks"))["items"]
    adapter = through.work._adapter
    said = await adapter.verify_account(Payee("970405", number_of(who), "Đặng Thị Lan"))
    assert not isinstance(said, Unavailable)
    assert (check["verdict"], check["checked_at"] is not None) == (said.verdict, True)
    connection = await benefits.database.connect()
    assert await connection.fetchval("SELECT count(*) FROM account_check") == 1
    account = await connection.fetchval("SELECT account_id FROM payment_order WHERE person_id = $1", who.person_id)
    await connection.close()
    async with benefits.database.transaction() as session:
        assert (await newest_checks(session, [account], clock.now())) == {}
    assert compare("Đặng Thị Lan", "DANG THI LAN", 1) is Verdict.MATCH


async def test_the_accounts_of_a_run_come_in_pages_and_are_counted_by_what_the_bank_said(benefits: Benefits) -> None:
    await benefits.open_fund()
    people = [await benefits.settle_in(number=f"312020511{number:04d}") for number in range(4)]
    for who in people:
        await benefits.award(who)
    run = await benefits.prepare()
    await benefits.bank_says(people[0], Verdict.NO_MATCH, "TRAN VAN BA")
    await benefits.bank_says(people[0], Verdict.CLOSE, "DANG T LAN")
    await benefits.bank_says(people[1], Verdict.NO_MATCH, "TRAN VAN BA")
    await benefits.bank_says(people[2], Verdict.MATCH)
    path = f"/runs/{run['id']}/account-checks"
    walked, query = [], {"limit": "3"}
    while True:
        page = await benefits.get(path, **query)
        walked += [each["order_id"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    orders = {(await benefits.order_of(who))["id"]: who for who in people}
    assert walked == sorted(orders)
    doubtful = await benefits.client.get(path, params={"verdict": ["no_match", "close"]})
    found = {each["order_id"]: each["verdict"] for each in doubtful.json()["items"]}
    assert {people.index(orders[order]): verdict for order, verdict in found.items()} == {0: "close", 1: "no_match"}
    counts = await benefits.get(f"/runs/{run['id']}/account-verdicts")
    assert {each["verdict"]: each["count"] for each in counts} == {"close": 1, "no_match": 1, "match": 1, None: 1}


async def test_what_a_bank_told_on_paper_is_typed_by_one_person_and_approved_by_another(benefits: Benefits) -> None:
    await benefits.open_fund()
    people = {name: await benefits.settle_in() for name in ("DANG THI LAN", "DANG T LAN", "TRAN VAN KHAC", "AC04", "")}
    for who in people.values():
        await benefits.award(who)
    run = await benefits.prepare()
    path = f"/runs/{run['id']}/account-checks"
    assert len((await benefits.get(path, untold="true"))["items"]) == len(people)
    orders = {name: str((await benefits.order_of(who))["id"]) for name, who in people.items()}
    answers: list[dict[str, Any]] = [
        {"order_id": orders[name], "holder_name": name} for name in people if name not in ("AC04", "")
    ]
    answers += [{"order_id": orders["AC04"], "reason": "AC04"}, {"order_id": orders[""], "does_not_tell": True}]
    told = {"answers": answers, "paper": "CV 88/NHNo ngày 20/11/2026"}
    nothing = {"answers": [{"order_id": orders[""]}], "paper": "CV 88"}
    assert (await benefits.send(path, nothing)).status_code == 422
    stranger = {"answers": [{"order_id": str(new_id()), "reason": "AC04"}], "paper": "CV 88"}
    assert (await benefits.send(path, stranger)).json()["code"] == "order_not_in_run"
    proposal = await benefits.post(path, told)
    seen = {"content_hash": proposal["content_hash"]}
    assert (await benefits.send(f"/proposals/{proposal['id']}/approval", seen)).json()["code"] == "same_person"
    assert len((await benefits.get(path, untold="true"))["items"]) == len(people), "nothing is kept before"
    await benefits.approve_proposal(proposal)
    found = {each["order_id"]: each for each in (await benefits.get(path))["items"]}
    assert {name: (found[order]["verdict"], found[order]["reason"]) for name, order in orders.items()} == {
        "DANG THI LAN": ("match", None),
        "DANG T LAN": ("close", None),
        "TRAN VAN KHAC": ("no_match", None),
        "AC04": ("no_match", "AC04"),
        "": ("not_checkable", None),
    }
    assert found[orders["TRAN VAN KHAC"]]["bank_holder_name"] == "TRAN VAN KHAC"
    assert (await benefits.prepare())["declared_count"] == 2


async def test_a_run_at_a_bank_without_a_service_that_tells_names_is_paid_once_they_were_typed(
    create_database: CreateDatabase, tmp_path: Path
) -> None:
    banks = tmp_path / "banks.json"
    banks.write_text(json.dumps({"banks": [{"code": "nhno", "name": "NHNo", "channel": {"kind": "manual"}}]}))
    url = await create_database("benefits")
    log = EventLogSettings(eventlog_url=url)
    benefits = Benefits(build(BenefitsSettings(service="benefits", database_url=url, event_log=log, banks=banks)))
    await grant(benefits.database, "maker", "checker")
    await benefits.open_fund(bank="nhno")
    await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    seen = {"content_hash": run["content_hash"]}
    answer = await benefits.send(f"/runs/{run['id']}/approval", seen, actor="checker")
    assert answer.json()["code"] == "accounts_unchecked"
    path = f"/runs/{run['id']}/account-checks"
    [order] = (await benefits.get(path, untold="true"))["items"]
    told = {"answers": [{"order_id": order["order_id"], "holder_name": "ĐẶNG THỊ LAN"}], "paper": "CV 88/NHNo"}
    await benefits.approve_proposal(await benefits.post(path, told))
    await benefits.approve(run)
    assert await benefits.broken_invariants() == []
    await benefits.client.aclose()
    await benefits.database.close()
