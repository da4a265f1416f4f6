"""What comes back is applied line by line: what fits takes effect once, what does not waits for a person."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from services.benefits.payments.bank.port import RawStatement
from services.benefits.payments.incoming import take_advice, take_report, take_statement
from services.benefits.settings import BANK
from shared import clock
from tests.integration.benefits.platform import Benefits, Somebody
from tests.support.bank_words import Booked, advice, report, statement, status

AMOUNT = 750_000


@dataclass
class Sent:
    """A file of some people's payments that the bank has, and the account's statements so far."""

    benefits: Benefits
    people: list[Somebody]
    message_id: str
    ids: list[str]
    uetrs: list[str]
    number: int = 0
    balance: int = 0

    async def report(self, *lines: str, group: str = "PART", number: int = 1, exceptions_only: bool = False) -> bool:
        """Let a report come, of a bank that lists all payments or only those that are otherwise than the file."""
        content = report(self.message_id, lines, group=group, number=number)
        return await take_report(
            self.benefits.database, BANK, self.message_id, content, exceptions_only=exceptions_only
        )

    async def state(self, *entries: Booked, day: date | None = None) -> bool:
        """Let the next statement come, of today or another day; say whether it was booked."""
        closed = f"{day or clock.today()}"
        content = statement(self.benefits.payer_number, self.number + 1, self.balance, entries, closed=closed)
        raw = RawStatement(self.number + 1, content)
        booked = await take_statement(self.benefits.database, BANK, self.benefits.payer, raw)
        if booked:
            self.number += 1
            self.balance += sum(entry.amount for entry in entries)
        return booked

    async def states(self) -> list[tuple[str, str]]:
        """Return the states of each person's order and its last attempt."""
        orders = [await self.benefits.order_of(who) for who in self.people]
        return [(order["state"], order["instructions"][-1]["state"]) for order in orders]


async def rows(benefits: Benefits, query: str, *values: Any) -> list[Any]:
    """Return what is in the database."""
    connection = await benefits.database.connect()
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def sent(benefits: Benefits, count: int, *, opened: bool = False) -> Sent:
    """Pay some people, and let the bank have the file."""
    if not opened:
        await benefits.open_fund()
    people = [await benefits.settle_in() for _ in range(count)]
    for who in people:
        await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    orders = [await benefits.order_of(who) for who in people]
    message = orders[0]["instructions"][0]["message_id"]
    await rows(benefits, "UPDATE payment_file SET state = 'SENT' WHERE message_id = $1", message)
    await rows(benefits, "UPDATE payment_instruction SET state = 'SENT' WHERE message_id = $1", message)
    ids = [order["instructions"][0]["end_to_end_id"] for order in orders]
    found = await rows(benefits, "SELECT end_to_end_id, uetr FROM payment_instruction WHERE message_id = $1", message)
    uetrs = {row["end_to_end_id"]: str(row["uetr"]) for row in found}
    return Sent(benefits, people, message, ids, [uetrs[key] for key in ids])


async def test_one_bad_line_of_a_report_waits_for_a_person_and_the_others_take_effect(benefits: Benefits) -> None:
    file = await sent(benefits, 3)
    stranger = "01KEZ8Q0M1X3J5V7T9B2D4F6H8"
    lines = [status(file.ids[0], "ACSP"), status(file.ids[1], "ZZZZ"), status(file.ids[2], None)]
    await file.report(*lines, status(stranger, "ACSC"))
    assert [state for _, state in await file.states()] == ["IN_EXECUTION", "SENT", "SENT"]
    [message] = (await benefits.get("/bank-messages", open_lines="true"))["items"]
    assert (message["state"], message["open_lines"]) == ("applied", 3)
    found = await benefits.get(f"/bank-messages/{message['id']}")
    why = [(line["ordinal"], line["reason"]) for line in found["lines"]]
    assert why == [(2, "status_unknown"), (3, "no_status"), (4, "payment_not_in_file")]
    note = {"note": "Ngân hàng xác nhận gửi nhầm"}
    after = await benefits.post(f"/bank-messages/{message['id']}/lines/4/set-aside", note)
    assert (after["open_lines"], after["lines"][2]["settled_by"]) == (2, "maker")
    again = await benefits.post(f"/bank-messages/{message['id']}/retry", None)
    assert again["open_lines"] == 2, "nothing has changed that would help"
    await benefits.post(f"/bank-messages/{message['id']}/set-aside", note)
    refused = await benefits.send(f"/bank-messages/{message['id']}/set-aside", note)
    assert (refused.status_code, refused.json()["code"]) == (409, "bank_message_settled")


async def test_a_quarantined_message_is_looked_at_and_tried_again(benefits: Benefits) -> None:
    file = await sent(benefits, 1)
    await rows(benefits, "UPDATE payment_file SET payer_account = payer_account, total = total + 1")
    content = report(file.message_id, [status(file.ids[0], "ACSP")]).replace(
        b"<GrpSts>", b"<OrgnlNbOfTxs>1</OrgnlNbOfTxs><OrgnlCtrlSum>750000</OrgnlCtrlSum><GrpSts>"
    )
    await take_report(benefits.database, BANK, file.message_id, content)
    [message] = (await benefits.get("/bank-messages", state="quarantined"))["items"]
    assert "control sum" in message["reason"]
    shown = await benefits.client.get(f"/bank-messages/{message['id']}/content")
    assert (shown.content, shown.headers["content-type"]) == (content, "application/xml")
    await rows(benefits, "UPDATE payment_file SET total = total - 1")
    assert (await benefits.post(f"/bank-messages/{message['id']}/retry", None))["state"] == "applied"
    assert [state for _, state in await file.states()] == ["IN_EXECUTION"]


async def test_of_a_bank_that_reports_exceptions_alone_the_others_are_as_the_file(benefits: Benefits) -> None:
    file = await sent(benefits, 3)
    await file.report(group="PART", number=1, exceptions_only=True)
    assert [state for _, state in await file.states()] == ["SENT"] * 3
    refused = status(file.ids[1], "RJCT", "AC04")
    await file.report(refused, group="ACSP", number=2)
    assert [state for _, state in await file.states()] == ["SENT", "REFUSED", "SENT"], "of a bank that lists all"
    await file.report(refused, group="ACSP", number=3, exceptions_only=True)
    assert [state for _, state in await file.states()] == ["IN_EXECUTION", "REFUSED", "IN_EXECUTION"]
    await file.report(refused, group="RJCT", number=4, exceptions_only=True)
    assert [state for _, state in await file.states()] == ["IN_EXECUTION", "REFUSED", "IN_EXECUTION"]
    await file.report(refused, group="ACSC", number=5, exceptions_only=True)
    assert await file.state(Booked(-AMOUNT, file.ids[0]), Booked(-AMOUNT, file.ids[2]))
    assert await file.states() == [("PAID", "BOOKED"), ("BLOCKED", "REJECTED"), ("PAID", "BOOKED")]


async def test_an_entry_is_matched_by_whatever_of_our_ids_it_has(benefits: Benefits) -> None:
    file = await sent(benefits, 3)
    await file.report(*(status(key, "ACSP", reference=f"FT-{n}") for n, key in enumerate(file.ids)))
    assert await file.state(
        Booked(-AMOUNT, file.ids[0]), Booked(-AMOUNT, uetr=file.uetrs[1]), Booked(-AMOUNT, reference="FT-2")
    )
    assert await file.states() == [("PAID", "BOOKED")] * 3
    found = await rows(benefits, "SELECT rung FROM statement_entry WHERE ordinal > 0 ORDER BY ordinal")
    assert [row["rung"] for row in found] == ["end_to_end_id", "uetr", "bank_reference"]


async def test_what_nobody_can_match_is_suspense_with_a_suggestion_for_people(benefits: Benefits) -> None:
    file = await sent(benefits, 1)
    assert await file.state(Booked(-AMOUNT))
    assert await file.states() == [("INSTRUCTED", "SENT")]
    [entry] = await rows(benefits, "SELECT outcome, rung, suggested FROM statement_entry WHERE ordinal > 0")
    [attempt] = await rows(benefits, "SELECT id FROM payment_instruction")
    assert (entry["outcome"], entry["rung"], entry["suggested"]) == ("unknown_debit", None, attempt["id"])


async def test_a_sum_of_a_whole_file_pays_each_of_it(benefits: Benefits) -> None:
    file = await sent(benefits, 3)
    await file.report(status(file.ids[2], "RJCT", "AC04"))
    assert await file.state(Booked(-2 * AMOUNT, batch_of=file.message_id))
    assert [state for _, state in await file.states()] == ["BOOKED", "BOOKED", "REJECTED"]


async def test_a_sum_that_is_not_explained_waits_for_the_banks_advice(benefits: Benefits) -> None:
    file = await sent(benefits, 3)
    assert not await file.state(Booked(-2 * AMOUNT, batch_of=file.message_id, reference="FT-9"))
    [message] = (await benefits.get("/bank-messages", state="waiting"))["items"]
    assert "which, is not told yet" in message["reason"]
    details = ((file.ids[0], AMOUNT), (file.ids[2], AMOUNT))
    told = advice(benefits.payer_number, [Booked(-2 * AMOUNT, reference="FT-9", details=details)])
    await take_advice(benefits.database, BANK, benefits.payer, RawStatement(1, told))
    assert [state for _, state in await file.states()] == ["BOOKED", "SENT", "BOOKED"]
    assert (await benefits.get(f"/bank-messages/{message['id']}"))["state"] == "applied"


@pytest.mark.parametrize(
    ("back", "order"),
    [
        (Booked(AMOUNT, returned="AC06"), "RETURNED"),
        (Booked(AMOUNT, reverses=True), "RETURNED"),
        (Booked(AMOUNT - 5_000, returned="AC04"), "RETURNED"),
        (Booked(AMOUNT - 500_000, returned="AC04"), "PAID"),
        (Booked(AMOUNT), "PAID"),
    ],
    ids=["returned", "reversed", "returned less a fee", "returned in part", "a credit that is no return"],
)
async def test_money_that_comes_back_reopens_the_order(benefits: Benefits, back: Booked, order: str) -> None:
    file = await sent(benefits, 1)
    assert await file.state(Booked(-AMOUNT, file.ids[0]))
    came = Booked(back.amount, file.ids[0], returned=back.returned, reverses=back.reverses)
    assert await file.state(came)
    assert [state for state, _ in await file.states()] == [order]
    owed = (await benefits.balances()).get("L2", 0)
    assert owed == (-AMOUNT if order == "RETURNED" else 0)


async def test_a_fee_is_nobodys_payment(benefits: Benefits) -> None:
    file = await sent(benefits, 1)
    fee = statement(benefits.payer_number, 1, 0, [Booked(-3_300)]).replace(
        b"<BkTxCd/>",
        b"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>",
    )
    assert await take_statement(benefits.database, BANK, benefits.payer, RawStatement(1, fee))
    assert (await benefits.balances())["E2"] == 3_300
    assert await file.states() == [("INSTRUCTED", "SENT")]


async def test_any_order_and_number_of_messages_leads_to_the_same_end(benefits: Benefits) -> None:
    dice = random.Random(5)
    await benefits.open_fund()
    ends, number, balance = set(), 0, 0
    for _ in range(5):
        file = await sent(benefits, 2, opened=True)
        file.number, file.balance = number, balance
        reports = [[status(key, code) for key in file.ids] for code in ("RCVD", "ACTC", "ACSP")]
        reports.append([status(file.ids[0], "ACSC"), status(file.ids[1], "RJCT", "AC04")])
        steps: list[Any] = [*enumerate(reports), *enumerate(reports), "statement"]
        dice.shuffle(steps)
        for step in steps:
            if step == "statement":
                assert await file.state(Booked(-AMOUNT, file.ids[0]))
            else:
                await file.report(*step[1], number=step[0])
        assert await file.state()
        number, balance = file.number, file.balance
        ends.add(tuple(await file.states()))
        assert await benefits.broken_invariants() == []
    assert ends == {(("PAID", "BOOKED"), ("BLOCKED", "REJECTED"))}
