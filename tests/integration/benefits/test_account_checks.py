"""Accounts are checked before they are paid: another's is not, a name like ours waits for two people."""

from typing import Any

import pytest

from services.benefits.payments.bank.port import Unavailable
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.verification import Verdict, compare
from services.benefits.payments.store.account_checks import newest_checks
from shared import clock
from tests.integration.benefits.platform import Benefits, Somebody, Through, number_of

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
