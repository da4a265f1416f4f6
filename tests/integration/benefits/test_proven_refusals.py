"""A refusal is the bank's word: nobody is paid anew before a statement, or two people, have proven it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.benefits.payments.domain import terms
from services.benefits.payments.incoming import take_report
from services.benefits.settings import BANK
from shared import clock
from shared.events.benefits import PaymentRejected, PaymentSettled
from tests.integration.benefits.platform import Benefits, Through
from tests.integration.benefits.test_what_comes_back import AMOUNT, Sent, sent
from tests.support.bank_words import Booked, report, status
from tests.support.many_awards import Due, award_many

CERTIFIED = {"certificate": "Công văn 124/NHNo-KTNQ"}


async def nothing_can_be_paid(benefits: Benefits, run: str) -> None:
    """Fail if a run, or one that pays again what failed of another, would take any order."""
    again = await benefits.prepare()
    assert again["declared_count"] == 0
    await benefits.post(f"/runs/{again['id']}/refusal", {"note": "Không còn gì để chi"}, actor="checker")
    follow_up = await benefits.post(f"/runs/{run}/follow-up", None)
    assert follow_up["declared_count"] == 0
    await benefits.post(f"/runs/{follow_up['id']}/refusal", {"note": "Không còn gì để chi"}, actor="checker")


# What is heard of payments that are debited: before the statement shows it, and after.
HEARD: tuple[tuple[Sequence[str], Sequence[str]], ...] = (
    (("RJCT",), ()),
    ((), ("RJCT",)),
    (("RJCT", "ACSC"), ()),
    (("ACSC", "RJCT"), ()),
    (("ACSP", "RJCT"), ()),
    (("RJCT", "ACSP"), ()),
    (("RJCT",), ("ACSC",)),
    (("ACSC",), ("RJCT",)),
    ((), ("RJCT", "ACSC")),
    ((), ("ACSC", "RJCT")),
)


async def test_what_is_debited_is_paid_once_in_whichever_order_it_is_heard(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund()
    people = await award_many(benefits, [Due(AMOUNT, f"31202051{number:05}") for number in range(len(HEARD))])
    run = await benefits.prepare()
    await benefits.approve(run)
    assert await through.work.send(benefits.database)
    attempts = [(await benefits.order_of(who))["instructions"][0] for who in people]
    message = attempts[0]["message_id"]
    await through.bank.final_statuses(message)

    async def hear(after: bool) -> None:
        for number in range(2):
            each = zip(attempts, (words[after] for words in HEARD), strict=True)
            lines = [status(one["end_to_end_id"], words[number]) for one, words in each if len(words) > number]
            await take_report(benefits.database, BANK, message, report(message, lines, number=2 * after + number))
            await nothing_can_be_paid(benefits, run["id"])

    await hear(after=False)
    await through.next_day()
    while await through.work.statements(benefits.database):
        pass
    await hear(after=True)
    truth = await through.bank.truth()
    for who, attempt in zip(people, attempts, strict=True):
        order = await benefits.order_of(who)
        assert (order["state"], [one["state"] for one in order["instructions"]]) == ("PAID", ["RETURN_EXPECTED"])
        assert truth[attempt["end_to_end_id"]]["debited"] == AMOUNT
    told = [one.household_id for one in await benefits.events(PaymentSettled)]
    assert all(told.count(who.household_id) == 1 for who in people)
    assert await benefits.events(PaymentRejected) == []


async def test_a_refusal_frees_its_order_after_the_statement_of_the_whole_day_and_no_earlier(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund()
    who = await benefits.award_of(800_120)  # the bank says that the money ran out
    run = await benefits.prepare()
    await benefits.approve(run)
    await through.until_attempt(who, "REFUSED")
    await through.close_day()  # the day is not over when it is closed
    await through.round()
    await nothing_can_be_paid(benefits, run["id"])
    assert (await benefits.balances())["A2"] == -800_120
    order = await through.until_proven_unpaid(who)
    assert (order["state"], order["reason"]) == ("READY", "AM04")
    assert (await benefits.balances()).get("A2", 0) == 0
    assert [one.reason for one in await benefits.events(PaymentRejected)] == ["AM04"]
    follow_up = await benefits.post(f"/runs/{run['id']}/follow-up", None)
    assert follow_up["declared_count"] == 1


async def test_a_debit_that_nobody_explained_may_be_that_of_the_refused_payment(benefits: Benefits) -> None:
    file = await sent(benefits, 1)
    await file.report(status(file.ids[0], "RJCT", "AM04"))
    assert await file.state(Booked(-AMOUNT))
    assert await file.states() == [("INSTRUCTED", "REFUSED")]
    said = {"becomes": "claim", "reference": "CV 9"}
    place = f"{benefits.payer}/1/1"
    await benefits.approve_proposal(await benefits.post(f"/suspense/{place}/explanation", said))
    assert await file.state()
    assert await file.states() == [("READY", "REJECTED")]


@pytest.mark.parametrize(("days", "state"), [(-1, "REFUSED"), (0, "REJECTED")], ids=["of yesterday", "of today"])
async def test_only_a_statement_through_the_day_of_the_refusal_proves_it(
    benefits: Benefits, days: int, state: str
) -> None:
    file = await sent(benefits, 1)
    await file.report(status(file.ids[0], "RJCT", "AM04"))
    assert await file.state(day=clock.today() + timedelta(days=days))
    assert [attempt for _, attempt in await file.states()] == [state]


async def _certify(benefits: Benefits, file: Sent) -> None:
    [attempt] = (await benefits.order_of(file.people[0]))["instructions"]
    await benefits.approve_proposal(await benefits.post(f"/instructions/{attempt['id']}/unpaid", CERTIFIED))
    assert await file.states() == [("READY", "REJECTED")]
    assert await benefits.broken_invariants() == []


@pytest.mark.parametrize("codes", [("RJCT",), ("ACSC", "RJCT"), ("RJCT", "ACSC")], ids=" ".join)
async def test_two_people_may_free_a_refused_payment_by_the_banks_certificate(
    benefits: Benefits, codes: Sequence[str]
) -> None:
    file = await sent(benefits, 1)
    for number, code in enumerate(codes):
        await file.report(status(file.ids[0], code), number=number)
    await _certify(benefits, file)


async def test_a_bank_may_be_held_to_its_word_by_contract(benefits: Benefits, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = tuple(one.model_copy(update={"refusal_is_final": one.bank == BANK}) for one in terms.BANKS)
    monkeypatch.setattr(terms, "BANKS", agreed)
    file = await sent(benefits, 1)
    await file.report(status(file.ids[0], "RJCT", "AM04"))
    assert await file.states() == [("READY", "REJECTED")]


def test_no_bank_is_held_to_its_word_unless_that_is_agreed() -> None:
    assert [one.bank for one in terms.BANKS if one.refusal_is_final] == []
