"""Runs: who is owed is in one once, a second person approves exactly what was seen, and it is sealed for good."""

import asyncio

import asyncpg
import pytest

from shared.events.benefits import PaymentOrdered
from tests.integration.benefits.platform import PROGRAMME, Benefits, person


async def test_a_run_shows_what_it_would_pay_and_whom_it_cannot(benefits: Benefits) -> None:
    await benefits.open_fund()
    paid = [await benefits.settle_in() for _ in range(2)]
    without_account = await benefits.settle_in(number=None)
    for who in (*paid, without_account):
        await benefits.award(who)
    run = await benefits.prepare()
    assert (run["state"], run["declared_count"], run["declared_sum"]) == ("PREPARED", 2, 1_500_000)
    assert run["funnel"] == {
        "orders.BATCHED": {"count": 2, "sum": 1_500_000},
        "orders.BLOCKED": {"count": 1, "sum": 750_000},
    }
    [blocked] = (await benefits.get(f"/runs/{run['id']}/orders", state="BLOCKED"))["items"]
    assert (blocked["person_id"], blocked["reason"]) == (str(without_account.person_id), "no_account")
    shown = (await benefits.get(f"/runs/{run['id']}/orders", state="BATCHED"))["items"]
    assert {one["account"] for one in shown} == {"•••345"}
    await benefits.hear(person(without_account, version=2))
    again = await benefits.prepare()
    assert (again["id"], again["declared_count"]) == (run["id"], 3)


async def test_a_month_is_owed_once_however_often_it_is_prepared(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    answers = await asyncio.gather(*(benefits.prepare(actor=f"checker{number}") for number in range(4)))
    assert len({(answer["id"], answer["declared_count"]) for answer in answers}) == 1
    first = await benefits.prepare()
    await benefits.approve(first)
    second = await benefits.prepare()
    assert (second["id"] != first["id"], second["declared_count"]) == (True, 0)
    answer = await benefits.send(
        f"/runs/{second['id']}/approval", {"content_hash": second["content_hash"]}, actor="checker"
    )
    assert answer.json()["code"] == "nothing_to_pay"
    assert len((await benefits.get("/orders", household_id=str(who.household_id)))["items"]) == 1


async def test_of_overlapping_runs_prepared_at_once_one_has_the_orders_and_the_other_says_so(
    benefits: Benefits,
) -> None:
    await benefits.open_fund()
    for _ in range(5):
        await benefits.award(await benefits.settle_in())
    whole, commune = (
        benefits.run_body(declared={"count": 5, "sum": 5 * 750_000}, **more) for more in ({}, {"area_code": "08566"})
    )
    for _ in range(3):
        answers = await asyncio.gather(*(benefits.send("/runs", body) for body in (whole, commune, whole, commune)))
        prepared = [answer.json() for answer in answers if answer.status_code == 201]
        told = [answer.json()["code"] for answer in answers if answer.status_code != 201]
        assert len({run["id"] for run in prepared}) == 1
        assert (len(prepared), told) == (2, ["declared_otherwise"] * 2)
        refusals = (benefits.send(f"/runs/{prepared[0]['id']}/refusal", {"note": "Lập lại"}) for _ in range(2))
        assert sorted(answer.status_code for answer in await asyncio.gather(*refusals)) == [201, 409]


async def test_preparing_approving_and_closing_the_month_at_once_wait_for_each_other(benefits: Benefits) -> None:
    await benefits.open_fund()
    for _ in range(3):
        for _ in range(4):
            await benefits.award(await benefits.settle_in())
        run = await benefits.prepare()
        closing = {"programme": PROGRAMME, "payer_account": benefits.payer, "period": run["period"]}
        approval = {"content_hash": run["content_hash"]}
        answers = await asyncio.gather(
            benefits.send("/runs", benefits.run_body(area_code="08566")),
            benefits.send(f"/runs/{run['id']}/approval", approval, actor="checker"),
            benefits.send("/runs", benefits.run_body()),
            benefits.send(f"/runs/{run['id']}/refusal", {"note": "Lập lại"}, actor="checker1"),
            benefits.send("/months", closing),
            benefits.send("/runs", benefits.run_body()),
        )
        codes = [answer.json().get("code") for answer in answers]
        assert set(codes) <= {None, "proposal_not_open", "content_changed", "month_closed", "nothing_to_pay"}, codes


async def test_an_approval_seals_the_file_books_the_disbursement_and_orders_payment(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    run = await benefits.approve(await benefits.prepare())
    assert (run["state"], run["approved_by"]) == ("APPROVED", "checker")
    assert run["funnel"]["instructions.QUEUED"] == {"count": 1, "sum": 750_000}
    [ordered] = await benefits.events(PaymentOrdered)
    assert (ordered.person_id, ordered.amount) == (who.person_id, 750_000)
    balances = await benefits.balances()
    assert (balances["E1"], balances["A2"], balances.get("L1", 0)) == (750_000, -750_000, 0)


async def test_who_prepared_may_not_approve_and_nobody_approves_twice(benefits: Benefits) -> None:
    await benefits.open_fund()
    await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    path, body = f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}
    answer = await benefits.send(path, body, actor="maker")
    assert (answer.status_code, answer.json()["code"]) == (403, "same_person")
    answers = await asyncio.gather(*(benefits.send(path, body, actor=f"checker{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await benefits.events(PaymentOrdered)) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payment_order SET amount = amount + 1",
        "UPDATE payment_order SET account_id = (SELECT min(id::text)::uuid FROM account)",
        "UPDATE payment_order SET account_id = NULL",
        "DELETE FROM payment_order WHERE id = (SELECT min(id::text)::uuid FROM payment_order)",
    ],
)
async def test_what_changed_after_it_was_seen_is_not_approved(benefits: Benefits, change: str) -> None:
    await benefits.open_fund()
    for number in ("3120205112345", "3120209999999"):
        await benefits.award(await benefits.settle_in(number=number))
    run = await benefits.prepare()
    connection = await benefits.database.connect()
    await connection.execute(change)
    await connection.close()
    answer = await benefits.send(f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "content_changed")
    assert await benefits.events(PaymentOrdered) == []


async def test_an_account_that_changed_since_is_seen_before_it_is_paid(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    run = await benefits.prepare()
    await benefits.hear(person(who, version=2, number="3120205154321"))
    path = f"/runs/{run['id']}/approval"
    answer = await benefits.send(path, {"content_hash": run["content_hash"]}, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "content_changed")
    again = await benefits.prepare()
    assert (again["id"], again["content_hash"] != run["content_hash"]) == (run["id"], True)
    answer = await benefits.send(path, {"content_hash": run["content_hash"]}, actor="checker")
    assert answer.json()["code"] == "content_changed"
    await benefits.approve(again)


async def test_the_database_itself_refuses_a_second_live_attempt(benefits: Benefits) -> None:
    await benefits.open_fund()
    await benefits.award(await benefits.settle_in())
    await benefits.approve(await benefits.prepare())
    connection = await benefits.database.connect()
    try:
        with pytest.raises(asyncpg.UniqueViolationError, match="one_live_instruction"):
            await connection.execute(
                "INSERT INTO payment_instruction (id, order_id, message_id, end_to_end_id, uetr, amount, state, rank,"
                " version) SELECT gen_random_uuid(), order_id, message_id, 'X', gen_random_uuid(), amount, 'QUEUED', 0,"
                " 1 FROM payment_instruction"
            )
    finally:
        await connection.close()


async def test_a_large_run_is_sent_in_files_of_a_thousand(benefits: Benefits) -> None:
    await benefits.open_fund(budget=10**13)
    await benefits.award(await benefits.settle_in())
    connection = await benefits.database.connect()
    try:
        await connection.execute(
            "INSERT INTO payment_order (id, award_id, household_id, person_id, programme, fund, area_code, period,"
            " kind, amount, state, obliged, payable, due_month, account_id)"
            " SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), programme, fund,"
            " area_code, to_char(now() AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), 'monthly', 1000, 'READY', false,"
            " 'L1', to_char(now() AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), account.id"
            " FROM award, account, generate_series(1, 2100)"
        )
        await benefits.approve(await benefits.prepare())
        files = await connection.fetch("SELECT message_id, count, total FROM payment_file ORDER BY message_id")
        assert [row["count"] for row in files] == [1000, 1000, 101]
        assert sum(row["total"] for row in files) == 2_100_000 + 750_000
        # Only awards make orders; these were put in by hand, so that the books need not know them.
        assert [one.name for one in await benefits.broken_invariants()] == ["no_order_without_its_award"]
    finally:
        await connection.execute("UPDATE payment_order SET award_id = (SELECT id FROM award), period = id::text")
        await connection.close()


async def test_a_run_needs_a_payer_account_and_a_programme(benefits: Benefits) -> None:
    body = {"programme": PROGRAMME, "period": "2026-11", "payer_account": benefits.payer}
    assert (await benefits.send("/runs", body)).json()["code"] == "payer_account_unknown"
    assert (await benefits.send("/runs", body | {"programme": "none"})).json()["code"] == "programme_unknown"
    assert (await benefits.send("/runs", body | {"period": "2026-13"})).status_code == 422
    answer = await benefits.client.get("/bank")
    assert answer.json() == {"bank": "simbank", "connected": False, "simulated": True, "url": None}
