"""The officer's desk in a real Chromium: what an officer sees, enters and approves, and what is kept from others."""

from collections.abc import AsyncIterator

import pytest

from services.registry.duplicate_scan import compare_new_people
from tests.integration.registry.conftest import decision_on, member
from tests.integration.registry.desk import COMMUNE, Desk, desk_of, found_in
from tests.integration.registry.test_households import ACCOUNT
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
async def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A registry with two people of one commune and one of another."""
    async with desk_of(databases, tmp_path_factory.mktemp("issuer")) as desk:
        yield desk


async def test_an_officer_enters_a_survey_sees_the_score_grow_tries_it_and_records_it(desk: Desk) -> None:
    household = await desk.household(member())
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/survey") as page:
        await page.fill("#assessed_on", "2026-11-02")
        for box in (await page.locator("input[name='deprivations/-']").all())[:3]:
            await box.check()
        assert await page.inner_text("[data-total=b2]") == "30"
        await page.check("input[value=income]")
        await page.fill("[name='route/income_per_person_month']", "1500000")
        await page.click("button[value=try]")
        outcome = await page.inner_text("#outcome")
        assert not found_in(outcome, "hộ nghèo", "1.500.000", "Nghị định 07/2021/NĐ-CP", "chưa ghi gì")
        assert await desk.registry.get(f"/households/{household}/assessments") == []
        await page.click("button[value=record]")
        await page.wait_for_url("**/households/*?done=assessed")
        assert not found_in(await page.inner_text("main"), "Đã rà soát, chờ quyết định", "hộ nghèo")
    (recorded,) = await desk.registry.get(f"/households/{household}/assessments")
    assert (recorded["b2_points"], recorded["proposed_class"], recorded["recorded_by"]) == (30, "poor", "officer")


@pytest.mark.parametrize(("area_code", "setting"), [("07900", "thành thị"), ("08566", "nông thôn")])
async def test_a_survey_in_a_ward_counts_by_the_points_of_towns(desk: Desk, area_code: str, setting: str) -> None:
    household = (await desk.registry.register(member(), area_code=area_code))["id"]
    forms = await desk.registry.get("/standards/vn-2022-2025/forms")
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/survey") as page:
        assert setting in await page.inner_text("main")
        item = forms[0]["items"][0]
        points = item["answers"][0]["points"][forms[0]["regions"][0]]["urban" if area_code == "07900" else "rural"]
        option = page.locator(f"[name='route/answers/{item['code']}'] option[value='{item['answers'][0]['code']}']")
        assert await option.get_attribute("data-points-b1") == str(points)


async def test_a_refused_survey_says_where_it_is_wrong_and_keeps_what_was_entered(desk: Desk) -> None:
    household = await desk.household(member())
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/survey") as page:
        await page.fill("#assessed_on", "2099-01-01")
        await page.check("input[value=income]")
        await page.fill("[name='route/income_per_person_month']", "900000")
        await page.locator("input[name='deprivations/-']").first.check()
        await page.click("button[value=record]")
        assert await page.locator(".problem").count() == 1
        assert await page.get_attribute("#assessed_on", "aria-invalid") == "true"
        assert await page.input_value("[name='route/income_per_person_month']") == "900000"
        assert await page.locator("input[name='deprivations/-']").first.is_checked()
    assert await desk.registry.get(f"/households/{household}/assessments") == []


async def test_a_household_shows_its_classes_with_the_reasons_they_rest_on(desk: Desk) -> None:
    household = await desk.household(member(full_name="Bùi Thị Đào"))
    assessment = await desk.registry.assess(household)
    await desk.registry.post("/decisions", decision_on([assessment["id"]]))
    async with desk.site.signed_in("officer", "/registry/desk/households?area_code=08566&household_class=poor") as page:
        await page.click("text=Bùi Thị Đào")
        shown = await page.inner_text("main")
        assert not found_in(
            shown, "Hộ Bùi Thị Đào", "phát sinh nghèo mới", "Điểm B1: 120", "không quá 140", "Nguồn nước"
        )


async def test_what_one_person_proposed_another_approves_and_nobody_both(desk: Desk) -> None:
    household = await desk.registry.get(f"/households/{await desk.household(member())}")
    person = household["members"][0]["id"]
    proposed = await desk.registry.post(f"/people/{person}/account-changes", {"account": ACCOUNT})
    path = f"/registry/desk/proposals/{proposed['id']}"
    async with desk.site.signed_in("officer", path) as page:
        assert "người khác phải duyệt" in await page.inner_text("main")
        assert await page.locator("form[action$=approval]").count() == 0
    async with desk.site.signed_in("chair", "/registry/desk") as page:
        await page.click("text=Đổi tài khoản nhận tiền")
        assert ACCOUNT["number"] not in await page.content()
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url(f"**{path}")
        assert "đã duyệt" in await page.inner_text("main")
    paid = (await desk.registry.get(f"/people/{person}"))["account"]
    assert paid["number_ends"] == ACCOUNT["number"][-3:]


async def test_a_refusal_of_a_proposal_takes_a_reason(desk: Desk) -> None:
    household = await desk.registry.get(f"/households/{await desk.household(member())}")
    proposed = await desk.registry.post(
        f"/people/{household['members'][0]['id']}/account-changes", {"account": ACCOUNT}
    )
    async with desk.site.signed_in("chair", f"/registry/desk/proposals/{proposed['id']}") as page:
        await page.fill("#note", "x")
        await page.click("text=Từ chối")
        assert await page.get_attribute("#note", "aria-invalid") == "true"
        await page.fill("#note", "Sai tên chủ tài khoản")
        await page.click("text=Từ chối")
        assert not found_in(await page.inner_text("main"), "bị từ chối", "Sai tên chủ tài khoản")


async def test_an_officer_of_another_commune_sees_neither_the_household_nor_that_it_exists(desk: Desk) -> None:
    household = await desk.household(member(full_name="Đinh Văn Khuất"))
    async with desk.site.signed_in("stranger", f"/registry/desk/households/{household}") as page:
        hidden = await page.content()
        unknown = await page.goto(f"{desk.site.url}/registry/desk/households/{'0' * 8}-0000-7000-8000-{'0' * 12}")
        assert unknown is not None
        assert unknown.status == 404
        assert "Đinh Văn Khuất" not in hidden
        assert await page.inner_text("h1") in hidden
        await page.goto(f"{desk.site.url}/registry/desk/households?area_code={COMMUNE}")
        assert "Đinh Văn Khuất" not in await page.content()


async def test_a_page_without_its_own_anti_forgery_token_changes_nothing(desk: Desk) -> None:
    household = await desk.household(member())
    path = f"/registry/desk/households/{household}/survey"
    async with desk.site.signed_in("officer", path) as page:
        forged: dict[str, str | float | bool] = {"csrf_token": "0" * 64, "standard": "vn-2022-2025", "do": "record"}
        answer = await page.request.post(f"{desk.site.url}{path}", form=forged)
        assert answer.status == 403
    assert await desk.registry.get(f"/households/{household}/assessments") == []


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(desk: Desk) -> None:
    async with desk.site.signed_in("officer", "/registry/desk/households?area_code=08566") as page:
        assert await page.input_value("#area_code") == COMMUNE


async def test_people_are_found_without_marks_and_by_a_number_that_stays_out_of_the_address(
    desk: Desk,
) -> None:
    await desk.household(member(full_name="Đặng Thị Hường", phone="0912345678", personal_number="025185012345"))
    async with desk.site.signed_in("officer", "/registry/desk/households?name=dang+huong") as page:
        assert await page.locator("table a").all_inner_texts() == ["Đặng Thị Hường"]
        assert "025185012345" not in await page.content()
        async with page.expect_download() as taken:
            await page.click("text=XLSX")
        assert (await (await taken.value).path()).stat().st_size > 1_000
        await page.fill("#personal_number", "025185012345")
        await page.click("text=Tìm theo số")
        assert await page.locator("table a").all_inner_texts() == ["Đặng Thị Hường"]
        assert "025185012345" not in page.url
        await page.fill("#phone", "0912 345 678")
        await page.click("text=Tìm theo số")
        assert await page.locator("table a").all_inner_texts() == ["Đặng Thị Hường"]


async def test_two_records_are_shown_side_by_side_and_told_apart_with_a_reason(desk: Desk) -> None:
    for _ in range(2):
        await desk.household(member(full_name="Bùi Thị Xuyến Chi", phone="0987654321"))
    await compare_new_people(desk.registry.database)
    async with desk.site.signed_in("officer", "/registry/desk/duplicates") as page:
        pair = page.locator("tr", has_text="Bùi Thị Xuyến Chi")
        await pair.locator("a").click()
        assert not found_in(await page.inner_text("main"), "họ tên: giống hệt", "số điện thoại: giống hệt")
        await page.fill("#why_distinct", "x")
        await page.click("button:has-text('Là hai người khác nhau')")
        assert await page.get_attribute("#why_distinct", "aria-invalid") == "true"
        await page.fill("#why_distinct", "Hai chị em họ, đã gặp cả hai")
        await page.click("button:has-text('Là hai người khác nhau')")
        await page.wait_for_url("**/registry/desk/duplicates")
        assert await pair.count() == 0
        await page.goto(f"{desk.site.url}/registry/desk/duplicates?state=distinct")
        assert await pair.count() == 1
