"""The papers of a review: read back by another reader of PDFs and of workbooks."""

import io
from typing import Any

import httpx
from openpyxl import load_workbook
from pypdf import PdfReader

from tests.integration.registry.conftest import Registry, decision_on, member
from tests.integration.registry.test_rounds import NEAR, ROUND, issue, minutes, posting, surveyed

PDF, XLSX = "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADING = ("CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "UBND XÃ TÂN SƠN")


async def fetch(registry: Registry, path: str, **query: str) -> httpx.Response:
    answer = await registry.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def read(registry: Registry, path: str) -> str:
    """Return the text of a PDF as a reader finds it, with its words one space apart."""
    answer = await fetch(registry, path)
    assert answer.headers["content-type"] == PDF
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


async def reads_of(registry: Registry) -> int:
    connection = await registry.database.connect()
    try:
        query = "SELECT count(*) FROM audit_rows WHERE details->>'paper' IS NOT NULL"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def test_each_step_has_its_paper(registry: Registry) -> None:
    ngoan = member(full_name="Hà Thị Ngoẵn", phone="+84912345678", personal_number="025185000123")
    people = ngoan, member(full_name="Đinh Văn Thưởng", relationship="child", birth_date="2015-05-04", sex="male")
    household = (await registry.register(*people))["id"]
    other = (await registry.register(member(full_name="Phùng Đức Ưng", sex="male")))["id"]
    for each, findings in ((household, {}), (other, NEAR)):
        found = await registry.assess(each, assessed_on="2025-07-02", **findings)
        await registry.decide([found["id"]], decided_on="2025-07-03")
    opened = await registry.post("/rounds", ROUND)
    at = f"/rounds/{opened['id']}"
    above: dict[str, Any] = {"route": {"kind": "income", "income_per_person_month": 1_500_001}}
    ends = [await surveyed(registry, at, household), await surveyed(registry, at, other, **above)]
    votes = [{"household_id": household, "agreeing": 27}, {"household_id": other, "agreeing": 41}]
    met = await registry.post(f"{at}/meetings", minutes(household, 27, votes=votes))
    hung = await registry.post(f"{at}/postings", posting(household) | {"household_ids": [household, other]})
    order = decision_on(ends, decided_on="2025-10-17", number="215/QĐ-UBND", round_id=opened["id"])
    made = await registry.post("/decisions", order)
    await registry.post(f"{at}/certificates", issue(household))

    listed = await read(registry, f"{at}/list")
    posted = await read(registry, f"{at}/postings/{hung['id']}")
    held = await read(registry, f"{at}/meetings/{met['id']}")
    decided = await read(registry, f"/decisions/{made['id']}/paper")
    certified = await read(registry, f"{at}/certificates/{household}")
    assert await reads_of(registry) == 5
    for text in (listed, posted, decided, certified):
        assert all(line in text for line in HEADING)
    assert "Hà Thị Ngoẵn" in listed
    assert "Trong danh sách" in listed
    assert "1 Phùng Đức Ưng Thôn Một" in posted or "2 Phùng Đức Ưng Thôn Một" in posted
    for text in (listed, posted, held, decided):
        assert not any(secret in text for secret in ("912345678", "025185000123", "Đinh Văn Thưởng", "1985"))
    assert "65,85%" in held
    assert "Số người dự họp: 41" in held
    assert "Số: 215/QĐ-UBND" in decided
    assert "Hộ nghèo: 1 hộ, 2 nhân khẩu" in decided
    assert "Hộ thoát cận nghèo: 1 hộ, 1 nhân khẩu" in decided
    assert "ngày 17 tháng 10 năm 2025" in decided
    assert "Số: 0017/GCN-2025" in certified
    assert "GIẤY CHỨNG NHẬN HỘ NGHÈO" in certified
    assert "Đinh Văn Thưởng 04/05/2015 Con" in certified

    book = await fetch(registry, f"{at}/postings/{hung['id']}", format="xlsx")
    assert book.headers["content-type"] == XLSX
    sheet = load_workbook(io.BytesIO(book.content))["Danh sách"]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    cells = {cell for row in rows for cell in row}
    assert {"CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"} <= cells
    assert ["Hà Thị Ngoẵn", "Thôn Một", "Hộ nghèo", 2] in [row[1:5] for row in rows]


async def test_what_has_not_been_done_has_no_paper(registry: Registry) -> None:
    opened = await registry.post("/rounds", ROUND)
    nothing = "018f3c2a-0000-7000-8000-000000000000"
    for path in (f"postings/{nothing}", f"meetings/{nothing}", f"certificates/{nothing}"):
        answer = await registry.client.get(f"/rounds/{opened['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
    assert "Tổng cộng: 0 hộ" in await read(registry, f"/rounds/{opened['id']}/list")
