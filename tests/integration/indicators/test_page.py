"""The public page as people use it: in a browser, without scripts, by keyboard, on a small screen, in two languages."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page

from services.indicators.app import build
from services.indicators.settings import IndicatorsSettings
from shared import clock
from shared.db import Database
from shared.events import Event
from shared.settings import EventLogSettings
from tests.integration.indicators.given import STANDARD, award, decision, hear, messages, province, returned, settled
from tests.support.browser import browser as open_browser
from tests.support.serving import serving

DAY = "2026-09-30"
CHOSEN = f"?area=25&standard={STANDARD}&on={DAY}"

_CONTRAST = """() => {
  const channel = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const front = light(rgb(e instanceof SVGElement ? style.fill : style.color)), back = light(behind(e));
    const ratio = (Math.max(front, back) + .05) / (Math.min(front, back) + .05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the tests of this page."""
    async with open_browser() as opened:
        yield opened


@pytest.fixture
async def told(database: Database) -> Database:
    """A province whose poverty falls over 2026, with payments."""
    events: list[Event] = [
        *province(),
        *(decision(n, "poor", date(2025, 9, 1)) for n in range(60)),
        *(decision(n, "near_poor", date(2025, 9, 1)) for n in range(60, 100)),
        *(decision(n, "not_poor", date(2026, 1 + n // 5, 10)) for n in range(40)),
        *(decision(n, "near_poor", date(2025, 10, 1), code="08338") for n in range(200, 203)),
        decision("v", "poor", date(2025, 10, 1), code="07900"),
        award("a", 500_000),
        settled("a", 500_000, "2026-01"),
        settled("a", 500_000, "2026-02"),
        returned("a", 500_000, "2026-02"),
    ]
    await hear(database, messages(events))
    return database


@pytest.fixture
async def url(told: Database, app: FastAPI) -> AsyncIterator[str]:
    """The address at which the page is served."""
    async with serving(app) as base:
        yield base


async def _open(chromium: Browser, address: str, *, scripts: bool = False, width: int = 1200) -> tuple[Page, list[str]]:
    """Open an address and return the page with what the browser complained of, refused styles and scripts included."""
    context = await chromium.new_context(java_script_enabled=scripts, viewport={"width": width, "height": 800})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    await page.goto(address)
    return page, complaints


async def test_without_scripts_the_page_shows_the_numbers_of_the_api(
    chromium: Browser, url: str, client: httpx.AsyncClient
) -> None:
    page, complaints = await _open(chromium, f"{url}/{CHOSEN}")
    api = await client.get("/indicators/v1/poverty", params={"area_code": "25", "standard": STANDARD, "on": DAY})
    figure = api.json()["figure"]
    assert await page.locator("h1").inner_text() == "Tỉnh Phú Thọ ngày 30/09/2026"
    for kind in ("poor", "near_poor", "together"):
        tile = await page.locator(f"#tile-{kind}").inner_text()
        assert f"{figure[kind]['households']} hộ" in tile
        assert f"{figure[kind]['rate_percent']:.2f}".replace(".", ",") in tile
    assert "500.000 đồng" in await page.locator("#tile-paid").inner_text()
    assert complaints == []


async def test_every_section_names_day_source_and_reach(chromium: Browser, url: str) -> None:
    page, _ = await _open(chromium, f"{url}/{CHOSEN}")
    sections = page.locator("main section:has(.source)")
    assert await sections.count() == 5
    for section in await sections.all():
        said = await section.locator(".source").last.inner_text()
        assert "Số liệu ngày 30/09/2026. Nguồn: " in said
        assert "Dữ liệu tính đến 07:0" in said


async def test_the_trend_says_what_it_shows_and_has_its_table_beside(chromium: Browser, url: str) -> None:
    page, _ = await _open(chromium, f"{url}/?area=08566&standard={STANDARD}&on={DAY}")
    title = await page.locator("#trend").inner_text()
    assert title == "Nghèo đa chiều giảm 4,00 điểm phần trăm kể từ 30/09/2025, còn 6,00 %".replace(" %", "\u00a0%")
    assert await page.locator("svg.chart path.line").count() == 2
    first = await page.locator("#trend-table tbody tr").first.inner_text()
    assert first.split() == ["30/09/2026", "20", "40", "6,00", "%", "1/1"]


async def test_the_map_and_the_table_say_why_a_rate_is_missing(chromium: Browser, url: str) -> None:
    page, _ = await _open(chromium, f"{url}/{CHOSEN}")
    assert await page.locator(".map-tile").count() == 3
    withheld = page.locator(".map-tile", has_text="Việt Trì")
    assert "dưới 20 hộ" in await withheld.inner_text()
    row = page.locator("#communes-table tr", has_text="07900")
    assert "Không công bố tỷ lệ: dưới 20 hộ" in await row.inner_text()


async def test_links_sort_the_table_and_open_a_commune_and_the_address_holds_it_all(
    chromium: Browser, url: str
) -> None:
    page, complaints = await _open(chromium, f"{url}/{CHOSEN}")
    await page.get_by_role("columnheader", name="Đơn vị").get_by_role("link").click()
    names = await page.locator("#communes-table tbody th").all_inner_texts()
    assert names == ["Xã Minh Hoà", "Xã Tân Sơn", "Phường Việt Trì"]
    assert await page.locator("th[aria-sort=ascending]").inner_text() == "Đơn vị\u00a0↑"
    await page.locator("#communes-table").get_by_role("link", name="Xã Tân Sơn").click()
    chosen = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert chosen == {
        "lang": "vi", "area": "08566", "standard": STANDARD, "on": DAY, "sort": "name", "order": "up", "view": "map",
    }  # fmt: skip
    assert (await page.locator("h1").inner_text()).startswith("Xã Tân Sơn")
    await page.get_by_role("link", name="English").click()
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.locator("h1").inner_text() == "Xã Tân Sơn on 30 September 2026"
    assert complaints == []


async def test_the_form_chooses_unit_and_day(chromium: Browser, url: str) -> None:
    page, _ = await _open(chromium, f"{url}/{CHOSEN}")
    await page.get_by_label("Đơn vị", exact=True).select_option("08338")
    await page.get_by_label("Ngày", exact=True).fill("2026-08-01")
    await page.get_by_role("button", name="Xem").click()
    assert await page.locator("h1").inner_text() == "Xã Minh Hoà ngày 01/08/2026"


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(chromium: Browser, url: str) -> None:
    page, _ = await _open(chromium, f"{url}/{CHOSEN}", scripts=True)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        place, outline = await page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.closest('section')?.getAttribute('aria-labelledby') ?? e.tagName, s.outlineStyle]; }"
        )
        seen.add(place)
        assert outline != "none" or place == "BODY", place
        await page.keyboard.press("Tab")
    assert {"SELECT", "BUTTON", "trend", "map", "communes", "money", "how"} <= seen


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_text_has_contrast_and_small_screens_need_no_sideways_scrolling(
    chromium: Browser, url: str, language: str
) -> None:
    page, _ = await _open(chromium, f"{url}/{CHOSEN}&lang={language}", scripts=True, width=320)
    assert await page.evaluate(_CONTRAST) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_with_boundaries_the_map_is_a_map(
    told: Database, chromium: Browser, embedded_log_url: str, tmp_path: Path
) -> None:
    squares = [
        {
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 21], [x + 1, 21], [x + 1, 22], [x, 22], [x, 21]]]},
        }
        for x, code in enumerate(("08566", "08338", "07900"), start=104)
    ]
    file = tmp_path / "communes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": squares}), encoding="utf-8")
    where = told.url.set(drivername="postgresql").render_as_string(hide_password=False)
    event_log = EventLogSettings(eventlog_url=embedded_log_url)
    mapped = build(IndicatorsSettings(service="indicators", database_url=where, boundaries=file, event_log=event_log))
    async with serving(mapped) as base:
        page, complaints = await _open(chromium, f"{base}/{CHOSEN}")
        assert await page.locator("svg.map path.commune").count() == 3
        label = "Xã Tân Sơn: 6,00\u00a0%"
        await page.get_by_role("link", name=label).focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**area=08566**")
        await page.get_by_role("link", name="Xem dạng ô").click()
        assert await page.locator(".map-tile").count() == 3
        assert complaints == []
    await mapped.state.database.close()


async def test_nothing_on_the_page_tells_of_one_household(told: Database, client: httpx.AsyncClient) -> None:
    html = (await client.get(f"/{CHOSEN}")).text
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", html) is None
    assert "<script" not in html
    assert "style=" not in html


async def test_before_any_event_the_page_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "Chưa có số liệu" in answer.text
    assert "There are no figures yet" in (await client.get("/?lang=en")).text


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        pytest.param("area=99999", 404, "Không có đơn vị hành chính này", id="no such unit"),
        pytest.param("area=08566&on=2020-01-01", 404, "Không có đơn vị hành chính này", id="not yet a unit"),
        pytest.param("on=2999-01-01", 400, "Ngày chưa tới", id="a day to come"),
        pytest.param("on=31/12/2025", 400, "Ngày không hợp lệ", id="no day"),
        pytest.param("on=&area=&standard=&sort=x&order=y&lang=fr", 200, "Tỉnh Phú Thọ", id="empty choices"),
        pytest.param("standard=%00", 200, "Tỉnh Phú Thọ", id="a standard that is none"),
        pytest.param("area=<script>", 404, "Không có đơn vị hành chính này", id="markup"),
    ],
)
async def test_a_wrong_address_gets_a_page_that_says_what_is_wrong(
    told: Database, client: httpx.AsyncClient, query: str, status: int, words: str
) -> None:
    answer = await client.get(f"/?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in answer.text


async def test_today_is_shown_when_no_day_is_chosen(told: Database, client: httpx.AsyncClient) -> None:
    assert f"ngày {clock.today():%d/%m/%Y}" in (await client.get("/")).text
