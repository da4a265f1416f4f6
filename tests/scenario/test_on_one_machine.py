"""`make run` and `ansinh smoke` as people use them: the demonstration is there, the story true, today and later."""

import asyncio
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deploy.client import Platform
from deploy.demo.command import fill
from deploy.people import OFFICER
from deploy.smoke import SmokeFailed, tell_the_story
from services.registry.official_areas import official_areas
from shared import clock
from tests.scenario.platform import Home
from tests.support.postgres import CreateDatabase
from tests.support.programs import running
from tests.support.tokens import bearer

AREA = "08566"  # where the story takes place


async def _counts(platform: Platform) -> dict[str, Any]:
    """Return what a second start must not add to."""
    runs = await platform.get("/benefits/v1/runs", limit="500")
    poverty = await platform.get("/indicators/v1/poverty", area_code=AREA, standard="vn-2022-2025")
    changes = await platform.get("/registry/v1/changes", limit="1")
    return {"runs": len(runs["items"]), "poor": poverty["figure"]["poor"]["households"], "newest": changes["newest"]}


async def test_the_demonstration_and_what_was_done_outlive_a_stop_and_nothing_is_added_on_later_days(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    async with home.platform() as said, home.client() as platform:
        assert "not whole" not in said
        paid = await platform.get("/indicators/v1/payments", area_code="25")
        assert paid["total"]["paid"] > 0
        before = await _counts(platform)
        heard: list[str] = []
        await tell_the_story(home.url, home.acting, heard.append)
        [moved] = [line for line in heard if line.startswith("✓ Chỉ số")]
        assert f"{before['poor'] + 1} hộ nghèo (+1)" in moved
        kept = await _counts(platform)
    today = clock.today()
    async with home.platform(on=today + timedelta(days=1)) as said, home.client() as platform:
        assert "not whole" not in said
        assert await _counts(platform) == kept
        async with asyncio.timeout(5):  # a tenth of a second where nobody else works
            await fill(home.url, home.acting, Fraction("0.01"))
    async with home.platform(on=today + timedelta(days=32)) as said, home.client() as platform:
        assert "not whole" not in said
        assert await _counts(platform) == kept


async def test_the_story_is_told_on_an_empty_platform_and_told_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    heard: list[str] = []
    async with home.platform("--demo", "0"):
        await tell_the_story(home.url, home.acting, heard.append)
    async with home.platform("--demo", "0"):
        await tell_the_story(home.url, home.acting, heard.append)
    moved = [line for line in heard if line.startswith("✓ Chỉ số")]
    assert [line.split()[3] for line in moved] == ["1", "2"]


async def test_a_demonstration_that_cannot_be_loaded_is_said_at_once_and_the_platform_runs(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    published = {"code": "25", "year": 2024, "households": 997_683, "people": 4_022_600, "source": "Báo cáo của tỉnh"}
    async with home.platform("--demo", "0"), home.client() as platform:
        assert await platform.missing_grants((OFFICER,), within=30) is None
        areas = [area.model_dump(mode="json") for area in official_areas("25")]
        await platform.post("/registry/v1/areas", areas, actor=OFFICER)
        await platform.post("/registry/v1/area-totals", [published], actor=OFFICER)
    async with home.platform() as said, home.client() as platform:
        [sentence] = [line for line in said.splitlines() if "not whole" in line]
        assert "Chưa nạp xong dữ liệu trình diễn" in sentence
        assert "start empty" in sentence
        assert (await platform.get("/registry/readyz"))["ready"]


async def test_the_story_is_not_told_where_the_bank_is_real(
    embedded_log_url: str, create_database: CreateDatabase
) -> None:
    env = {"ANSINH_DATABASE_URL": await create_database("benefits"), "ANSINH_EVENTLOG_URL": embedded_log_url}
    async with running(
        "deploy.cli", "serve", "benefits", "--port", "{port}", env=env, health="/benefits/readyz"
    ) as benefits:
        with pytest.raises(SmokeFailed, match="not simulated"):
            await tell_the_story(benefits.url, bearer, lambda _: None)
