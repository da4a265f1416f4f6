"""Requests to cancel: what was not carried out is cancelled, what was is refused with a reason, each once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lxml import etree

from tests.integration.bank.desk import Desk, open_desk
from tests.support.payment_files import PAYER, Pay, cancellation, message_id

_M = {"m": "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as desk:
        yield desk


async def ask(desk: Desk, id_: str, body: bytes) -> tuple[str, dict[str, tuple[str, str | None]]]:
    """Send a request; return what was made of the whole, and of each payment with the reason."""
    taken = await desk.client.post("/v1/cancellations", content=body, headers={"Idempotency-Key": id_})
    assert taken.status_code == 202, taken.text
    answer = etree.fromstring((await desk.client.get(f"/v1/cancellations/{id_}")).content)
    decided = {
        one.findtext("m:OrgnlEndToEndId", "", _M): (
            one.findtext("m:TxCxlSts", "", _M),
            one.findtext("m:CxlStsRsnInf/m:Rsn/m:Cd", None, _M),
        )
        for one in answer.iterfind(".//m:TxInfAndSts", _M)
    }
    return answer.findtext(".//m:Sts/m:Conf", "", _M), decided


async def test_what_waits_is_cancelled_and_what_was_done_is_not(desk: Desk) -> None:
    waits, booked, refused = Pay(500_107), Pay(), Pay(account="3120205590104")
    file, id_ = await desk.take(waits, booked, refused), message_id()
    body = cancellation(id_, file, [waits.end_to_end_id, booked.end_to_end_id, refused.end_to_end_id, "NOBODYS"])
    whole, decided = await ask(desk, id_, body)
    assert whole == "PECR"
    assert decided == {
        waits.end_to_end_id: ("ACCR", None),
        booked.end_to_end_id: ("RJCR", "PTNA"),
        refused.end_to_end_id: ("RJCR", "AEXR"),
        "NOBODYS": ("RJCR", "NOOR"),
    }
    await desk.pass_days(10)
    assert (await desk.status_of(waits, file)).status == "CANC"
    assert [entry.end_to_end_id for entry in (await desk.close()).entries] == [booked.end_to_end_id]


async def test_the_same_request_again_gets_the_same_answer_and_another_under_its_id_none(desk: Desk) -> None:
    pay = Pay(500_107)
    file, id_ = await desk.take(pay), message_id()
    body = cancellation(id_, file, [pay.end_to_end_id])
    assert await ask(desk, id_, body) == await ask(desk, id_, body)
    other = cancellation(id_, file, ["ANOTHER"])
    conflict = await desk.client.post("/v1/cancellations", content=other, headers={"Idempotency-Key": id_})
    assert conflict.status_code == 409


async def test_what_came_back_already_is_not_called_back(desk: Desk) -> None:
    pay = Pay(500_108)
    file, id_ = await desk.take(pay), message_id()
    await desk.close()
    await desk.pass_days(2)
    whole, decided = await ask(desk, id_, cancellation(id_, file, [pay.end_to_end_id]))
    assert (whole, decided[pay.end_to_end_id]) == ("RJCR", ("RJCR", "ARDT"))


async def test_a_request_that_never_came_is_not_known_for_good(desk: Desk) -> None:
    absent = await desk.client.get("/v1/cancellations/NEVER")
    assert (absent.status_code, absent.json()["final"]) == (404, True)
    broken = await desk.client.post("/v1/cancellations", content=b"<a/>", headers={"Idempotency-Key": "A"})
    assert (broken.status_code, broken.json()["processed"]) == (400, "no")


@pytest.mark.parametrize(
    ("account", "name", "answer"),
    [
        pytest.param("2200205111111", "Đặng Thị Lan", ("match", None, "DANG THI LAN"), id="the holder"),
        pytest.param("2200205111111", "DANG LAN", ("close", None, "DANG THI LAN"), id="a middle name is missing"),
        pytest.param("2200205111111", "Đặng Thị Lam", ("close", None, "DANG THI LAN"), id="one letter"),
        pytest.param("2200205111111", "Hoàng Văn Páo", ("no_match", None, "DANG THI LAN"), id="somebody else"),
        pytest.param("2200205222222", "Vàng A Sử", ("no_match", "AC04", "VANG A SU"), id="closed"),
        pytest.param("2200205333333", "Lò Văn Pả", ("match", None, "LO VAN PA"), id="nobody registered it"),
        pytest.param("2200205590101", "Lò Văn Pả", ("no_match", "AC01", None), id="there is none"),
        pytest.param("2200205590108", "Lò Văn Pả", ("no_match", None, "TRAN VAN KHAC"), id="another name"),
        pytest.param("2200205590109", "Lò Văn Pả", ("close", None, "LO PA"), id="without its middle"),
        pytest.param("2200205590110", "Lò Văn Pả", ("not_checkable", None, None), id="cannot be told"),
        pytest.param("2200205590120", "Lò Văn Pả", ("match", "XB-ID-EXPIRED", "LO VAN PA"), id="cannot draw"),
    ],
)
async def test_the_bank_says_whose_account_it_is(
    desk: Desk, account: str, name: str, answer: tuple[str, str | None, str | None]
) -> None:
    await desk.register("2200205111111", holder="Đặng Thị Lan")
    await desk.register("2200205222222", holder="Vàng A Sử", status="closed")
    asked = {"bin": "970405", "account": account, "name": name}
    said = (await desk.client.post("/v1/account-verifications", json=asked)).json()
    assert (said["verdict"], said["reason"], said["holder_name"]) == answer


async def test_the_bank_gives_a_copy_of_what_it_received_and_lists_it_by_account(desk: Desk) -> None:
    files = [await desk.take(Pay()) for _ in range(2)]
    listed = (await desk.client.get(f"/v1/accounts/{PAYER}/payment-files")).json()
    assert [one["message_id"] for one in listed] == files
    later = (await desk.client.get(f"/v1/accounts/{PAYER}/payment-files?after={listed[0]['number']}")).json()
    assert later == listed[1:]
    copied = await desk.client.get(f"/v1/payment-files/{files[1]}")
    assert f"<MsgId>{files[1]}<".encode() in copied.content
