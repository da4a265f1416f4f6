"""Channels without a program: files carried by people, lists paid in cash, and payments called back."""

from pathlib import Path

import pytest

from services.benefits.payments.iso20022 import camt055, pain001
from tests.integration.benefits.platform import Benefits, Through
from tests.integration.benefits.test_what_comes_back import AMOUNT, sent
from tests.support.bank_words import Booked, answer, report, statement, status


async def put_in(benefits: Benefits, kind: str, content: bytes, **more: str) -> dict[str, object]:
    """Put in what a bank gave by hand."""
    query = {"bank": "simbank", "kind": kind} | more
    given = await benefits.client.post("/bank-messages", params=query, content=content)
    assert given.status_code == 201, given.text
    body: dict[str, object] = given.json()
    return body


async def test_a_file_is_carried_by_hand_and_two_people_say_what_the_bank_answered(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    [attempt] = (await benefits.order_of(who))["instructions"]
    file = f"/payment-files/{attempt['message_id']}"
    handed = await benefits.post(f"{file}/hand-over", None)
    assert (handed["count"], handed["total"], handed["state"]) == (1, AMOUNT, "UNKNOWN")
    again = await benefits.send(f"{file}/hand-over", None)
    assert (again.status_code, again.json()["code"]) == (409, "already_handed_over")
    carried = (await benefits.client.get(f"{file}/content")).content
    assert [one.end_to_end_id for one in pain001.transfers_of(carried)] == [attempt["end_to_end_id"]]
    outcome = {"outcome": "received", "certificate": "Biên nhận 12/NHNo"}
    proposal = await benefits.post(f"{file}/outcome", outcome)
    own = await benefits.send(
        proposal["approve_at"].removeprefix("/benefits/v1"), {"content_hash": proposal["content_hash"]}
    )
    assert own.status_code == 403, "who typed it does not approve it"
    await benefits.approve_proposal(proposal)
    key, number = attempt["end_to_end_id"], benefits.payer_number
    await put_in(benefits, "pain.002", report(attempt["message_id"], [status(key, "ACSC")]))
    for _ in range(2):
        shown = await put_in(benefits, "camt.053", statement(number, 1, 0, [Booked(-AMOUNT, key)]))
        assert shown["state"] == "applied"
    assert (await benefits.order_of(who))["state"] == "PAID"


async def test_a_cash_point_pays_by_a_list_and_reports_who_was_paid_and_who_was_not(benefits: Benefits) -> None:
    file = await sent(benefits, 2)
    printed = await benefits.client.get(f"/payment-files/{file.message_id}/list")
    assert (printed.headers["content-type"], printed.content[:5]) == ("application/pdf", b"%PDF-")
    back = (
        f"account,sequence,date,opening,closing\n{benefits.payer_number},1,2026-11-30,0,{AMOUNT}\n"
        "line,end_to_end_id,amount,date,note\n"
        f"received,,{2 * AMOUNT},2026-11-24,KBNN 11\npaid,{file.ids[0]},{AMOUNT},2026-11-25,\n"
        f"unpaid,{file.ids[1]},{AMOUNT},2026-11-30,CNPC\nunpaid,NOBODY,1,2026-11-30,CNPC\n"
    ).encode()
    shown = await put_in(benefits, "list", back)
    assert (shown["state"], shown["open_lines"]) == ("applied", 1)
    assert await file.states() == [("PAID", "BOOKED"), ("READY", "REJECTED")], "what nobody collected is paid next time"
    assert (await put_in(benefits, "list", back))["id"] == shown["id"]
    assert await benefits.broken_invariants() == []


@pytest.mark.parametrize(
    ("verdict", "reason", "recall", "attempt"),
    [("ACCR", None, "ACCEPTED", "REVOKED"), ("RJCR", "PTNA", "REFUSED", "SENT"), ("PDCR", None, "SENT", "SENT")],
)
async def test_a_payment_is_called_back_by_two_people_and_the_bank_answers(
    benefits: Benefits, verdict: str, reason: str | None, recall: str, attempt: str
) -> None:
    file = await sent(benefits, 1)
    order = await benefits.order_of(file.people[0])
    wanted = {"reason": "DUPL", "note": "Chuyển hai lần"}
    await benefits.approve_proposal(await benefits.post(f"/orders/{order['id']}/recall", wanted))
    [asked] = await benefits.get(f"/orders/{order['id']}/recalls")
    assert (asked["state"], asked["end_to_end_id"], asked["approved_by"]) == ("QUEUED", file.ids[0], "checker")
    connection = await benefits.database.connect()
    await connection.execute("UPDATE payment_recall SET state = 'SENT'")
    await connection.close()
    for _ in range(2):
        await put_in(benefits, "camt.029", answer(file.ids[0], verdict, reason), subject=asked["id"])
    [asked] = await benefits.get(f"/orders/{order['id']}/recalls")
    assert (asked["state"], asked["answer"]) == (recall, reason)
    assert [state for _, state in await file.states()] == [attempt]
    assert await file.state()
    proven = {"REVOKED": "CANCELLED"}.get(attempt, attempt)
    assert [state for _, state in await file.states()] == [proven]


# A schema that asks of a camt.055 what no request of ours has.
_STRICTER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}"><xs:element name="Document">
<xs:complexType><xs:sequence><xs:any processContents="skip"/></xs:sequence><xs:attribute name="seal" use="required"/>
</xs:complexType></xs:element></xs:schema>"""


async def test_a_request_that_the_operators_schema_refuses_is_not_queued(
    benefits: Benefits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await sent(benefits, 1)
    order = await benefits.order_of(file.people[0])
    proposal = await benefits.post(f"/orders/{order['id']}/recall", {"reason": "DUPL", "note": "Chuyển hai lần"})
    (tmp_path / "camt.055.001.08.xsd").write_text(_STRICTER.format(camt055.NAMESPACE))
    monkeypatch.setenv("ANSINH_ISO20022_SCHEMAS", str(tmp_path))
    path = proposal["approve_at"].removeprefix("/benefits/v1")
    refused = await benefits.send(path, {"content_hash": proposal["content_hash"]}, actor="checker")
    assert (refused.status_code, refused.json()["code"]) == (409, "request_refused")
    assert await benefits.get(f"/orders/{order['id']}/recalls") == []
    monkeypatch.delenv("ANSINH_ISO20022_SCHEMAS")
    await benefits.approve_proposal(proposal)
    assert len(await benefits.get(f"/orders/{order['id']}/recalls")) == 1


async def test_the_bank_refuses_to_call_back_what_it_has_carried_out(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    order = await through.until_attempt(who, "REPORTED_SETTLED")
    wanted = {"reason": "CUST", "note": "Người nhận xin hoãn"}
    await benefits.approve_proposal(await benefits.post(f"/orders/{order['id']}/recall", wanted))
    while await through.work.recall(benefits.database):
        pass
    [asked] = await benefits.get(f"/orders/{order['id']}/recalls")
    assert (asked["state"], asked["answer"]) == ("REFUSED", "PTNA")
    await through.close_day()
    assert (await through.until_attempt(who, "BOOKED"))["state"] == "PAID"
