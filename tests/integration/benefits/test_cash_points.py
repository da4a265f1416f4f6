"""People without an account are paid at a cash point: by a sealed list, signed for on paper, reported by two people."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from services.benefits.app import build
from services.benefits.payments.bank import cash_lists
from services.benefits.settings import BenefitsSettings
from shared import clock
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import FUND, Benefits, Somebody, person
from tests.support.access import grant
from tests.support.postgres import CreateDatabase

POST, MONTHLY = "BUUDIEN-01", 750_000
BANKS = {"banks": [{"code": "buu-dien", "name": "Bưu điện tỉnh", "channel": {"kind": "cash-point"}}]}


class AtPost:
    """A benefits service whose fund pays through a bank and, who has no account, at the post office."""

    def __init__(self, benefits: Benefits) -> None:
        self.benefits = benefits
        self.file = ""

    async def ready(self, *, cash: int, banked: int = 0) -> list[Somebody]:
        """Award people without and with an account; return those without."""
        await self.benefits.open_fund()
        payer = {"code": POST, "bank": "buu-dien", "bin": "999001", "number": "BD0000000001", "holder": "Bưu điện tỉnh"}
        await self.benefits.approve_proposal(await self.benefits.post("/payer-accounts", payer | {"fund": FUND}))
        found = [await self.benefits.settle_in(number=None) for _ in range(cash)]
        for who in (*found, *[await self.benefits.settle_in() for _ in range(banked)]):
            await self.benefits.award(who)
        self.gift = await self.benefits.money_arrives(FUND, POST, 10 * MONTHLY)
        return found

    async def given(self, count: int) -> None:
        """Approve the run of the post office and hand its list over."""
        run = await self.benefits.prepare(payer=POST)
        assert run["declared_count"] == count
        await self.benefits.approve(run)
        [file] = await self.benefits.get(f"/runs/{run['id']}/files")
        self.file = f"/payment-files/{file['message_id']}"
        await self.benefits.post(f"{self.file}/hand-over", None)

    async def codes(self, *people: Somebody) -> list[str]:
        """Return by which code each stands on the list."""
        orders = [await self.benefits.order_of(who) for who in people]
        return [order["instructions"][-1]["end_to_end_id"] for order in orders]

    async def states(self, *people: Somebody) -> list[tuple[str, str | None]]:
        """Return what became of each order, and why."""
        orders = [await self.benefits.order_of(who) for who in people]
        return [(order["state"], order["reason"]) for order in orders]

    def outcome(self, paid: list[str], unpaid: list[str], **more: Any) -> dict[str, Any]:
        """Return what somebody types of the signed list."""
        today = clock.today().isoformat()
        received = [{"amount": 10 * MONTHLY, "on": today, "reference": self.gift["reference"]}]
        lines = [{"end_to_end_id": one} for one in unpaid]
        typed = {"paid_on": today, "paid": paid, "unpaid": lines, "received": received, "paper": "Biên bản 12/BĐ"}
        return typed | more


@pytest.fixture
async def post(create_database: CreateDatabase, tmp_path: Path) -> AsyncIterator[AtPost]:
    banks = tmp_path / "banks.json"
    banks.write_text(json.dumps(BANKS))
    url = await create_database("benefits")
    log = EventLogSettings(eventlog_url=url)
    benefits = Benefits(build(BenefitsSettings(service="benefits", database_url=url, event_log=log, banks=banks)))
    await grant(benefits.database, "maker", "checker")
    try:
        yield AtPost(benefits)
        assert await benefits.broken_invariants() == []
    finally:
        await benefits.client.aclose()
        await benefits.database.close()


async def test_who_has_no_account_is_paid_in_cash_and_who_has_one_through_the_bank(post: AtPost) -> None:
    people = await post.ready(cash=2, banked=1)
    through_bank = await post.benefits.prepare()
    assert (through_bank["declared_count"], through_bank["funnel"]["orders.BLOCKED"]["count"]) == (1, 2)
    await post.given(2)
    assert (await post.benefits.prepare())["funnel"] == {"orders.BATCHED": {"count": 1, "sum": MONTHLY}}
    listed = cash_lists.read((await post.benefits.client.get(f"{post.file}/content")).content)
    assert sorted(line.end_to_end_id for line in listed.lines) == sorted(await post.codes(*people))
    assert {(line.name, line.commune, line.amount) for line in listed.lines} == {("Đặng Thị Lan", "08566", MONTHLY)}


async def test_the_list_is_printed_with_room_to_sign(post: AtPost) -> None:
    people = await post.ready(cash=2)
    await post.given(2)
    pdf = (await post.benefits.client.get(f"{post.file}/list")).content
    shown = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    xlsx = (await post.benefits.client.get(f"{post.file}/list", params={"format": "xlsx"})).content
    sheet = load_workbook(io.BytesIO(xlsx)).active
    assert sheet is not None
    cells = {str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None}
    for text in ("Đặng Thị Lan", "750.000 đồng", "Ký nhận", "1.500.000 đồng", *await post.codes(*people)):
        assert any(text in cell for cell in cells), text
        assert text.replace(" ", "") in shown.replace(" ", "").replace("\n", ""), text


async def test_two_people_type_whom_the_cash_point_paid_and_the_others_are_paid_next_time(post: AtPost) -> None:
    paid, absent, later = people = await post.ready(cash=3)
    await post.given(3)
    first, second, third = await post.codes(*people)
    proposal = await post.benefits.post(f"{post.file}/paid-list", post.outcome([first], [second]))
    path = proposal["approve_at"].removeprefix("/benefits/v1")
    own = await post.benefits.send(path, {"content_hash": proposal["content_hash"]})
    assert own.status_code == 403, "who typed it does not approve it"
    assert await post.states(paid, absent) == [("INSTRUCTED", None)] * 2
    await post.benefits.approve_proposal(proposal)
    assert await post.states(paid, absent, later) == [("PAID", None), ("READY", "CNPC"), ("INSTRUCTED", None)]
    rest = await post.benefits.post(f"{post.file}/paid-list", post.outcome([third], [], received=[]))
    await post.benefits.approve_proposal(rest)
    [report, _] = (await post.benefits.get("/bank-messages", kind="list"))["items"]
    assert (report["bank"], report["state"], report["open_lines"]) == ("buu-dien", "applied", 0)
    again = await post.benefits.prepare(payer=POST)
    assert (again["declared_count"], again["declared_sum"]) == (1, MONTHLY)
    await post.benefits.hear(person(absent, version=2))
    assert (await post.benefits.prepare(payer=POST))["declared_count"] == 0, "who has an account now is paid there"
    assert (await post.benefits.prepare())["declared_count"] == 1


@pytest.mark.parametrize("unpaid", [False, True])
async def test_a_list_is_typed_once_and_never_beyond_itself(post: AtPost, unpaid: bool) -> None:
    [who] = await post.ready(cash=1)
    run = await post.benefits.prepare(payer=POST)
    await post.benefits.approve(run)
    [file] = await post.benefits.get(f"/runs/{run['id']}/files")
    post.file = f"/payment-files/{file['message_id']}"
    [code] = await post.codes(who)
    typed = post.outcome([], [code]) if unpaid else post.outcome([code], [])
    early = await post.benefits.send(f"{post.file}/paid-list", typed)
    assert (early.status_code, early.json()["code"]) == (409, "not_handed_over")
    await post.benefits.post(f"{post.file}/hand-over", None)
    stranger = "01KEZ8Q0M1X3J5V7T9B2D4F6H8"
    for paid, not_paid in (([code, code], []), ([code], [code]), ([stranger], []), ([], [])):
        wrong = await post.benefits.send(f"{post.file}/paid-list", post.outcome(paid, not_paid))
        assert (wrong.status_code, wrong.json()["code"]) == (422, "list_lines_wrong")
    await post.benefits.approve_proposal(await post.benefits.post(f"{post.file}/paid-list", typed))
    twice = await post.benefits.send(f"{post.file}/paid-list", typed)
    assert (twice.status_code, twice.json()["code"]) == (422, "list_lines_wrong")
    assert (await post.states(who))[0][0] == ("READY" if unpaid else "PAID")


async def test_more_than_was_given_is_not_believed_and_a_bank_is_no_cash_point(post: AtPost) -> None:
    [who] = await post.ready(cash=1)
    await post.given(1)
    proposal = await post.benefits.post(f"{post.file}/paid-list", post.outcome(await post.codes(who), [], received=[]))
    path = proposal["approve_at"].removeprefix("/benefits/v1")
    refused = await post.benefits.send(path, {"content_hash": proposal["content_hash"]}, actor="checker")
    assert (refused.status_code, refused.json()["code"]) == (409, "cash_not_received")
    assert await post.states(who) == [("INSTRUCTED", None)]
    await post.benefits.award(banked := await post.benefits.settle_in())
    await post.benefits.approve(await post.benefits.prepare())
    [attempt] = (await post.benefits.order_of(banked))["instructions"]
    file = f"/payment-files/{attempt['message_id']}"
    no = await post.benefits.send(f"{file}/paid-list", post.outcome([attempt["end_to_end_id"]], []))
    assert (no.status_code, no.json()["code"]) == (409, "not_a_cash_point")
