"""The bank's channel: files are taken whole, once, or not at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.simulated_bank import SimulatedBank
from tests.support.waiting import until


async def test_a_payment_is_reported_booked_and_shown_on_the_statement(bank: SimulatedBank) -> None:
    pay = Pay(720_000)
    statuses = await bank.pay([pay])
    status = statuses[pay.end_to_end_id]
    statement = await bank.close()
    assert status.status == "ACSC"
    [entry] = statement.entries
    assert (entry.amount, entry.end_to_end_id, entry.family) == (-720_000, pay.end_to_end_id, "PMNT/ICDT/DMCT")
    assert entry.reference == status.reference
    truth = (await bank.truth())[pay.end_to_end_id]
    assert (truth["debited"], truth["returned"]) == (720_000, 0)
    assert [step["status"] for step in truth["history"]] == ["ACTC", "ACSC"]


async def test_the_same_file_again_gets_the_same_answer_and_pays_once(bank: SimulatedBank) -> None:
    pay, message = Pay(), message_id()
    body = payment_file(message, [pay])
    first, second = [await bank.send(message, body) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    await bank.final_statuses(message)
    assert (await bank.truth())[pay.end_to_end_id]["debited"] == pay.amount


async def test_one_file_sent_by_many_at_once_is_taken_once(bank: SimulatedBank) -> None:
    pay, message = Pay(), message_id()
    body = payment_file(message, [pay])
    answers = await asyncio.gather(*(bank.send(message, body) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1


async def test_other_bytes_under_the_same_message_id_are_a_conflict(bank: SimulatedBank) -> None:
    message = message_id()
    await bank.send(message, payment_file(message, [Pay()]))
    other = Pay()
    conflict = await bank.send(message, payment_file(message, [other]))
    assert (conflict.status_code, conflict.json()["code"]) == (409, "DU01")
    assert other.end_to_end_id not in await bank.truth()


async def test_a_refused_file_leaves_nothing_and_may_come_again_corrected(bank: SimulatedBank) -> None:
    message, pay = message_id(), Pay()
    right = payment_file(message, [pay])
    refused = await bank.send(message, right.replace(b"<CtrlSum>500000", b"<CtrlSum>400000"))
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert refused.json() == refused.json() | {"code": "AM10", "processed": "no"}
    absent = await bank.client.get(f"/v1/payment-files/{message}/status")
    assert (absent.status_code, absent.json()["final"]) == (404, True)
    assert (await bank.send(message, right)).status_code == 202


@pytest.mark.parametrize(
    ("key", "payer", "code"),
    [
        pytest.param(None, PAYER, "CH21", id="no key"),
        pytest.param("ANOTHER-ID", PAYER, "CH16", id="the key is not the message id"),
        pytest.param("same", "9999999999999", "AC02", id="a payer that is no customer"),
    ],
)
async def test_a_file_that_does_not_fit_its_channel_is_refused(
    bank: SimulatedBank, key: str | None, payer: str, code: str
) -> None:
    message = message_id()
    headers = {"Idempotency-Key": message if key == "same" else key} if key else {}
    body = payment_file(message, [Pay()], payer)
    refused = await bank.client.post("/v1/payment-files", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, code)


async def test_an_end_to_end_id_is_used_once_for_good(bank: SimulatedBank) -> None:
    pay, message = Pay(), message_id()
    await bank.pay([pay])
    refused = await bank.send(message, payment_file(message, [Pay(), pay]))
    assert (refused.status_code, refused.json()["code"]) == (400, "DU04")


async def test_a_file_beyond_the_limit_is_refused_before_it_is_read(bank: SimulatedBank) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b" " * (1 << 20)

    refused = await bank.client.post("/v1/payment-files", content=endless(), headers={"Idempotency-Key": "A"})
    assert (refused.status_code, refused.json()["code"]) == (400, "FF01")


async def test_in_an_outage_the_channel_is_closed_and_opens_again(bank: SimulatedBank) -> None:
    await bank.client.post("/admin/outage", json={"on": True})
    message = message_id()
    closed = await bank.send(message, payment_file(message, [Pay()]))
    assert (closed.status_code, closed.headers["Retry-After"]) == (503, "1")
    await bank.client.post("/admin/outage", json={"on": False})
    assert (await bank.client.get(f"/v1/payment-files/{message}/status")).status_code == 404
    assert (await bank.send(message, payment_file(message, [Pay()]))).status_code == 202
    await bank.client.post("/admin/outage", json={"seconds": 0.05})

    async def opened() -> bool:
        return (await bank.client.get(f"/v1/accounts/{PAYER}/balance")).status_code == 200

    await until(opened, describe="the channel opens by itself")


async def test_the_truth_can_be_asked_from_an_instant_on(bank: SimulatedBank) -> None:
    await bank.pay([Pay()])
    pay, message = Pay(), message_id()
    received_at = (await bank.send(message, payment_file(message, [pay]))).json()["received_at"]
    recent = (await bank.client.get("/admin/truth", params={"since": received_at})).json()["payments"]
    assert [payment["end_to_end_id"] for payment in recent] == [pay.end_to_end_id]
