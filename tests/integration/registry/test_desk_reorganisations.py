"""A reorganisation planned, done by two people, its split households placed, confirmed or undone, all on pages."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.integration.registry.conftest import member
from tests.integration.registry.desk import Desk, desk_of, found_in
from tests.integration.registry.test_reorganisations import DAY, LAST, PAIRS, UNITS, unit
from tests.support.postgres import Databases
from tests.support.reorganising import in_state

VILLAGES = [unit(f"90003-{number}", "village", "thôn", "90003", "2020-01-01", LAST) for number in (1, 2)]


@pytest.fixture(scope="module")
async def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A registry with a province that is going to be reorganised, and households in a unit that is split."""
    async with desk_of(databases, tmp_path_factory.mktemp("issuer")) as desk:
        await desk.registry.post("/areas", UNITS + VILLAGES, status=200)
        for village, names in (("90003-1", ("Lý Một", "Lý Hai", "Lý Ba")), ("90003-2", ("Mã Một", "Mã Hai"))):
            for name in names:
                body = {"area_code": "90003", "village_code": village, "registered_on": "2026-01-05"}
                await desk.registry.post("/households", body | {"members": [member(full_name=name)]})
        yield desk


async def planned_on_page(page: Page) -> str:
    """Plan the reorganisation on the page; return the address of its page."""
    await page.fill("#title", "Sắp xếp đơn vị hành chính")
    await page.fill("#legal_basis", "1676/NQ-UBTVQH15")
    await page.fill("#effective_on", DAY)
    await page.fill("#successions", "\n".join(f"{old} {new}" for old, new in PAIRS))
    await page.click("button.main")
    await page.click("table a >> nth=0")
    return page.url


async def approved_on_page(desk: Desk, page: Page, at: str) -> None:
    """Approve what is proposed about a reorganisation, as the chair."""
    await page.goto(at)
    await page.click(".notice a")
    await page.click("text=Duyệt đúng nội dung này")
    await page.wait_for_url("**/proposals/*")
    assert "đã duyệt" in await page.inner_text("main"), desk


async def test_it_is_planned_done_placed_and_confirmed_by_two_people_on_pages(desk: Desk) -> None:
    async with (
        desk.site.signed_in("officer", "/registry/desk/reorganisations") as page,
        desk.site.signed_in("chair", "/registry/desk") as chair,
    ):
        await page.fill("#title", "Sắp xếp")
        await page.fill("#legal_basis", "1676/NQ-UBTVQH15")
        await page.fill("#effective_on", DAY)
        await page.fill("#successions", "90003 99999")
        await page.click("button.main")
        assert await page.locator(".problem li").count() == 1
        assert await page.input_value("#successions") == "90003 99999"
        at = await planned_on_page(page)
        shown = await page.inner_text("#plan")
        assert not found_in(shown, "Đơn vị 90003", "bị chia", "Đơn vị 90004", "hộ phải xếp từng hộ")
        await page.click("text=Đề nghị thực hiện")
        await page.wait_for_url("**/reorganisations/*")
        assert "chờ người thứ hai" in await page.inner_text("main")
        await approved_on_page(desk, chair, at)
        await page.reload()
        assert await page.locator("#progress progress").count() == 1
        await in_state(desk.registry, at.rpartition("/")[2], "applied")
        await page.goto(at)
        assert "Còn 5 hộ chờ xếp" in await page.inner_text("#worklist")
        await page.click("text=Xếp hộ vào đơn vị mới")
        await page.click("#villages a >> text=90003-1")
        assert await page.locator("input[name=chosen]:checked").count() == 3, "of a village, all"
        await page.select_option("#area_code", "90004")
        await page.click("button.main")
        await page.wait_for_url("**/worklist")
        await page.check("[aria-label='Mã Hai']")
        await page.select_option("#area_code", "90003")
        await page.click("button.main")
        await expect(page.locator("input[name=chosen]")).to_have_count(1)
        await page.goto(at)
        await page.click("text=Đề nghị xác nhận")
        assert "Còn hộ chưa xếp" in await page.inner_text(".problem")  # not before all are placed
        await page.goto(f"{at}/worklist")
        await page.check("[data-ticks]")
        await page.select_option("#area_code", "90004")
        await page.click("button.main")
        await expect(page.locator("main")).to_contain_text("Không có hộ nào")
        await page.goto(f"{at}/worklist?placed=true")
        assert not found_in(await page.inner_text("#household_ids"), "Mã Hai", "Đơn vị 90003", "officer")
        await page.goto(at)
        await page.click("text=Đề nghị xác nhận")
        await page.wait_for_url("**/reorganisations/*")
        await approved_on_page(desk, chair, at)
        await page.goto(at)
        assert "đã xác nhận" in await page.inner_text("main dl")
        assert await page.locator("form[action$=undo]").count() == 0


async def test_until_confirmed_it_is_undone_on_its_page_by_a_browser_without_scripts(desk: Desk) -> None:
    old = [
        unit("91", "province", "tỉnh", None, "2020-01-01"),
        *(unit(code, "commune", "xã", "91", "2020-01-01", "2026-07-31") for code in ("91001", "91002")),
        unit("91001", "commune", "xã", "91", "2026-08-01"),
    ]
    await desk.registry.post("/areas", old, status=200)
    body = {"area_code": "91002", "registered_on": "2026-01-05", "members": [member(full_name="Tẩn Thị Về")]}
    household = (await desk.registry.post("/households", body))["household"]["id"]
    order = {
        "title": "Sắp xếp thử",
        "legal_basis": "1676/NQ-UBTVQH15",
        "effective_on": "2026-08-01",
        "successions": [{"old_code": code, "new_code": "91001"} for code in ("91001", "91002")],
    }
    plan = await desk.registry.post("/reorganisations", order)
    at = f"/registry/desk/reorganisations/{plan['id']}"
    async with desk.site.signed_in("officer", at, scripts=False) as page:
        await page.click("text=Đề nghị thực hiện")
        await expect(page.locator(".notice")).to_contain_text("chờ người thứ hai")
        async with desk.site.signed_in("chair", "/registry/desk", scripts=False) as chair:
            await approved_on_page(desk, chair, f"{desk.site.url}{at}")
        await in_state(desk.registry, plan["id"], "applied")
        assert (await desk.registry.get(f"/households/{household}"))["area_code"] == "91001"
        await page.goto(f"{desk.site.url}{at}")
        await page.fill("#note", "Nghị quyết bị hủy bỏ")
        await page.click("form[action$=undo] button")
        await page.wait_for_url(f"**{at}")
        await in_state(desk.registry, plan["id"], "undone")
        await page.goto(f"{desk.site.url}{at}")
        assert not found_in(await page.inner_text("main dl"), "đã hủy", "officer", "Nghị quyết bị hủy bỏ")
    assert (await desk.registry.get(f"/households/{household}"))["area_code"] == "91002"


async def test_who_works_in_one_commune_sees_no_household_of_another(desk: Desk) -> None:
    async with desk.site.signed_in("stranger", "/registry/desk/reorganisations") as page:
        await page.click("table a >> nth=0")
        assert await page.locator("#plan").count() == 0
        await page.goto(f"{page.url}/worklist?placed=true")
        hidden = await page.content()
        assert "Lý Một" not in hidden
        assert "Mã Hai" not in hidden
