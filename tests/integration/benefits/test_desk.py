"""The desk of those who pay, in a real Chromium and through the simulated bank."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services.benefits.app import build
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.incoming import take_report
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.conftest import FUNDS
from tests.integration.benefits.platform import Benefits, Somebody, Through
from tests.support.access import grant
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
        await page.click("table a")
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
        assert "3120205112345" not in await page.content()


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
