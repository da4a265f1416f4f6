"""`make run` and `ansinh smoke` as people use them: the sample is there, the story is true, on this day and others."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.client import Platform
from deploy.sample import load_sample
from deploy.sample.households import AREA
from deploy.smoke import SmokeFailed, tell_the_story
from shared import clock
from tests.scenario.platform import Home
from tests.support.postgres import CreateDatabase
from tests.support.programs import running
from tests.support.tokens import bearer

NEXT_STANDARD_RULES = date(2027, 1, 2)


async def _counts(platform: Platform) -> dict[str, Any]:
    """Return what a second start must not add to."""
    runs = await platform.get("/benefits/v1/runs", limit="500")
    poverty = await platform.get("/indicators/v1/poverty", area_code=AREA, standard="vn-2022-2025")
    changes = await platform.get("/registry/v1/changes", limit="1")
    return {"runs": len(runs["items"]), "poor": poverty["figure"]["poor"]["households"], "newest": changes["newest"]}


async def test_the_sample_and_what_was_done_outlive_a_stop_and_nothing_is_added_on_later_days(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    async with home.platform() as said, home.client() as platform:
        assert "not whole" not in said
        paid = await platform.get("/indicators/v1/payments", area_code=AREA)
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
        bank = (await platform.get("/benefits/v1/bank"))["url"]
        async with asyncio.timeout(5):  # a tenth of a second where nobody else works
            await load_sample(home.url, bank, home.acting, heard.append)
    async with home.platform(on=today + timedelta(days=32)) as said, home.client() as platform:
        assert "not whole" not in said
        assert await _counts(platform) == kept


async def test_the_sample_and_the_story_follow_the_standard_that_is_in_force(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    async with home.platform(on=max(clock.today(), NEXT_STANDARD_RULES)) as said, home.client() as platform:
        assert "not whole" not in said
        assert (await platform.get("/indicators/v1/payments", area_code=AREA))["total"]["paid"] > 0
        poverty = await platform.get("/indicators/v1/poverty", area_code=AREA, standard="vn-2026-2030")
        assert poverty["figure"]["poor"]["households"] > 0


async def test_the_story_is_told_on_an_empty_platform_and_told_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    heard: list[str] = []
    async with home.platform("--no-sample"):
        await tell_the_story(home.url, home.acting, heard.append)
    async with home.platform("--no-sample"):
        await tell_the_story(home.url, home.acting, heard.append)
    moved = [line for line in heard if line.startswith("✓ Chỉ số")]
    assert [line.split()[3] for line in moved] == ["1", "2"]


async def test_a_sample_that_cannot_be_loaded_is_said_at_once_and_the_platform_runs(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    # The sample's households do not exist yet.
    async with home.platform(on=date(2025, 8, 1)) as said, home.client() as platform:
        [sentence] = [line for line in said.splitlines() if "not whole" in line]
        assert "Chưa nạp xong dữ liệu mẫu" in sentence
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
