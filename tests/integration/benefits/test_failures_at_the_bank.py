"""What goes wrong at the bank, case by case (docs/bank/failures.md): one run with a person for each, to the end.

Each case says where the attempt and the order stand once the bank has reported, once a statement came, and in the end.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK
from tests.integration.benefits.platform import BIN, Benefits, Somebody, Through
from tests.support.many_awards import Due, award_many
from tests.support.programs import running
from tests.support.simulated_bank import FUNDS, SimulatedBank
from tests.support.waiting import until

DAY = "86400"

At = tuple[str, str]
"""The state of the attempt and of the order."""


@dataclass(frozen=True)
class Case:
    """A payment of an amount to an account with an ending, and where it stands.

    It stands so when reported, after a statement and after sixty days.

    `reason` is what the order is blocked or returned for in the end; `moved` what the money did at the bank.
    """

    name: str
    reported: At
    stated: At
    ended: At
    reason: str | None = None
    amount: int = 750_000
    ending: str = "12345"
    moved: Literal["not", "once", "there and back"] = "once"


SETTLED, PAID, BACK = ("REPORTED_SETTLED", "INSTRUCTED"), ("BOOKED", "PAID"), ("RETURNED", "RETURNED")
WAITING, SIGNING = ("IN_EXECUTION", "INSTRUCTED"), ("ACCEPTED", "INSTRUCTED")
REFUSED, STUCK, SENT = ("REFUSED", "INSTRUCTED"), ("BLOCKED_AT_BANK", "INSTRUCTED"), ("SENT", "INSTRUCTED")


def refused(name: str, order: str, reason: str, amount: int) -> Case:
    """Return a case that is refused before any debit; that frees its order once statements have shown all the days."""
    return Case(name, REFUSED, REFUSED, ("REJECTED", order), reason, amount, moved="not")


CASES = (
    refused("F20 over the bank's limit", "BLOCKED", "AM14", 750_121),
    refused("F27 refused in execution", "BLOCKED", "AC06", 750_114),
    refused("F70 no money left", "READY", "AM04", 750_120),
    Case("F28 refused after it was booked", SETTLED, PAID, BACK, "AC04", 750_115, moved="there and back"),
    Case("F29 a status that nobody knows", SENT, PAID, PAID, amount=750_122),
    Case("F30 carried out another day", WAITING, WAITING, PAID, ending="90113"),
    Case("F31 pending until a person moves it", WAITING, WAITING, WAITING, amount=750_106, moved="not"),
    Case("F31 pending for days", WAITING, WAITING, PAID, amount=750_107),
    Case("F32 stuck between the banks", STUCK, PAID, PAID, ending="90115"),
    Case("F33 the bank's second signature", SIGNING, SIGNING, SIGNING, ending="90116", moved="not"),
    Case("F43 back after weeks", SETTLED, PAID, BACK, "AC04", 750_109, moved="there and back"),
    Case("F61 the holder is dead", SETTLED, PAID, BACK, "MD07", ending="90112", moved="there and back"),
)


@pytest.fixture
async def slow_bank(benefits: Benefits, tmp_path: Path) -> AsyncIterator[Through]:
    """A bank where a day is a day, with our payer account."""
    options = ("--bin", BIN, "--data", tmp_path / "bank", "--day", DAY)
    async with (
        running("deploy.bank", *options) as program,
        httpx.AsyncClient(base_url=program.url, timeout=30, trust_env=False) as client,
    ):
        bank = SimulatedBank(client)
        await bank.register(benefits.payer_number, balance=FUNDS, holder="SO Y TE")
        adapter = HttpBank(BANK, program.url, timeout=5)
        yield Through(benefits, bank, BankWork(adapter, lease=timedelta(seconds=15)))
        assert await bank.book_is_balanced()


async def standing(benefits: Benefits, who: Somebody) -> tuple[At, Any]:
    order = await benefits.order_of(who)
    return (order["instructions"][-1]["state"], order["state"]), order


async def all_stand(through: Through, people: dict[str, Somebody], wanted: dict[str, At]) -> None:
    """Work until every case stands where it should; say which does not."""
    wrong: dict[str, At] = {}

    async def there() -> bool:
        await through.round()
        wrong.clear()
        for name, who in people.items():
            at, _ = await standing(through.benefits, who)
            if at != wanted[name]:
                wrong[name] = at
        return not wrong

    try:
        await until(there, within=20, describe="every case stands where it should")
    except pytest.fail.Exception as failed:
        raise AssertionError({name: (at, wanted[name]) for name, at in wrong.items()}) from failed


async def test_each_payment_ends_where_its_failure_must_end(benefits: Benefits, slow_bank: Through) -> None:
    await benefits.open_fund(FUNDS)
    everybody = await award_many(benefits, [Due(case.amount, ending=case.ending) for case in CASES])
    people = {case.name: who for case, who in zip(CASES, everybody, strict=True)}
    await benefits.approve(await benefits.prepare())
    await all_stand(slow_bank, people, {case.name: case.reported for case in CASES})
    await slow_bank.close_day()
    await all_stand(slow_bank, people, {case.name: case.stated for case in CASES})
    for _ in range(2):
        (await slow_bank.bank.client.post("/admin/clock", json={"advance": "P30D"})).raise_for_status()
        await slow_bank.close_day()
    await all_stand(slow_bank, people, {case.name: case.ended for case in CASES})
    truth = await slow_bank.bank.truth()
    for case in CASES:
        _, order = await standing(benefits, people[case.name])
        assert order["reason"] == case.reason, case.name
        [attempt] = order["instructions"]
        booked = truth[attempt["end_to_end_id"]]
        there, back = case.moved != "not", case.moved == "there and back"
        assert (booked["debited"], booked["returned"]) == (case.amount * there, case.amount * back), case.name


async def test_a_run_is_settled_after_the_bank_was_down_for_a_day(benefits: Benefits, slow_bank: Through) -> None:
    client = slow_bank.bank.client
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    async with slow_bank.bank.down():
        await benefits.approve(await benefits.prepare())
        await slow_bank.round()
        assert (await benefits.order_of(who))["state"] == "INSTRUCTED"
        assert await slow_bank.bank.truth() == {}
        (await client.post("/admin/clock", json={"advance": "P1D"})).raise_for_status()
    await slow_bank.until_attempt(who, "REPORTED_SETTLED")
    await slow_bank.close_day()
    await slow_bank.until_attempt(who, "BOOKED")
    [paid] = await slow_bank.truth_of(who)
    assert paid["debited"] == 750_000


async def outcomes(benefits: Benefits) -> list[str]:
    """Return what was made of each entry of the statements, in order."""
    connection = await benefits.database.connect()
    try:
        rows = await connection.fetch(
            "SELECT outcome FROM statement_entry WHERE ordinal > 0 ORDER BY sequence, ordinal"
        )
    finally:
        await connection.close()
    return [row["outcome"] for row in rows]


async def paid_somebody(benefits: Benefits, through: Through) -> tuple[Somebody, str]:
    """Pay somebody, on the statement too; return whom, and the attempt's id at the bank."""
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    order = await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    return who, order["instructions"][0]["end_to_end_id"]


@pytest.mark.parametrize(
    ("given", "times", "state", "found"),
    [
        pytest.param({"amount": 745_000}, 1, "RETURNED", ["paid", "returned_partial"], id="F44 less than was paid"),
        pytest.param({"named": False}, 1, "PAID", ["paid", "unknown_credit"], id="F45 without our id"),
        pytest.param({}, 2, "RETURNED", ["paid", "returned", "return_unmatched"], id="F46 twice"),
        pytest.param({"reversal": True}, 1, "RETURNED", ["paid", "returned"], id="F57 as a reversed booking"),
    ],
)
async def test_money_that_comes_back_is_booked_for_what_it_is(
    benefits: Benefits, through: Through, given: dict[str, Any], times: int, state: str, found: list[str]
) -> None:
    who, id_ = await paid_somebody(benefits, through)
    for _ in range(times):
        back = {"end_to_end_id": id_} | given
        (await through.bank.client.post("/admin/returns", json=back)).raise_for_status()
        await through.close_day()
        await through.round()
    assert await outcomes(benefits) == found
    assert (await benefits.order_of(who))["state"] == state


@pytest.mark.parametrize(
    ("wrong", "outcome"), [("unknown_debit", "unknown_debit"), ("unknown_credit", "unknown_credit")], ids=["F48", "F50"]
)
async def test_money_that_nobody_ordered_waits_in_suspense(
    benefits: Benefits, through: Through, wrong: str, outcome: str
) -> None:
    who, _ = await paid_somebody(benefits, through)
    closing = {"account": benefits.payer_number, "wrong": wrong}
    (await through.bank.client.post("/admin/close-statement", json=closing)).raise_for_status()
    await through.round()
    assert await outcomes(benefits) == ["paid", outcome]
    assert (await benefits.order_of(who))["state"] == "PAID"


@pytest.mark.parametrize("wrong", ["gap", "wrong_balance", "duplicate_entry"], ids=["F51", "F53", "F52"])
async def test_a_statement_that_is_wrong_books_nothing_until_the_bank_mends_it(
    benefits: Benefits, through: Through, wrong: str
) -> None:
    await benefits.open_fund()
    await through.close_day()
    await through.round()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(who, "REPORTED_SETTLED")
    closing = {"account": benefits.payer_number, "wrong": wrong}
    (await through.bank.client.post("/admin/close-statement", json=closing)).raise_for_status()
    for _ in range(2):
        await through.round()
    assert (await benefits.order_of(who))["state"] == "INSTRUCTED"
    mending = {"account": benefits.payer_number}
    (await through.bank.client.post("/admin/mend-statements", json=mending)).raise_for_status()
    await through.until_attempt(who, "BOOKED")
    assert await outcomes(benefits) == ["paid"]
