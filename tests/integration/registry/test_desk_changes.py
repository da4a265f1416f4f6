"""Changes of households told, confirmed and undone on pages, in a real Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.integration.registry.conftest import member
from tests.integration.registry.desk import COMMUNE, Desk, desk_of, found_in
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
async def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A registry with two people of one commune and one of another."""
    async with desk_of(databases, tmp_path_factory.mktemp("issuer")) as desk:
        yield desk


def family(surname: str) -> list[dict[str, object]]:
    """Return a mother, a father and a child of a name."""
    return [
        member(full_name=f"{surname} Thị Mận"),
        member(full_name=f"{surname} Văn Nam", sex="male", birth_date="1983-01-01", relationship="spouse"),
        member(full_name=f"{surname} Thị Lan", birth_date="2005-05-05", relationship="child"),
    ]


async def settled(desk: Desk, *members: dict[str, object]) -> str:
    """Register a household at the beginning of the year; return its id."""
    body = {"area_code": COMMUNE, "registered_on": "2026-01-05", "members": list(members)}
    return str((await desk.registry.post("/households", body))["household"]["id"])


async def filled(page: Page, **fields: str) -> None:
    """Fill in fields by their names; what is a choice is chosen by its text."""
    for name, value in fields.items():
        at = page.locator(f"[name='{name.replace('__', '/')}']:not([type=hidden])")
        if await at.evaluate("each => each.tagName") == "SELECT":
            await at.select_option(label=value)
        else:
            await at.fill(value)


async def recorded(page: Page) -> str:
    """Look at the preview, record it, and return what the preview said."""
    await page.click("button[value=try]")
    shown = await page.inner_text("#effects")
    await page.click("button[value=record]")
    await page.wait_for_url("**?done=changed")
    return shown


async def test_a_birth_is_previewed_recorded_confirmed_by_another_and_stands_in_the_history(desk: Desk) -> None:
    household = await settled(desk, *family("Lò"))
    here = f"/registry/desk/households/{household}"
    async with desk.site.signed_in("officer", here) as page:
        await page.click("text=Sinh con")
        await filled(page, effective_on="2026-10-03", member__full_name="Lò Văn Bé", member__sex="nam")
        await filled(page, note="Giấy khai sinh số 12/2026")
        await page.click("button[value=try]")
        assert not found_in(await page.inner_text("main"), "Lò Văn Bé", "con", "Chưa ghi gì", "03/10/2026")
        assert len((await desk.registry.get(f"/households/{household}"))["members"]) == 3, "a preview records nothing"
        await page.click("button[value=edit]")
        assert await page.input_value("[name='member/full_name']") == "Lò Văn Bé"
        assert "Lò Văn Bé" in await recorded(page)
        assert not found_in(
            await page.inner_text("main"), "Lò Văn Bé", "Giấy khai sinh số 12/2026", "chờ người thứ hai"
        )
        await page.click("#changes a")
        assert "người khác phải xác nhận" in await page.inner_text("main")
        assert await page.locator("form[action$=confirmation]").count() == 0
    async with desk.site.signed_in("chair", "/registry/desk") as page:
        await page.click("text=biến động chờ xác nhận")
        await page.click("table a")
        assert "Lò Văn Bé" in await page.inner_text("#effects")
        await page.click("text=Xác nhận biến động")
        await page.wait_for_url("**/registry/desk/changes/*")
        assert not found_in(await page.inner_text("main"), "đã xác nhận", "chair")
    (change,) = await desk.registry.get(f"/households/{household}/changes")
    assert (change["prepared_by"], change["confirmed_by"]) == ("officer", "chair")


async def test_a_head_dies_and_the_form_asks_who_heads_the_household_now(desk: Desk) -> None:
    household = await settled(desk, *family("Vì"))
    head, father, child = (await desk.registry.get(f"/households/{household}"))["members"]
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/changes/death") as page:
        await filled(page, person_id="Vì Thị Mận", effective_on="2026-09-09")
        await page.click("button[value=try]")
        assert "chủ hộ" in await page.inner_text(".problem")
        assert await page.input_value("#effective_on") == "2026-09-09"
        await filled(page, **{f"related/{father['id']}": "chủ hộ", f"related/{child['id']}": "con"})
        shown = await recorded(page)
        assert not found_in(shown, "qua đời", "Vì Văn Nam")
    after = await desk.registry.get(f"/households/{household}")
    assert [(each["full_name"], each["relationship"]) for each in after["members"]] == [
        ("Vì Văn Nam", "head"),
        ("Vì Thị Lan", "child"),
    ]
    assert [each["reason"] for each in after["former"]] == ["died"]
    assert head["id"] == after["former"][0]["person_id"]


async def test_of_two_officers_at_one_household_the_second_is_told_who_was_first(desk: Desk) -> None:
    household = await settled(desk, *family("Cầm"))
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/changes/move") as page:
        await filled(page, effective_on="2026-09-01", address="Khu 2")
        details = {"kind": "leave", "effective_on": "2026-08-08", "reason": "marriage"}
        person = (await desk.registry.get(f"/households/{household}"))["members"][2]["id"]
        await desk.registry.change(household, details | {"person_id": person})
        await page.click("button[value=try]")
        assert not found_in(await page.inner_text("main"), "Dữ liệu đã thay đổi", "officer đã ghi: Rời khỏi hộ")
        assert await page.input_value("#address") == "Khu 2"
        assert "Khu 2" in await recorded(page)
    assert (await desk.registry.get(f"/households/{household}"))["address"] == "Khu 2"


async def test_members_split_off_and_somebody_joins_found_without_marks(desk: Desk) -> None:
    household = await settled(desk, *family("Quàng"))
    other = await settled(desk, *family("Lường"))
    _, father, child = (await desk.registry.get(f"/households/{household}"))["members"]
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/changes/split") as page:
        await filled(page, effective_on="2026-08-01")
        for each, becomes in ((father, "chủ hộ"), (child, "con")):
            await page.check(f"#going-{each['id']}")
            await filled(page, **{f"related/{each['id']}": becomes})
        assert not found_in(await recorded(page), "Hộ mới", "ra ở riêng")
        await page.goto(f"{desk.site.url}/registry/desk/households/{household}/changes/join")
        await filled(page, find__name="luong lan")
        await page.click("button[value=find]")
        await page.click("#found button")
        assert "Lường Thị Lan" in await page.inner_text("#chosen")
        await filled(page, effective_on="2026-08-15", reason="kết hôn", relationship="con")
        assert not found_in(await recorded(page), "Lường Thị Lan", "chuyển sang hộ khác")
    assert [each["full_name"] for each in (await desk.registry.get(f"/households/{household}"))["members"]] == [
        "Quàng Thị Mận",
        "Lường Thị Lan",
    ]
    assert len((await desk.registry.get(f"/households/{other}"))["members"]) == 2


async def test_two_books_of_one_household_are_merged_by_two_people_on_pages(desk: Desk) -> None:
    staying, absorbed = await settled(desk, *family("Tòng")), await settled(desk, member(full_name="Tòng Thị Nhập"))
    async with desk.site.signed_in("officer", f"/registry/desk/households/{staying}/changes/merge") as page:
        await filled(page, find__name="tong nhap")
        await page.click("button[value=find]")
        await page.click("#found button")
        await filled(page, effective_on="2026-10-10", note="Hai sổ của một hộ, đã kiểm tra tại nhà")
        await page.click("button[value=try]")
        assert not found_in(await page.inner_text("#effects"), "Tòng Thị Nhập", "đã gộp vào hộ khác")
        await page.click("button[value=record]")
        await page.wait_for_url("**/registry/desk/proposals/*")
        proposal = page.url.removeprefix(desk.site.url)
        assert not found_in(await page.inner_text("main"), "Gộp hộ", "Tòng Thị Mận", "Tòng Thị Nhập", "10/10/2026")
    async with desk.site.signed_in("chair", proposal) as page:
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url(f"**{proposal}")
    assert (await desk.registry.get(f"/households/{absorbed}"))["ended"]["continued_in"] == staying
    async with desk.site.signed_in("officer", f"/registry/desk/households/{absorbed}") as page:
        assert not found_in(await page.inner_text("main"), "Tòng Thị Nhập", "đã gộp vào hộ khác", "Xem hộ tiếp nhận")


async def test_a_change_is_undone_by_who_told_it_and_a_confirmed_one_by_two(desk: Desk) -> None:
    household = await settled(desk, *family("Hà"))
    move = {"kind": "move", "effective_on": "2026-09-01", "area_code": COMMUNE, "address": "Nhà nhầm"}
    change = (await desk.registry.change(household, move))["change_id"]
    async with desk.site.signed_in("officer", f"/registry/desk/changes/{change}") as page:
        await page.fill("#note", "x")
        await page.click("button.danger")
        assert await page.get_attribute("#note", "aria-invalid") == "true"
        await page.fill("#note", "Ghi nhầm hộ khi nhập liệu")
        await page.click("button.danger")
        await page.wait_for_url("**/registry/desk/changes/*")
        assert "đã hủy" in await page.inner_text("main")
    assert (await desk.registry.get(f"/households/{household}"))["address"] is None
    again = (await desk.registry.change(household, move))["change_id"]
    async with desk.site.signed_in("chair", f"/registry/desk/changes/{again}") as page:
        await page.click("text=Xác nhận biến động")
        await page.wait_for_url("**/registry/desk/changes/*")
    async with desk.site.signed_in("officer", f"/registry/desk/changes/{again}") as page:
        await page.fill("#note", "Ghi nhầm hộ khi nhập liệu")
        await page.click("text=Đề nghị hủy")
        await page.wait_for_url("**/registry/desk/proposals")
    async with desk.site.signed_in("chair", "/registry/desk/proposals") as page:
        await page.click("text=Hủy thay đổi của hộ")
        assert not found_in(await page.inner_text("main"), "Ghi nhầm hộ khi nhập liệu", "Chuyển nơi ở", "01/09/2026")
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url("**/proposals/*")
    assert (await desk.registry.get(f"/households/{household}"))["address"] is None


async def test_facts_of_a_household_and_its_people_are_corrected_on_a_form(desk: Desk) -> None:
    household = await settled(desk, *family("Bàn"))
    _, father, _ = (await desk.registry.get(f"/households/{household}"))["members"]
    known = {
        "home": {"latrine": "none", "floor_area_m2": "48.50", "information_means": ["radio"]},
        "members": [{"person_id": father["id"], "education": ["finished_primary"], "health_insurance": True}],
    }
    await desk.registry.change(household, {"kind": "facts", "effective_on": "2026-02-01"} | known)
    here = f"/registry/desk/households/{household}"
    async with desk.site.signed_in("officer", here) as page:
        assert not found_in(
            await page.inner_text("#facts"), "Nhà tiêu", "không có", "48,5", "đài", "tốt nghiệp tiểu học"
        )
        await page.click("text=Nhà ở, kinh tế, thông tin của người")
        assert await page.input_value("[name='home/floor_area_m2']") == "48.50"
        await filled(page, effective_on="2026-09-01", home__latrine="tự hoại", home__floor_area_m2="rộng")
        await page.click("button[value=try]")
        assert await page.get_attribute("[name='home/floor_area_m2']", "aria-invalid") == "true"
        assert await page.input_value("[name='home/latrine']") == "septic", "what was entered stays"
        await filled(page, home__floor_area_m2="52,25", home__income_per_person_month="1.650.000")
        await page.check("[name='home/information_means/-'][value=smartphone]")
        await filled(page, members__1__work="tự làm", members__1__health_insurance="chưa xác định")
        await filled(page, members__1__disabilities__0__kind="vận động", members__1__disabilities__0__degree="nặng")
        shown = await recorded(page)
        assert not found_in(
            shown,
            "Nhà tiêu\tkhông có\ttự hoại",
            "48,5\t52,25",
            "1.650.000 đồng",
            "đài, điện thoại thông minh",
            "Bàn Văn Nam, Việc làm\tchưa xác định\ttự làm",
            "Bàn Văn Nam, Bảo hiểm y tế\tcó\tchưa xác định",
            "vận động (nặng)",
        )
        assert "tốt nghiệp" not in shown, "what nobody touched is no change"
        await page.click("#changes a")
        assert "Nhà tiêu" in await page.inner_text("#effects"), "and the history says what it was"
    after = await desk.registry.get(f"/households/{household}")
    facts = after["facts"]
    assert (facts["latrine"], facts["floor_area_m2"], facts["income_per_person_month"]) == (
        "septic",
        "52.25",
        1_650_000,
    )
    nam = after["members"][1]["facts"]
    assert (nam["work"], nam["health_insurance"], nam["education"]) == ("own_account", None, ["finished_primary"])
    assert nam["disabilities"] == [{"kind": "movement", "degree": "severe"}]
    then = await desk.registry.get(f"/households/{household}", on="2026-08-31")
    assert then["facts"]["latrine"] == "none"


async def test_a_fact_that_another_officer_changed_meanwhile_stays_as_they_left_it(desk: Desk) -> None:
    household = await settled(desk, *family("Phàn"))
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}/changes/facts") as page:
        await filled(page, effective_on="2026-09-01", home__latrine="tự hoại")
        meanwhile = {"kind": "facts", "effective_on": "2026-08-01", "home": {"water_source": "tap"}}
        await desk.registry.change(household, meanwhile)
        await page.click("button[value=try]")
        assert "Dữ liệu đã thay đổi" in await page.inner_text("main")
        shown = await recorded(page)
        assert "Nhà tiêu" in shown
        assert "nước máy" not in shown
    facts = (await desk.registry.get(f"/households/{household}"))["facts"]
    assert (facts["latrine"], facts["water_source"]) == ("septic", "tap")


async def test_the_form_of_facts_speaks_english_and_shows_a_stranger_nothing(desk: Desk) -> None:
    household = await settled(desk, *family("Sùng"))
    path = f"/registry/desk/households/{household}/changes/facts"
    async with desk.site.signed_in("officer", path, locale="en-GB") as page:
        await filled(page, effective_on="2026-09-01", home__water_source="tap", home__livestock__pigs="a lot")
        await page.click("button[value=try]")
        assert await page.get_attribute("[name='home/livestock/pigs']", "aria-invalid") == "true"
        await filled(page, home__livestock__pigs="2")
        assert not found_in(await recorded(page), "Main source of water\tnot established\ttap", "pigs: 2")
    async with desk.site.signed_in("stranger", path) as page:
        assert "Sùng" not in await page.content()


async def test_a_household_is_shown_as_it_was_and_as_it_was_known(desk: Desk) -> None:
    household = await settled(desk, *family("Bạc"))
    move = {"kind": "move", "effective_on": "2026-09-01", "area_code": COMMUNE, "address": "Nhà mới của Bạc"}
    await desk.registry.change(household, move)
    async with desk.site.signed_in("officer", f"/registry/desk/households/{household}") as page:
        assert "Nhà mới của Bạc" in await page.inner_text("main dl")
        await page.fill("#on", "2026-08-31")
        await page.click("text=Xem hộ khi đó")
        assert "như ngày 31/08/2026" in await page.inner_text(".notice")
        assert "Nhà mới của Bạc" not in await page.inner_text("main dl")
        assert await page.locator("a[href*='/changes/birth']").count() == 0, "what was is not changed from its page"
        await page.fill("#on", "2026-01-01")
        await page.click("text=Xem hộ khi đó")
        assert await page.locator(".problem").count() == 1
        await page.goto(f"{desk.site.url}/registry/desk/households/{household}?known=2026-01-06T08:00&on=2026-10-01")
        assert await page.locator(".problem").count() == 1, "before it was recorded it was not known"


async def test_what_was_is_shown_with_the_units_of_its_day(desk: Desk) -> None:
    """The code of the commune was a township's until July 2025."""
    body = {"area_code": COMMUNE, "registered_on": "2025-02-01", "members": family("Lù")}
    household = (await desk.registry.post("/households", body))["household"]["id"]
    move = {"kind": "move", "effective_on": "2025-03-01", "area_code": COMMUNE, "address": "Khu 5"}
    change = (await desk.registry.change(household, move))["change_id"]
    here = f"/registry/desk/households/{household}"
    async with desk.site.signed_in("officer", here) as page:
        assert "Xã Tân Sơn" in await page.inner_text("main dl")
        for then in (f"{here}?on=2025-06-30", f"{here}?on=2025-04-01"):
            await page.goto(f"{desk.site.url}{then}")
            assert "Thị trấn Tân Phú" in await page.inner_text("main dl")
        await page.goto(f"{desk.site.url}/registry/desk/changes/{change}")
        assert "Khu 5, Thị trấn Tân Phú" in await page.inner_text("#effects")


async def test_who_may_only_read_tells_nothing_and_a_stranger_finds_nothing(desk: Desk) -> None:
    household = await settled(desk, *family("Điêu"))
    change = (
        await desk.registry.change(household, {"kind": "end", "effective_on": "2026-10-01", "reason": "dissolved"})
    )["change_id"]
    async with desk.site.signed_in("chair", f"/registry/desk/households/{household}/changes/birth") as page:
        await page.goto(f"{desk.site.url}/registry/desk/changes/{change}")
        assert "Điêu Thị Mận" in await page.inner_text("#effects")
    async with desk.site.signed_in("stranger", f"/registry/desk/changes/{change}") as page:
        assert "Điêu Thị Mận" not in await page.content()
        await page.goto(f"{desk.site.url}/registry/desk/households/{household}/changes/birth")
        assert "Điêu Thị Mận" not in await page.content()
