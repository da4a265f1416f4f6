"""`ansinh demo`: the province comes in over the API, whatever interrupts it, and its figures are the planned ones."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from deploy.client import Platform
from deploy.demo.plan import Plan, make_plan
from deploy.demo.reviews import Review
from services.registry.official_areas import official_areas
from shared import clock
from tests.scenario.platform import Home
from tests.support.waiting import until

SCALE = "0.01"
SOAK = bool(os.environ.get("ANSINH_SOAK"))
NEXT_STANDARD_RULES = date(2027, 1, 2)


def _demo(home: Home, log: Path, scale: str = SCALE) -> "subprocess.Popen[bytes]":
    with log.open("w") as output:
        command = [
            sys.executable,
            "-m",
            "deploy.cli",
            "demo",
            "--scale",
            scale,
            "--url",
            home.url,
            "--home",
            str(home.folder),
        ]
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


async def _filled(home: Home, log: Path, scale: str = SCALE) -> int:
    return await asyncio.to_thread(_demo(home, log, scale).wait, 180)


async def _killed_at(home: Home, log: Path, sign: str) -> None:
    """Run the filling and kill it as soon as it has said something."""
    filling = _demo(home, log)
    try:
        await until(lambda: sign in log.read_text(), within=120, describe=f"the filling has said {sign}")
    finally:
        filling.kill()
        filling.wait()


async def _newest(platform: Platform) -> str:
    changes = await platform.get("/registry/v1/changes", limit="1")
    return str(changes["newest"])


def _reporting(plan: Plan, review: Review) -> set[str]:
    """Return the communes that have decided anything under a review's standard; few households are in some."""
    earlier = [each for each in plan.reviews if each.standard == review.standard and each.number <= review.number]
    return {code for each in earlier for code, found in plan.reviewed(each).items() if found}


async def _holds(platform: Platform, plan: Plan) -> None:
    """Hold the platform's figures against the plan: after every review the province, after the last every commune."""
    for review in plan.reviews:
        planned = sum(plan.counts_after(review).values(), Counter[str]())
        asked = {"standard": review.standard, "on": review.decided_to.isoformat()}
        figure = (await platform.get("/indicators/v1/poverty", area_code="25", **asked))["figure"]
        shown = (figure["poor"]["households"], figure["near_poor"]["households"], figure["communes_reporting"])
        assert shown == (planned["poor"], planned["near_poor"], len(_reporting(plan, review))), review.name
    last = plan.reviews[-1]
    counts = plan.counts_after(last)
    communes = await platform.get("/indicators/v1/poverty/areas", parent_code="25", **asked)
    for area in communes["areas"]:
        found = counts[area["area"]["code"]]
        assert (area["poor"]["households"], area["near_poor"]["households"]) == (found["poor"], found["near_poor"])
        assert area["base"]["source"].startswith("Dữ liệu trình diễn")


async def test_the_province_is_filled_in_whatever_interrupts_it_and_only_once(tmp_path: Path) -> None:
    home, log = Home(tmp_path / "home"), tmp_path / "demo.log"
    plan = make_plan(official_areas("25")[1:], Fraction(SCALE), clock.today() - timedelta(days=1))
    async with home.platform("--demo", "0"), home.client() as platform:
        assert (await platform.get("/registry/v1/areas"))["items"] == []
        await _killed_at(home, log, "149")
        await _killed_at(home, log, "yearly-2022")
        assert await _filled(home, log) == 0, log.read_text()
        await _holds(platform, plan)
        paid = (await platform.get("/indicators/v1/payments", area_code="25"))["total"]
        assert 0 < paid["paid"] == paid["awarded"]
        before = await _newest(platform)
        assert await _filled(home, log) == 0
        assert await _newest(platform) == before
        assert await _filled(home, log, "0.02") == 1
        assert "start empty" in log.read_text()
        async with httpx.AsyncClient(base_url=home.url, trust_env=False) as reader:
            page = (await reader.get("/", params={"on": plan.reviews[-1].decided_to.isoformat()})).text
        assert "Dữ liệu trình diễn." in page
        assert "Xã Pà Cò" in page


@pytest.mark.parametrize(
    ("on", "standard"),
    [
        *([pytest.param(date(2025, 8, 1), "vn-2022-2025", id="before most of it happened")] if SOAK else []),
        pytest.param(NEXT_STANDARD_RULES, "vn-2026-2030", id="when the next standard rules"),
    ],
)
async def test_the_province_is_as_it_was_by_any_clock(on: date, standard: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    plan = make_plan(official_areas("25")[1:], Fraction(SCALE), on - timedelta(days=1))
    async with home.platform("--demo", SCALE, on=on) as said, home.client() as platform:
        assert "not whole" not in said
        await _holds(platform, plan)
        assert plan.reviews[-1].standard == standard
        assert (await platform.get("/indicators/v1/payments", area_code="25"))["total"]["paid"] > 0
