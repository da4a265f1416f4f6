"""The desk of those who pay, in a real Chromium and through the simulated bank."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from services.benefits.app import build
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.incoming import take_report
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.conftest import FUNDS
from tests.integration.benefits.platform import Benefits, Somebody, Through, number_of
from tests.support.access import grant
from tests.support.accessible import Watched
from tests.support.desk import DeskSite, desk_site
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program
from tests.support.simulated_bank import SimulatedBank


@dataclass(frozen=True)
class Paying:
    """The site, the service as a client of its API sees it, and the bank."""

    site: DeskSite
    benefits: Benefits
    through: Through

    async def prepared_run(self) -> tuple[Somebody, str]:
        """Award to somebody and prepare this month's run; return them and the run's id."""
        await self.benefits.open_fund()
        who = await self.benefits.settle_in()
        await self.benefits.award(who)
        return who, str((await self.benefits.prepare())["id"])


@pytest.fixture
async def paying(create_database: CreateDatabase, bank_program: Program, tmp_path: Path) -> AsyncIterator[Paying]:
    """A benefits service with two people who pay, and one who may nothing."""
    url = await create_database("benefits")
    log = EventLogSettings(eventlog_url=url)
    async with (
        desk_site(
            "benefits",
            lambda identity: build(
                BenefitsSettings(
                    service="benefits", database_url=url, event_log=log, bank_simulated=True, identity=identity
                )
            ),
            tmp_path / "issuer",
            ("maker", "checker", "nobody"),
        ) as site,
        httpx.AsyncClient(base_url=bank_program.url, timeout=30, trust_env=False) as to_bank,
    ):
        benefits = Benefits(site.app, headers_of=site.issuer.headers)
        await grant(benefits.database, "maker", "checker")
        bank = SimulatedBank(to_bank)
        await bank.register(benefits.payer_number, balance=FUNDS, holder="SO Y TE")
        work = BankWork(HttpBank(BANK, bank_program.url, timeout=5), lease=timedelta(seconds=15))
        yield Paying(site, benefits, Through(benefits, bank, work))
        assert await benefits.broken_invariants() == []
        await benefits.client.aclose()
        await benefits.database.close()


async def test_a_run_is_approved_by_another_person_and_followed_to_the_statement(paying: Paying) -> None:
    who, run = await paying.prepared_run()
    path = f"/benefits/desk/runs/{run}"
    async with paying.site.signed_in("maker", path) as page:
        assert "người khác phải duyệt" in await page.inner_text("main")
        assert await page.locator("form[action$=approval]").count() == 0
    async with paying.site.signed_in("checker", "/benefits/desk") as page:
        watched = Watched(page)
        await watched.look()
        await page.click("table a")
        await watched.look()
        assert "1 lệnh, 750.000 đồng" in await page.inner_text("main")
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url(f"**{path}")
        assert "1 lệnh" in await page.inner_text("#stage-approved")
        assert "0 lệnh" in await page.inner_text("#stage-settled")
        await paying.through.round()
        await paying.through.close_day()
        order = await paying.through.until_attempt(who, "BOOKED")
        await page.reload()
        assert "1 lệnh, 750.000 đồng" in await page.inner_text("#stage-settled")
        await watched.look()
        await page.click("#stage-settled a")
        await watched.look()
        listed = await page.inner_text("table")
        assert order["instructions"][0]["end_to_end_id"] in listed
        assert "đã ghi nợ trên sao kê" in listed
        await page.click("text=Về đợt chi")
        await page.click("#stage-ordered a")
        await page.click("table a")
        history = await page.inner_text("#history")
        for step in (
            "người lập (maker)",
            "người duyệt (checker)",
            "Niêm phong",
            "Gọi ngân hàng",
            "Ngân hàng báo",
            "Sao kê",
        ):
            assert step in history
        assert order["instructions"][0]["bank_reference"] in history
        await page.locator("#history li", has_text="Sao kê").locator("a").click()
        assert "camt.053" in await page.inner_text("h1")
        await page.go_back()
        assert number_of(who) not in await page.content()
        for path in ("orders", "exceptions", "banks", "proposals?state=approved", f"runs/{run}/orders"):
            await page.goto(f"{paying.site.url}/benefits/desk/{path}")
            await watched.look()
        assert watched.faults == []


async def test_a_run_that_changed_after_it_was_seen_is_not_approved_by_its_old_page(paying: Paying) -> None:
    _, run = await paying.prepared_run()
    path = f"/benefits/desk/runs/{run}"
    async with paying.site.signed_in("checker", path) as page:
        await paying.benefits.award_of(760_000)
        await paying.benefits.prepare()
        await page.click("text=Duyệt đúng nội dung này")
        assert await page.locator(".problem").count() == 1
        assert "2 lệnh, 1.510.000 đồng" in await page.inner_text("main")
    assert (await paying.benefits.get(f"/runs/{run}"))["state"] == "PREPARED"


async def test_an_application_is_decided_on_a_page_that_shows_its_reasons(paying: Paying) -> None:
    await paying.benefits.open_fund()
    application = await paying.benefits.apply_for(await paying.benefits.settle_in())
    async with paying.site.signed_in("checker", "/benefits/desk/proposals") as page:
        await page.click("text=Đơn đề nghị trợ cấp")
        await page.click("text=Mở trang duyệt")
        shown = await page.inner_text("main")
        assert "Đủ điều kiện: 750.000 đồng một tháng" in shown
        assert "Diện hộ: hộ nghèo" in shown
        await page.click("button[value=approve]")
        await page.wait_for_url(f"**/applications/{application['id']}")
        assert "được duyệt" in await page.inner_text("main")


async def test_who_holds_no_role_sees_no_payment(paying: Paying) -> None:
    _, run = await paying.prepared_run()
    async with paying.site.signed_in("nobody", f"/benefits/desk/runs/{run}") as page:
        assert "Chưa có quyền" in await page.inner_text("main")
        assert "750.000" not in await page.content()


async def test_an_unclear_attempt_is_found_and_ended_by_a_certificate_that_two_people_saw(paying: Paying) -> None:
    await paying.benefits.open_fund()
    who = await paying.benefits.award_of(800_101)  # cut off before the bank took it
    await paying.benefits.approve(await paying.benefits.prepare())
    assert await paying.through.work.send(paying.benefits.database)
    async with paying.site.signed_in("maker", "/benefits/desk/exceptions") as page:
        await page.click("#attempts a")
        await page.fill("#certificate", "CV 124/NHNo ngày 26/11/2026")
        await page.click("text=Đề nghị")
        await page.wait_for_url("**/benefits/desk/proposals")
    assert (await paying.benefits.order_of(who))["instructions"][0]["state"] == "UNKNOWN"
    async with paying.site.signed_in("checker", "/benefits/desk/proposals") as page:
        await page.click("text=Lần gửi không ghi nợ theo xác nhận")
        assert "CV 124/NHNo" in await page.inner_text("main")
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url("**/proposals/*")
        await page.goto(f"{paying.site.url}/benefits/desk/exceptions")
        assert await page.locator("#attempts a").count() == 0
    assert (await paying.benefits.order_of(who))["state"] == "READY"


async def test_unexplained_money_is_explained_on_the_page_and_booked_by_another_person(paying: Paying) -> None:
    await paying.benefits.open_fund(money=0)
    await paying.benefits.unexplained_credit(700_000)
    async with paying.site.signed_in("maker", "/benefits/desk/exceptions") as page:
        await page.select_option("#suspense select", "contribution")
        await page.fill("#suspense input[name=reference]", "KBNN 0251/UNC")
        await page.click("#suspense button")
        await page.wait_for_url("**/benefits/desk/exceptions")
    [proposal] = (await paying.benefits.get("/proposals", kind="suspense-clearing"))["items"]
    async with paying.site.signed_in("checker", f"/benefits/desk/proposals/{proposal['id']}") as page:
        await page.click("text=Duyệt đúng nội dung này")
        await page.wait_for_url("**/proposals/*")
    assert await paying.benefits.get("/suspense") == []


async def test_people_who_share_an_account_are_seen_by_name_and_paid_once_two_people_let_them(paying: Paying) -> None:
    await paying.benefits.open_fund()
    for _ in range(2):
        await paying.benefits.award(await paying.benefits.settle_in(number="3120205110000"))
    await paying.benefits.prepare()
    here = "/benefits/desk/exceptions"
    async with paying.site.signed_in("maker", here) as maker, paying.site.signed_in("checker", here) as checker:
        watched = Watched(maker)
        await watched.look()
        shown = await maker.inner_text("#shared-accounts")
        assert shown.count("Đặng Thị Lan (") == 2
        assert "•••000" in shown
        assert "3120205110000" not in await maker.content()
        await maker.fill("#shared-accounts input[name=note]", "Vợ chồng dùng chung, biên bản 05")
        await maker.click("#shared-accounts button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click("text=Chi cho nhiều người vào một tài khoản")
        assert "Vợ chồng dùng chung" in await checker.inner_text("main")
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")
        await maker.goto(f"{paying.site.url}{here}")
        await expect(maker.locator("#shared-accounts")).to_contain_text("lập lại đợt chi")
        await watched.look()
        assert watched.faults == []
    assert (await paying.benefits.prepare())["declared_count"] == 2


async def test_a_payment_that_the_books_had_forgotten_is_joined_to_its_order_on_the_page(paying: Paying) -> None:
    await paying.benefits.open_fund()
    key, order = await paying.benefits.forget_a_debit()
    here = "/benefits/desk/banks"
    async with paying.site.signed_in("maker", here) as maker, paying.site.signed_in("checker", here) as checker:
        watched = Watched(maker)
        await watched.look()
        shown = await maker.inner_text("#forgotten")
        assert not_found(shown, key, "750.000 đồng", "sao kê ghi nợ") == []
        await maker.fill("form[action$=joining] input[name=order_id]", order)
        await maker.fill("form[action$=joining] input[name=note]", "Sao kê 1, biên bản 12")
        await maker.click("form[action$=joining] button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click("text=Ghép khoản ngân hàng đã chi vào lệnh")
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")
        await maker.goto(f"{paying.site.url}{here}")
        assert await maker.locator("#forgotten").count() == 0
        assert watched.faults == []
    assert (await paying.benefits.get(f"/orders/{order}"))["state"] == "PAID"


async def test_a_bank_without_a_service_that_tells_names_is_believed_on_paper(paying: Paying) -> None:
    who, run = await paying.prepared_run()
    here = f"/benefits/desk/runs/{run}/account-checks"
    async with paying.site.signed_in("maker", here) as maker, paying.site.signed_in("checker", here) as checker:
        watched = Watched(maker)
        await watched.look()
        await maker.fill("#by-hand [name='answers/0/holder_name']", "TRAN VAN KHAC")
        await maker.fill("#by-hand [name=paper]", "CV 88/NHNo ngày 20/11/2026")
        await maker.click("#by-hand button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click("text=Kết quả kiểm tra tài khoản nhập tay")
        assert not_found(await checker.inner_text("main"), "TRAN VAN KHAC", "Đặng Thị Lan", "CV 88") == []
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")
        assert watched.faults == []
    await paying.benefits.prepare()
    assert (await paying.benefits.order_of(who))["reason"] == "account_no_match"


async def test_a_message_that_cannot_be_used_is_looked_at_and_set_aside_with_a_reason(paying: Paying) -> None:
    await take_report(paying.benefits.database, BANK, "GOV-20261128-0001-A", b"<Document/>")
    [message] = (await paying.benefits.get("/bank-messages", state="quarantined"))["items"]
    async with paying.site.signed_in("maker", "/benefits/desk/exceptions") as page:
        await page.click("#messages a")
        await page.fill("#note", "Ngân hàng xác nhận gửi nhầm")
        await page.click("button:has-text('Gác lại')")
        await page.wait_for_url(f"**/messages/{message['id']}")
        assert "đã gác lại" in await page.inner_text("main")
        await page.goto(f"{paying.site.url}/benefits/desk/exceptions")
        assert await page.locator("#messages a").count() == 0


async def test_a_run_is_paused_and_an_order_held_and_both_go_on_by_another_person(paying: Paying) -> None:
    who, run = await paying.prepared_run()
    order = str((await paying.benefits.order_of(who))["id"])
    at = f"/benefits/desk/orders/{order}"
    async with paying.site.signed_in("maker", at) as maker, paying.site.signed_in("checker", at) as checker:
        await maker.fill("form[action$=hold] input[name=reason]", "Chờ giấy chứng tử của xã")
        await maker.click("form[action$=hold] button")
        await expect(maker.locator("main")).to_contain_text("người khác phải cho chi tiếp")
        await checker.reload()
        await checker.click("form[action$=hold-release] button")
        await expect(checker.locator("main")).not_to_contain_text("Chờ giấy chứng tử")
        await paying.benefits.approve(await paying.benefits.prepare())
        await maker.goto(f"{paying.site.url}/benefits/desk/runs/{run}")
        await maker.fill("#reason", "Chờ xác minh danh sách")
        await maker.click("form[action$=pause] button")
        await expect(maker.locator("main dl")).to_contain_text("Chờ xác minh danh sách")
        await paying.through.round()
        assert [one["state"] for one in (await paying.benefits.order_of(who))["instructions"]] == ["QUEUED"]
        await checker.goto(f"{paying.site.url}/benefits/desk/runs/{run}")
        await checker.click("form[action$=resumption] button")
        await expect(checker.locator("main dl")).not_to_contain_text("Chờ xác minh danh sách")
        await paying.through.until_attempt(who, "REPORTED_SETTLED")
        await maker.goto(f"{paying.site.url}{at}")
        await maker.select_option("#reason", "DUPL")
        await maker.fill("form[action$=recall] #note", "Đã chuyển hai lần theo đơn số 12")
        await maker.click("form[action$=recall] button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click("text=Đề nghị ngân hàng thu hồi")
        shown = await checker.inner_text("main")
        assert "chi hai lần" in shown
        assert "750.000 đồng" in shown
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")
        await maker.goto(f"{paying.site.url}{at}")
        assert "chi hai lần" in await maker.inner_text("#recalls")


async def test_a_bank_is_halted_and_after_a_restore_read_back_and_each_goes_on_by_two_people(paying: Paying) -> None:
    who, run = await paying.prepared_run()
    here = "/benefits/desk/banks"

    async def approved(checker: Page, kind: str) -> None:
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click(f"table >> text={kind}")
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")

    async with paying.site.signed_in("maker", here) as maker, paying.site.signed_in("checker", here) as checker:
        await checker.fill(f"#halt-{BANK}", "Ngân hàng báo sự cố")
        await checker.click("form[action$=halt] button")
        await expect(checker.locator("main")).to_contain_text("đã dừng gửi")
        await maker.reload()
        await maker.fill(f"#release-{BANK}", "Ngân hàng báo đã khắc phục")
        await maker.click(f"form[action$='banks/{BANK}/release'] button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await approved(checker, "Cho gửi ngân hàng tiếp")
        await maker.goto(f"{paying.site.url}{here}")
        assert "nhận tệp bình thường" in await maker.inner_text("main")
        await maker.click("form[action$=recovery] button")
        await expect(maker.locator("#recoveries")).to_contain_text("đang đọc lại từ ngân hàng")
        await paying.benefits.approve(await paying.benefits.prepare())
        await paying.through.round()
        assert [one["state"] for one in (await paying.benefits.order_of(who))["instructions"]] == ["QUEUED"], run
        while await paying.through.work.recover(paying.benefits.database):
            await paying.through.round()
        await paying.through.work.recover(paying.benefits.database)
        await maker.reload()
        await maker.click("form[action*='recoveries'] button")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await approved(checker, "Cho gửi tiếp sau khi phục hồi")
        await maker.goto(f"{paying.site.url}{here}")
        assert "cho gửi tiếp bởi checker" in await maker.inner_text("#recoveries")
    await paying.through.until_attempt(who, "REPORTED_SETTLED")


async def test_an_accountant_prepares_a_run_looks_at_a_name_that_differs_and_closes_the_month(paying: Paying) -> None:
    await paying.benefits.open_fund()
    who = await paying.benefits.settle_in()
    await paying.benefits.award(who)
    async with (
        paying.site.signed_in("maker", "/benefits/desk") as maker,
        paying.site.signed_in("checker", "/benefits/desk") as checker,
    ):
        watched = Watched(maker)

        async def prepared() -> None:
            await maker.goto(f"{paying.site.url}/benefits/desk")
            await maker.fill("[name='declared/count']", "1")
            await maker.fill("[name='declared/sum']", "750000")
            await maker.click("form[action$='desk/runs'] button")
            await maker.wait_for_url("**/benefits/desk/runs/*")

        await maker.fill("[name='declared/count']", "2")
        await maker.fill("[name='declared/sum']", "750000")
        await maker.click("form[action$='desk/runs'] button")
        await expect(maker.locator(".problem")).to_contain_text("750.000")
        await watched.look()
        await prepared()
        await paying.benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
        await maker.click("text=Tên chủ tài khoản theo ngân hàng")
        assert not_found(await maker.inner_text("main"), "Đặng Thị Lan", "DANG T LAN", "tên gần giống") == []
        await watched.look()
        await maker.fill("input[name=note]", "Đã đối chiếu căn cước")
        await maker.click("text=Đề nghị chấp nhận")
        await maker.wait_for_url("**/benefits/desk/proposals")
        await checker.goto(f"{paying.site.url}/benefits/desk/proposals")
        await checker.click("table a")
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("đã duyệt")
        await prepared()
        run = maker.url
        await checker.goto(run)
        await checker.click("text=Duyệt đúng nội dung này")
        await expect(checker.locator("main dl").first).to_contain_text("Người duyệt")
        await paying.through.round()
        await paying.through.close_day()
        await paying.through.until_attempt(who, "BOOKED")
        await maker.goto(run)
        await maker.click("form[action$=month] button")
        await maker.wait_for_url("**/benefits/desk/months/*")
        await maker.click("text=Đã chi >> visible=true")
        assert (
            not_found(await maker.inner_text("main"), "1 lệnh, 750.000 đồng", "0 lệnh, 0 đồng", "Khóa sổ tháng") == []
        )
        await watched.look()
        assert watched.faults == []


def not_found(text: str, *wanted: str) -> list[str]:
    """Return what of the wanted is not there."""
    return [each for each in wanted if each not in text]
