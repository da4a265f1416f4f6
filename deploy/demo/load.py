"""Filling a running platform with the demonstration, over the API that an operator uses.

Every request has a key that follows from the plan, so what was interrupted goes on where it stopped, and a platform
that has everything is left as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from deploy.client import Platform, wait_until
from deploy.demo.findings import findings
from deploy.demo.lists import SOURCE, household_list
from deploy.demo.money import is_paid, pay, pensioners
from deploy.demo.plan import Household, Plan, make_plan
from deploy.demo.progress import Progress
from deploy.demo.published import PROVINCE, REVIEW_YEAR
from deploy.demo.reviews import Review
from deploy.demo.totals import area_totals, as_they_were
from deploy.people import ACCOUNTANT, APPROVER, CHAIR, OFFICER
from services.registry.domain.areas import Area
from services.registry.official_areas import official_areas
from shared import clock

_AT_ONCE = 4  # requests on their way
_BATCH = 250
_DECISIONS = 1000  # households of decisions that are sent together
_LOOK = 0.5  # seconds between two looks at how far the import came
_GRANTS = 30.0  # seconds until the services know who may do what
_STANDSTILL = 15.0  # seconds in which figures that still follow would have moved


class DemoRefused(Exception):
    """The demonstration cannot go into this platform; the sentence says why."""


async def load_demo(platform: Platform, scale: Fraction, progress: Progress) -> Plan | None:
    """Fill in the demonstration at a scale, with reviews up to yesterday; return its plan, or None if it was all there.

    Today is left to whoever tries the platform out: what they decide does not mingle with the plan. What is whole stays
    as it is, also on later days.

    Raises:
        DemoRefused: the platform has other numbers of the province, or nobody here may load it.
        Refused: the platform refused a request.
    """
    missing = await platform.missing_grants((OFFICER, CHAIR, ACCOUNTANT, APPROVER), within=_GRANTS)
    if missing is not None:
        raise DemoRefused(f"{missing} không có vai trò ở đây. / {missing} holds no role here.")
    areas = official_areas(PROVINCE)
    plan = await asyncio.to_thread(make_plan, areas[1:], scale, clock.today() - timedelta(days=1))
    await _refuse_other_data(platform, plan)
    if await is_paid(platform):
        return None  # money comes last
    filling = _Filling(platform, plan, progress)
    await filling.fill(areas)
    for difference in await _settled(platform, plan):
        progress.say(f"Khác kế hoạch vì có quyết định khác / differs, since others decided too: {difference}")
    chosen = await asyncio.to_thread(pensioners, plan, clock.today())
    if chosen:
        await pay(platform, chosen, filling.id_of, progress)
    return plan


async def _refuse_other_data(platform: Platform, plan: Plan) -> None:
    known = await platform.get("/registry/v1/area-totals", code=PROVINCE, year=str(REVIEW_YEAR))
    own = [row for row in area_totals(plan) if row["code"] == PROVINCE and row["year"] == REVIEW_YEAR]
    # The platform may tell more of a row than the plan states.
    stated = [{name: row[name] for name in own[0]} for row in known["items"]]
    if stated and stated != own:
        raise DemoRefused(
            "Nền tảng đã có số liệu khác của tỉnh, chẳng hạn dữ liệu trình diễn ở thang khác; hãy bắt đầu từ trống. "
            "/ The platform has other numbers of the province, perhaps the demonstration at another scale: start empty."
        )


async def _settled(platform: Platform, plan: Plan) -> list[str]:
    """Wait until the figures are the planned ones, or have not moved for a while; return what differs then."""
    found = await _differing(platform, plan)
    while found:

        async def moved(before: Sequence[str] = found) -> list[str] | None:
            now = await _differing(platform, plan)
            return None if now == before else now

        now = await wait_until(moved, within=_STANDSTILL)
        if now is None:
            break
        found = now
    return found


async def _differing(platform: Platform, plan: Plan) -> list[str]:
    """Return, by review, where the platform's figures of the province are not the planned ones."""
    found = []
    known = {area["code"] for area in (await platform.get("/registry/v1/areas", level="province"))["items"]}
    for review in plan.reviews if PROVINCE in known else ():
        counts = plan.counts_after(review).values()
        planned = (sum(each["poor"] for each in counts), sum(each["near_poor"] for each in counts))
        asked = {"area_code": PROVINCE, "standard": review.standard, "on": review.decided_to.isoformat()}
        figure = (await platform.get("/indicators/v1/poverty", **asked))["figure"]
        shown = (figure["poor"]["households"], figure["near_poor"]["households"])
        if shown != planned:
            found.append(f"{review.name}: {shown} ≠ {planned}")
    return found if PROVINCE in known else ["không có tỉnh / no province"]


@dataclass(frozen=True)
class _Decided:
    """Households that a commune decides about, which may decide several times in a review."""

    commune: str
    number: int
    households: Sequence[Household]


def _batches(reviewed: Mapping[str, Sequence[Household]]) -> list[list[_Decided]]:
    """Return the decisions of a review, as many together as may be sent at once."""
    batches: list[list[_Decided]] = []
    room = 0
    for commune, found in reviewed.items():
        for number, start in enumerate(range(0, len(found), _DECISIONS)):
            decided = _Decided(commune, number, found[start : start + _DECISIONS])
            if len(decided.households) > room:
                batches.append([])
                room = _DECISIONS
            batches[-1].append(decided)
            room -= len(decided.households)
    return batches


class _Filling:
    """One filling: what the platform called the households, and how far it came."""

    def __init__(self, platform: Platform, plan: Plan, progress: Progress) -> None:
        self._platform = platform
        self._plan = plan
        self._progress = progress
        self._ids: dict[int, str] = {}
        self._births: dict[int, tuple[date, ...]] = {}
        self._key = f"demo-{plan.scale.numerator}-{plan.scale.denominator}"
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def fill(self, areas: Sequence[Area]) -> None:
        await self._areas(areas)
        looks = sum(found is not None for each in self._plan.households for found in each.classes)
        self._progress.begin(len(self._plan.households) + 2 * looks)
        await self._register()
        for review in self._plan.reviews:
            await self._review(review)

    async def id_of(self, household: Household) -> str:
        """Return what the platform calls a household."""
        return self._ids[household.serial]

    async def _areas(self, areas: Sequence[Area]) -> None:
        for stated in (areas, as_they_were(areas)):
            body = [area.model_dump(mode="json") for area in stated]
            await self._platform.post("/registry/v1/areas", body, actor=OFFICER)
        await self._platform.post("/registry/v1/area-totals", area_totals(self._plan), actor=OFFICER)
        self._progress.say(f"Địa bàn: {len(areas)} đơn vị / areas")

    async def _register(self) -> None:
        """Send the list of all households, follow the job, and learn what the households are called."""
        self._progress.doing("Nhập danh sách hộ / households")
        job = await self._platform.post_csv(
            "/registry/v1/household-imports", self._list(), actor=OFFICER, source=SOURCE
        )
        path, counted = f"/registry/v1/household-imports/{job['id']}", 0
        while True:
            state = (await self._platform.get(f"/registry/v1/jobs/{job['id']}"))["state"]
            found = await self._platform.get(path)
            known = found["created"] + found["unchanged"]
            self._progress.step(known - counted)
            counted = known
            if state not in ("queued", "running"):
                break
            await asyncio.sleep(_LOOK)
        if state != "done" or found["refused"]:
            raise DemoRefused(f"Nhập danh sách hộ: {state}, {found['faults']} / the list of households was refused")
        await self._learn_ids()

    async def _list(self) -> AsyncIterator[bytes]:
        for piece, homes in household_list(self._plan):
            for household, members in homes:
                self._births[household.serial] = tuple(each.born for each in members)
            yield piece

    async def _learn_ids(self) -> None:
        serials = {each.reference: each.serial for each in self._plan.households}
        cursor: dict[str, str] = {}
        while True:
            page = await self._platform.get("/registry/v1/household-references", source=SOURCE, limit="500", **cursor)
            for item in page["items"]:
                if item["reference"] in serials:
                    self._ids[serials[item["reference"]]] = item["household_id"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    async def _review(self, review: Review) -> None:
        self._progress.doing(f"Rà soát / review, {review.name}")
        reviewed = self._plan.reviewed(review)
        looked_at = [household for found in reviewed.values() for household in found]
        parts = [looked_at[start : start + _BATCH] for start in range(0, len(looked_at), _BATCH)]
        assessments: dict[int, str] = {}
        await self._together(self._assess(review, number, part, assessments) for number, part in enumerate(parts))
        decided = enumerate(_batches(reviewed))
        await self._together(self._decide(review, number, part, assessments) for number, part in decided)

    async def _assess(
        self, review: Review, number: int, part: Sequence[Household], assessments: dict[int, str]
    ) -> None:
        key = f"{self._key}-assessments-{review.name}-{number}"
        body = {"assessments": [self._finding(review, each) for each in part]}
        answer = await self._platform.post("/registry/v1/assessments/batches", body, actor=OFFICER, key=key)
        for household, made in zip(part, answer["assessments"], strict=True):
            assessments[household.serial] = made["id"]
        self._progress.step(len(part))

    async def _decide(
        self, review: Review, number: int, part: Sequence[_Decided], assessments: Mapping[int, str]
    ) -> None:
        key = f"{self._key}-decisions-{review.name}-{number}"
        decisions = [
            {
                "area_code": each.commune,
                "number": f"{10 * review.number + each.number + 1}/QĐ-UBND",
                "decided_on": review.decided_on(each.commune).isoformat(),
                "signed_by": f"Chủ tịch UBND {self._plan.communes[each.commune].name} (trình diễn)",
                "assessment_ids": [assessments[household.serial] for household in each.households],
            }
            for each in part
        ]
        await self._platform.post("/registry/v1/decisions/batches", {"decisions": decisions}, actor=CHAIR, key=key)
        self._progress.step(sum(len(each.households) for each in part))

    def _finding(self, review: Review, household: Household) -> dict[str, Any]:
        births, setting = self._births[household.serial], self._plan.setting(household.commune)
        found = findings(household, births, review, setting)
        return {"household_id": self._ids[household.serial], **found}

    async def _together(self, work: Iterable[Awaitable[None]]) -> None:
        async def one(each: Awaitable[None]) -> None:
            async with self._room:
                await each

        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(one(each))
