"""The channel disturbed on demand: refused, silent, broken before or after the file took effect, drawn from a seed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.bank.chance import Chance, Chances, Disturbance
from deploy.bank.keys import decode
from tests.integration.bank.desk import Desk, open_desk
from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.simulated_bank import SimulatedBank


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as desk:
        yield desk


@pytest.mark.parametrize(
    ("how", "answer", "stored"),
    [
        pytest.param("refuse", 503, False, id="the door is closed"),
        pytest.param("error_before", 500, False, id="an error before"),
        pytest.param("error_after", 500, True, id="an error after"),
        pytest.param("drop_before", None, False, id="cut before"),
        pytest.param("drop_after", None, True, id="cut after"),
    ],
)
async def test_an_outage_strikes_as_often_as_asked_and_the_same_file_again_is_taken_once(
    bank: SimulatedBank, how: str, answer: int | None, stored: bool
) -> None:
    message, pay = message_id(), Pay()
    body = payment_file(message, [pay])
    (await bank.client.post("/admin/outage", json={"how": how, "requests": 1})).raise_for_status()
    if answer is None:
        with pytest.raises(httpx.RemoteProtocolError):
            await bank.send(message, body)
    else:
        assert (await bank.send(message, body)).status_code == answer
    assert (await bank.client.get(f"/v1/payment-files/{message}/status")).status_code == (200 if stored else 404)
    again = await bank.send(message, body)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (202, stored)
    await bank.final_statuses(message)
    assert (await bank.truth())[pay.end_to_end_id]["debited"] == pay.amount


async def test_a_bank_that_hangs_says_nothing_until_it_is_left(bank: SimulatedBank) -> None:
    (await bank.client.post("/admin/outage", json={"how": "hang", "requests": 1})).raise_for_status()
    message = message_id()
    with pytest.raises(httpx.ReadTimeout):
        await bank.client.post(
            "/v1/payment-files",
            content=payment_file(message, [Pay()]),
            headers={"Idempotency-Key": message},
            timeout=0.5,
        )
    assert (await bank.client.get(f"/v1/payment-files/{message}/status")).status_code == 404


async def test_what_is_drawn_from_a_seed_is_the_same_each_time_and_about_as_often_as_told(desk: Desk) -> None:
    chances = Chances(seed=7, error_before=0.2, drop_after=0.3)

    def drawn() -> list[Disturbance | None]:
        chance = Chance(desk.bank.database)
        chance.take(chances)
        return [chance.draw("POST", f"/v1/payment-files/{number % 50}") for number in range(1_000)]

    first = drawn()
    assert first == drawn()
    assert 150 < first.count(Disturbance.ERROR_BEFORE) < 250
    assert 250 < first.count(Disturbance.DROP_AFTER) < 350
    assert set(first) == {None, Disturbance.ERROR_BEFORE, Disturbance.DROP_AFTER}
    again = Chance(desk.bank.database)
    assert [again.draw("POST", f"/v1/payment-files/{number % 50}") for number in range(1_000)] == first


@pytest.mark.parametrize(
    ("pay", "hours"),
    [
        pytest.param(Pay(500_119), None, id="until it is healed"),
        pytest.param(Pay(account="3120205590118"), 2, id="for two hours"),
    ],
)
async def test_a_bank_can_have_a_file_and_not_speak_of_it(desk: Desk, pay: Pay, hours: int | None) -> None:
    message = await desk.take(pay)

    async def asked() -> int:
        return (await desk.client.get(f"/v1/payment-files/{message}/status")).status_code

    assert await asked() == 503
    await desk.order("clock", advance="PT1H59M")
    assert await asked() == 503
    if hours:
        await desk.order("clock", advance="PT2M")
    else:
        await desk.order("heal")
    assert await asked() == 200


@pytest.mark.parametrize("wrong", ["wrong_balance", "duplicate_entry"])
async def test_a_statement_can_be_given_out_wrong_and_is_right_once_mended(desk: Desk, wrong: str) -> None:
    pay = Pay(300_000)
    await desk.take(pay)
    await desk.order("close-statement", account=PAYER, wrong=wrong)
    given = await desk.statement(1)
    assert given.opening + sum(entry.amount for entry in given.entries) != given.closing
    await desk.order("mend-statements", account=PAYER)
    right = await desk.statement(1)
    assert right.opening + sum(entry.amount for entry in right.entries) == right.closing
    assert [entry.end_to_end_id for entry in right.entries] == [pay.end_to_end_id]


async def test_a_statement_can_be_held_back_while_the_next_one_is_given(desk: Desk) -> None:
    await desk.take(Pay())
    await desk.order("close-statement", account=PAYER, wrong="gap")

    async def listed() -> list[int]:
        return [one["sequence"] for one in (await desk.client.get(f"/v1/accounts/{PAYER}/statements")).json()]

    assert await listed() == [2]
    assert (await desk.client.get(f"/v1/accounts/{PAYER}/statements/1")).status_code == 404
    await desk.order("heal")
    assert await listed() == [1, 2]


@pytest.mark.parametrize(("wrong", "amount"), [("unknown_credit", 50_000), ("unknown_debit", -50_000)])
async def test_money_can_come_and_go_that_nobody_asked_for(desk: Desk, wrong: str, amount: int) -> None:
    await desk.order("close-statement", account=PAYER, wrong=wrong)
    [entry] = (await desk.statement(1)).entries
    assert (entry.amount, entry.end_to_end_id) == (amount, None)


@pytest.mark.parametrize(
    ("given", "family", "amount", "named"),
    [
        pytest.param({}, "PMNT/ICDT/RRTN", 700_000, True, id="whole"),
        pytest.param({"amount": 695_000}, "PMNT/ICDT/RRTN", 695_000, True, id="in part"),
        pytest.param({"named": False}, "PMNT/RCDT/DMCT", 700_000, False, id="without our id"),
        pytest.param({"reversal": True}, "PMNT/ICDT/RRTN", 700_000, True, id="as a reversed booking"),
    ],
)
async def test_a_payment_can_be_given_back_as_often_as_wanted(
    desk: Desk, given: dict[str, object], family: str, amount: int, named: bool
) -> None:
    pay = Pay(700_000)
    await desk.take(pay)
    await desk.close()
    for _ in range(2):
        await desk.order("returns", end_to_end_id=pay.end_to_end_id, **given)
    entries = (await desk.close()).entries
    assert [(one.amount, one.family, one.end_to_end_id == pay.end_to_end_id) for one in entries] == [
        (amount, family, named)
    ] * 2
    body = (await desk.client.get(f"/v1/accounts/{PAYER}/statements/2")).text
    assert body.count("<RvslInd>true</RvslInd>") == (2 if given.get("reversal") else 0)


async def test_a_bank_that_books_in_batches_shows_one_entry_and_details_it_in_an_advice(desk: Desk) -> None:
    await desk.order("batch-booking", account=PAYER)
    paid = [Pay(100_000), Pay(200_000), Pay(300_000)]
    await desk.take(*paid)
    [entry] = (await desk.close()).entries
    assert (entry.amount, entry.end_to_end_id) == (-600_000, None)
    assert (await desk.client.get(f"/v1/accounts/{PAYER}/advices")).json() == [{"sequence": 1}]
    advice = (await desk.client.get(f"/v1/accounts/{PAYER}/advices/1")).text
    assert [advice.count(f"<EndToEndId>{pay.end_to_end_id}<") for pay in paid] == [1, 1, 1]
    assert "<NbOfTxs>3</NbOfTxs>" in advice
    assert (await desk.client.get(f"/v1/accounts/{PAYER}/advices/2")).status_code == 404


async def test_the_receipt_can_come_with_a_signature_that_is_not_the_banks(desk: Desk) -> None:
    message = message_id()
    body = payment_file(message, [Pay(500_105)])
    forged, right = [await desk.send(message, body) for _ in range(2)]
    assert (forged.status_code, right.status_code) == (202, 202)
    kids = {key["kid"] for key in (await desk.client.get("/.well-known/jwks.json")).json()["keys"]}
    assert _kid(forged) not in kids
    assert _kid(right) in kids
    assert "x-forged" not in forged.headers


def _kid(answer: httpx.Response) -> str:
    protected = answer.headers["x-jws-signature"].split(".")[0]
    return str(json.loads(decode(protected))["kid"])
