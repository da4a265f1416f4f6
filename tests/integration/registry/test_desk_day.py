"""A day at the desk of a commune: its officer and its approver, each with the rights of their role and no more."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from services.registry.duplicate_scan import compare_new_people
from shared.access import Role
from shared.audit.tables import audit_rows
from tests.integration.registry.conftest import member
from tests.integration.registry.desk import COMMUNE, Desk, desk_of, found_in
from tests.support.access import grant
from tests.support.accessible import Watched
from tests.support.postgres import Databases

OFFICER, APPROVER = "can-bo", "chu-tich"


@pytest.fixture(scope="module")
async def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A registry with an officer and an approver of one commune, and an officer of another."""
    async with desk_of(databases, tmp_path_factory.mktemp("issuer"), OFFICER, APPROVER) as desk:
        for subject, role in ((OFFICER, Role.COMMUNE_OFFICER), (APPROVER, Role.APPROVER)):
            await grant(desk.registry.database, subject, roles=[role], area=COMMUNE, communes=[COMMUNE])
        yield desk


async def settled(desk: Desk, **person: str) -> str:
    """Register a household of one person in the summer of 2025; return its id."""
    body = {"area_code": COMMUNE, "registered_on": "2025-06-02", "members": [member(**person)]}
    return str((await desk.registry.post("/households", body))["household"]["id"])


async def filled(page: Page, step: str, **fields: str) -> None:
    """Fill in the form of a step of a round, and send it."""
    for name, value in fields.items():
        await page.fill(f"form[action$={step}] [name='{name}']", value)
    await page.click(f"form[action$={step}] button.main")


async def test_a_commune_officer_and_an_approver_work_through_a_day(desk: Desk) -> None:
    household = await settled(desk, full_name="Quách Thị Mười")
    found = await desk.registry.assess(household, assessed_on="2025-07-02")
    await desk.registry.decide([found["id"]], decided_on="2025-07-03")
    for _ in range(2):
        await settled(desk, full_name="Bùi Thị Xuyến Chi", phone="0987654321")
    await compare_new_people(desk.registry.database)
    async with (
        desk.site.signed_in(OFFICER, "/registry/desk") as page,
        desk.site.signed_in(APPROVER, "/registry/desk") as chair,
    ):
        officer, approver = Watched(page), Watched(chair)
        assert not found_in(await page.inner_text("main"), "cán bộ xã", "Xã Tân Sơn", "1 cặp chờ xem")
        await officer.look()
        await officer.tab_through()
        at = await _review_up_to_the_posting(desk, officer, household)

        await chair.goto(f"{at}?stage=posted")
        await approver.look()
        signed = {"number": "41/QĐ-UBND", "signed_by": "Nguyễn Văn Bình"}
        await filled(chair, "decision", **signed, decided_on="2025-10-14")
        await expect(chair.locator(".problem")).to_have_count(1)  # the posting is not over
        await filled(chair, "decision", decided_on="2025-10-17")
        await page.goto(f"{at}?stage=decided")
        await officer.look()
        await filled(page, "certificates", issued_on="2025-10-20", signed_by="Nguyễn Văn Bình", first_number="17")
        await page.goto(f"{at}?stage=certified")
        assert not found_in(await page.inner_text("#cases"), "Quách Thị Mười", "hộ nghèo", "0017/GCN-2025")

        await _two_records_of_one_person(desk, officer, approver)
        await _a_birth_by_keyboard_alone(desk, officer, approver, household)

        for watched in (officer, approver):
            await watched.page.goto(f"{desk.site.url}/registry/desk")
            await watched.look()
            await watched.page.click("text=Đăng xuất")
            await watched.page.wait_for_url(f"{desk.site.url}/")  # by way of the issuer, who forgets them too
            await watched.page.goto(f"{desk.site.url}/registry/desk/households/{household}")
            assert "Quách Thị Mười" not in await watched.page.content(), "who signed out sees nothing more"
        assert officer.faults + approver.faults == []
    await _reads_are_on_record(desk, household)


async def _review_up_to_the_posting(desk: Desk, officer: Watched, household: str) -> str:
    """Open the yearly round, survey the household, hold the meeting, post; return the address of the round's page."""
    page = officer.page
    await page.click("text=Đợt rà soát")
    await page.fill("#area_code", COMMUNE)
    await page.fill("#period", "2025")
    await page.click("button.main")
    await page.click("text=Rà soát hằng năm 2025")
    await officer.look()
    await page.locator("li", has_text="Quách Thị Mười").locator("text=Nhập phiếu rà soát").click()
    await page.fill("#assessed_on", "2025-10-06")
    await page.check("input[value=score]")
    await page.fill("[name='route/b1_points']", "120")
    for number, box in enumerate((await page.locator("input[name='deprivations/-']").all())[:3], 1):
        await box.check()
        assert await page.inner_text("[data-total=b2]") == str(10 * number), "the score grows as it is entered"
    await officer.look()
    await officer.tab_through()
    await page.click("button[value=try]")
    await expect(page.locator("#outcome")).to_contain_text("hộ nghèo")
    await officer.look()
    await page.click("button[value=record]")
    await page.wait_for_url("**/registry/desk/rounds/*")
    at = page.url.partition("?")[0]
    await page.goto(f"{at}?stage=surveyed")
    await officer.look()
    held = {"village": "Thôn Một", "held_on": "2025-10-10", "chaired_by": "Hà Văn Tân", "secretary": "Đinh Thị Sửu"}
    await filled(page, "meeting", **held, present="41", **{f"agreeing/{household}": "30"})
    await page.goto(f"{at}?stage=agreed")
    await filled(page, "posting", posted_on="2025-10-09", places="Nhà văn hoá thôn Một")
    # Posted before the meeting was held: the refusal says the rule's day.
    await expect(page.locator(".problem")).to_contain_text("10/10/2025")
    await officer.look()
    await filled(page, "posting", posted_on="2025-10-13")
    await page.goto(f"{at}?stage=posted")
    assert await page.locator("form[action$=decision]").count() == 0, "an officer does not decide"
    assert desk.site.url in at
    return at


async def _two_records_of_one_person(desk: Desk, officer: Watched, approver: Watched) -> None:
    page, chair = officer.page, approver.page
    await page.goto(f"{desk.site.url}/registry/desk/duplicates")
    await officer.look()
    await page.locator("tr", has_text="Bùi Thị Xuyến Chi").locator("a").click()
    await page.locator("input[name=kept_id]").first.check()
    await page.fill("#effective_on", "2026-11-02")
    await page.fill("#note", "ngắn")
    await page.click("text=Đề nghị gộp hồ sơ")
    await expect(page.locator("#note")).to_have_attribute("aria-invalid", "true")
    await officer.look()
    await page.fill("#note", "Một người lập sổ hai lần, đã đối chiếu căn cước")
    await page.click("text=Đề nghị gộp hồ sơ")
    await page.wait_for_url("**/registry/desk/proposals")
    await chair.goto(f"{desk.site.url}/registry/desk")
    await chair.click("text=Gộp hai hồ sơ của một người")
    await expect(chair.locator("main")).to_contain_text("Bùi Thị Xuyến Chi")
    await approver.look()
    await chair.click("text=Duyệt đúng nội dung này")
    await expect(chair.locator("main dl").first).to_contain_text("đã duyệt")
    await page.goto(f"{desk.site.url}/registry/desk/duplicates?state=merged")
    assert "Bùi Thị Xuyến Chi" in await page.inner_text("main")


async def _a_birth_by_keyboard_alone(desk: Desk, officer: Watched, approver: Watched, household: str) -> None:
    page, chair = officer.page, approver.page
    await page.goto(f"{desk.site.url}/registry/desk/households/{household}")
    await officer.look()
    await officer.tab_through()
    await officer.reach("Sinh con")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/changes/birth")
    await officer.look()
    await page.locator("#effective_on").focus()
    await page.keyboard.type("11032026")  # as this browser asks for a day: month, day, year
    await expect(page.locator("#effective_on + output")).to_have_text("03/11/2026")
    await page.keyboard.press("Tab")
    await page.locator("[name='member/full_name']").focus()
    await page.keyboard.type("Quách Văn Bé")
    await officer.reach("Xem trước thay đổi")
    await page.keyboard.press("Enter")
    await expect(page.locator("#effects")).to_contain_text("Quách Văn Bé")
    await officer.look()
    await officer.reach("Ghi biến động")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=changed")
    await chair.goto(f"{desk.site.url}/registry/desk/changes")
    await approver.look()
    await approver.reach("Sinh con")
    await chair.keyboard.press("Enter")
    await expect(chair.locator("#effects")).to_contain_text("Quách Văn Bé")
    await approver.reach("Xác nhận biến động")
    await chair.keyboard.press("Enter")
    await expect(chair.locator("main dl")).to_contain_text("đã xác nhận")
    await approver.look()


async def _reads_are_on_record(desk: Desk, household: str) -> None:
    """Every page of a household that was looked at left a row that says who looked."""
    async with desk.registry.database.transaction() as session:
        read = select(audit_rows.c.who).where(
            audit_rows.c.object_id == household, audit_rows.c.operation == "get_household"
        )
        who = set((await session.execute(read)).scalars())
    assert OFFICER in who
    assert "stranger" not in who


async def test_an_officer_of_another_commune_finds_none_of_it_on_any_page(desk: Desk) -> None:
    household = await settled(desk, full_name="Đinh Thị Kín Đáo")
    change = {"kind": "move", "effective_on": "2026-11-01", "area_code": COMMUNE, "address": "Khu 9"}
    await desk.registry.change(household, change)
    async with desk.site.signed_in("stranger", "/registry/desk") as page:
        for path in (
            "",
            "/rounds",
            "/households?name=dinh",
            f"/households?area_code={COMMUNE}",
            "/changes",
            "/duplicates",
            "/proposals",
            f"/households/{household}",
            f"/households/{household}/survey",
            f"/households/{household}/changes/death",
        ):
            await page.goto(f"{desk.site.url}/registry/desk{path}")
            hidden = await page.inner_text("body")
            assert not {"Kín Đáo", "Khu 9", "Quách", "Xuyến"} & set(hidden.split()), path
            assert "Đinh Thị Kín Đáo" not in hidden, path
