"""Where a person is paid, on pages: proposed, compared in full for a purpose, approved by another, remembered."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from shared.audit.tables import audit_rows
from tests.integration.registry.conftest import member
from tests.integration.registry.desk import Desk, desk_of, found_in
from tests.integration.registry.test_households import ACCOUNT
from tests.support.postgres import Databases

NUMBER = ACCOUNT["number"]


@pytest.fixture(scope="module")
async def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A registry with two people of one commune and one of another."""
    async with desk_of(databases, tmp_path_factory.mktemp("issuer")) as desk:
        yield desk


async def test_an_account_is_proposed_compared_and_approved_by_another_person(desk: Desk) -> None:
    household = await desk.household(member())
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}") as page:
        assert "bằng tiền mặt" in await page.inner_text("main table")
        await page.click("main table a")
        at = page.url.removeprefix(desk.site.url)
        await page.select_option("[name='account/bank_bin']", "970405")
        await page.fill("[name='account/number']", NUMBER)
        await page.fill("[name='account/holder_name']", "LO VAN KHAC")
        await page.click("form[action$=account-change] button")
        assert "Tài khoản mang tên người khác" in await page.inner_text(".problem")
        await page.fill("[name='account/holder_name']", "HA THI MAN")
        await page.click("form[action$=account-change] button")
        await expect(page.locator("#accounts .notice")).to_contain_text("chờ người thứ hai duyệt")
        assert NUMBER not in await page.content()
    async with desk.site.signed_in("chair", at) as page:
        await page.click("#accounts .notice a")
        shown = await page.inner_text("main")
        assert not found_in(shown, "Hà Thị Mận", "bằng tiền mặt", "Agribank …456, HA THI MAN")
        assert NUMBER not in await page.content()
        await page.fill("#purpose", "xem")
        await page.click("form[action$=whole] button")
        assert await page.get_attribute("#purpose", "aria-invalid") == "true"
        await page.fill("#purpose", "Đối chiếu với giấy đề nghị của người hưởng")
        await page.click("form[action$=whole] button")
        assert NUMBER in await page.inner_text("#whole")
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url("**/proposals/*")
        await page.goto(f"{desk.site.url}{at}")
        history = await page.inner_text("#accounts table")
        assert not found_in(history, "Agribank …456", "officer", "chair", "chưa hỏi ngân hàng")
    async with desk.registry.database.transaction() as session:
        asked = select(audit_rows.c.who, audit_rows.c.purpose).where(audit_rows.c.purpose.is_not(None))
        seen = [tuple(row) for row in await session.execute(asked)]
    assert seen == [("chair", "Đối chiếu với giấy đề nghị của người hưởng")], "what numbers were seen for is on record"


async def test_money_may_go_to_an_authorised_person_by_a_document_and_numbers_are_shown_for_a_purpose(
    desk: Desk,
) -> None:
    household = await desk.registry.get(f"/households/{await desk.household(member(personal_number='001185012345'))}")
    path = f"/registry/desk/people/{household['members'][0]['id']}"
    async with desk.site.signed_in("officer", path) as page:
        await page.check("input[value=authorised]")
        await page.select_option("[name='account/bank_bin']", "970405")
        await page.fill("[name='account/number']", NUMBER)
        await page.fill("[name='account/holder_name']", "HA VAN NAM")
        authorised = "account/authorised/"
        await page.fill(f"[name='{authorised}full_name']", "Hà Văn Nam")
        await page.fill(f"[name='{authorised}document_number']", "12/2026/UQ")
        await page.fill(f"[name='{authorised}document_date']", "2026-10-01")
        await page.fill(f"[name='{authorised}valid_from']", "2026-10-01")
        await page.fill(f"[name='{authorised}valid_to']", "2026-12-15")
        await page.click("form[action$=account-change] button")
        await page.click("#accounts .notice a")
        shown = await page.inner_text("main")
        assert not found_in(shown, "Hà Văn Nam", "giấy ủy quyền số 12/2026/UQ", "Từ 01/10/2026 đến 15/12/2026")
        proposal = page.url.removeprefix(desk.site.url)
        await page.goto(f"{desk.site.url}{path}")
        assert "001185012345" not in await page.content()
        await page.fill("#purpose", "Đối chiếu với thẻ căn cước tại buổi chi trả")
        await page.click("form[action$=numbers] button")
        assert "001185012345" in await page.inner_text("#numbers")
        assert "purpose" not in page.url
    async with desk.site.signed_in("chair", proposal) as page:
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url("**/proposals/*")
    async with desk.site.signed_in("officer", "/registry/desk") as page:
        await page.click("a[href$=ending-authorisations]")
        assert not found_in(await page.inner_text("main"), "Hà Thị Mận", "15/12/2026")


async def test_who_works_elsewhere_sees_no_account_and_no_person(desk: Desk) -> None:
    household = await desk.registry.get(f"/households/{await desk.household(member(full_name='Đinh Thị Khuất'))}")
    person = household["members"][0]["id"]
    async with desk.site.signed_in("stranger", f"/registry/desk/people/{person}") as page:
        assert "Đinh Thị Khuất" not in await page.content()
        assert await page.locator("form[action$=account-change]").count() == 0
