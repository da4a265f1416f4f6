"""What the bank sends is kept as it came; what does not fit changes nothing, and what comes twice takes effect once."""

import asyncio
from datetime import timedelta

import pytest

from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.bank.port import RawStatement
from services.benefits.payments.incoming import take_report, take_statement
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK
from tests.integration.benefits.platform import Benefits, Somebody, Through, person
from tests.support.programs import free_port


async def sent(benefits: Benefits, through: Through) -> tuple[Somebody, str]:
    """Pay somebody; return whom, and the id of the file when the bank reports it settled."""
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    order = await through.until_attempt(who, "REPORTED_SETTLED")
    return who, order["instructions"][0]["message_id"]


async def kept(benefits: Benefits, kind: str) -> list[tuple[str, str | None]]:
    """Return state and reason of what the bank sent, in the order in which it came."""
    connection = await benefits.database.connect()
    try:
        rows = await connection.fetch(
            "SELECT state, reason FROM bank_message WHERE kind = $1 ORDER BY received_at, id", kind
        )
    finally:
        await connection.close()
    return [(row["state"], row["reason"]) for row in rows]


async def statement(through: Through, benefits: Benefits, sequence: int) -> bytes:
    """Return a closed statement of the payer account as the bank gives it."""
    answer = await through.bank.client.get(f"/v1/accounts/{benefits.payer_number}/statements/{sequence}")
    return answer.raise_for_status().content


async def take(benefits: Benefits, sequence: int, content: bytes) -> bool:
    return await take_statement(benefits.database, BANK, benefits.payer, RawStatement(sequence, content))


async def test_a_statement_that_comes_twice_or_to_two_at_once_is_booked_once(
    benefits: Benefits, through: Through
) -> None:
    who, _ = await sent(benefits, through)
    await through.close_day()
    content = await statement(through, benefits, 1)
    booked = await asyncio.gather(*(take(benefits, 1, content) for _ in range(4)))
    assert booked.count(True) == 1
    assert await take(benefits, 1, content) is False
    assert (await benefits.order_of(who))["state"] == "PAID"
    assert (await benefits.balances())["B3"] == 750_000


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(
            "<ElctrncSeqNb>2<", "<ElctrncSeqNb>3<", "came as statement 2 and is statement 3", id="another number"
        ),
        pytest.param("<Sum>750000<", "<Sum>750001<", "declared sums", id="declared sums"),
        pytest.param('<Amt Ccy="VND">750000<', '<Amt Ccy="VND">750001<', "do not lead", id="entries"),
        pytest.param("<Ntry>", "<Ntry", "not well-formed", id="cut off"),
    ],
)
async def test_a_statement_that_does_not_fit_is_set_aside_and_the_right_one_is_booked_later(
    benefits: Benefits, through: Through, old: str, new: str, reason: str
) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await through.close_day()
    await through.round()
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    right = await statement(through, benefits, 2)
    wrong = right.decode().replace(old, new)
    assert wrong != right.decode()
    assert not await take(benefits, 2, wrong.encode())
    state, why = (await kept(benefits, "camt.053"))[-1]
    assert state == "quarantined"
    assert reason in (why or "")
    assert (await benefits.order_of(who))["state"] == "INSTRUCTED"
    assert await take(benefits, 2, right)
    assert (await benefits.order_of(who))["state"] == "PAID"


async def test_a_missing_statement_holds_the_later_ones_back_until_it_comes(
    benefits: Benefits, through: Through
) -> None:
    who, _ = await sent(benefits, through)
    await through.close_day()
    first = await statement(through, benefits, 1)
    assert await take(benefits, 1, first)
    await through.close_day()
    await through.close_day()
    second, third = [await statement(through, benefits, sequence) for sequence in (2, 3)]
    assert not await take(benefits, 3, third)
    assert (await kept(benefits, "camt.053"))[-1] == ("waiting", "statement 2 is missing")
    assert await take(benefits, 2, second)
    assert [state for state, _ in await kept(benefits, "camt.053")] == ["applied"] * 3
    assert (await benefits.order_of(who))["state"] == "PAID"


async def test_a_report_that_contradicts_its_file_is_set_aside(benefits: Benefits, through: Through) -> None:
    who, message_id = await sent(benefits, through)
    report = (await through.bank.client.get(f"/v1/payment-files/{message_id}/status")).content.decode()
    for old, new in (
        ("<OrgnlCtrlSum>750000<", "<OrgnlCtrlSum>750001<"),
        (f"<OrgnlMsgId>{message_id}<", "<OrgnlMsgId>ANOTHER<"),
        ("</Document>", ""),
    ):
        wrong = report.replace(old, new).replace("ACSC", "RJCT")
        await take_report(benefits.database, BANK, message_id, wrong.encode())
        assert (await kept(benefits, "pain.002"))[-1][0] == "quarantined"
    assert (await benefits.order_of(who))["instructions"][0]["state"] == "REPORTED_SETTLED"


async def test_a_status_of_a_payment_that_we_do_not_have_changes_nothing(benefits: Benefits, through: Through) -> None:
    who, message_id = await sent(benefits, through)
    order = await benefits.order_of(who)
    report = (await through.bank.client.get(f"/v1/payment-files/{message_id}/status")).content.decode()
    strange = report.replace(order["instructions"][0]["end_to_end_id"], "01KEZ8Q0M1X3J5V7T9B2D4F6H8")
    await take_report(benefits.database, BANK, message_id, strange.replace("ACSC", "RJCT").encode())
    assert await benefits.order_of(who) == order


async def test_a_refusal_of_what_was_reported_settled_waits_for_the_money_to_come_back(
    benefits: Benefits, through: Through
) -> None:
    who, message_id = await sent(benefits, through)
    report = (await through.bank.client.get(f"/v1/payment-files/{message_id}/status")).content
    await take_report(benefits.database, BANK, message_id, report.replace(b"ACSC", b"RJCT"))
    order = await benefits.order_of(who)
    assert (order["state"], order["instructions"][0]["state"]) == ("INSTRUCTED", "RETURN_EXPECTED")


async def test_a_file_that_the_bank_refuses_whole_moves_nothing_and_its_orders_can_be_paid_again(
    benefits: Benefits, through: Through
) -> None:
    registered, benefits.payer_number = benefits.payer_number, "1900NOBODY"
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(who, "REFUSED")
    connection = await benefits.database.connect()
    await connection.execute("UPDATE payer_account SET number = $1", registered)
    await connection.close()
    benefits.payer_number = registered
    order = await through.until_proven_unpaid(who)
    assert (order["state"], order["reason"]) == ("READY", "AC02")
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    assert [one["state"] for one in order["instructions"]] == ["REJECTED", "BOOKED"]


async def test_a_death_keeps_the_order_held_though_the_account_changes(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in(number="3120205190107")
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await through.until_proven_unpaid(who)
    await benefits.hear(person(who, version=2))
    assert (await benefits.prepare())["declared_count"] == 0
    order = await benefits.order_of(who)
    assert (order["state"], order["reason"]) == ("BLOCKED", "MD07")


async def test_what_never_reached_the_bank_waits_and_is_sent_later(benefits: Benefits, through: Through) -> None:
    nowhere = BankWork(HttpBank(BANK, f"http://127.0.0.1:{free_port()}", timeout=5), lease=timedelta(seconds=15))
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    assert await nowhere.send(benefits.database)
    assert (await benefits.order_of(who))["instructions"][0]["state"] == "QUEUED"
    await through.until_attempt(who, "REPORTED_SETTLED")


async def test_two_senders_at_once_send_a_file_once(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    did = await asyncio.gather(*(through.work.send(benefits.database) for _ in range(4)))
    assert did.count(True) == 1
    await through.until_attempt(who, "REPORTED_SETTLED")
