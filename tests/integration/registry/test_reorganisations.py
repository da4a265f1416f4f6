"""A reorganisation: shown before it is done, done whole, its split households placed, undone or confirmed."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from services.registry.following import follow_areas_step
from services.registry.store.reorganisations import REORGANISATION_JOB
from shared.events.registry import AreaSuccessionStated, GrantStated, HouseholdStated
from shared.jobs import JobContext, JobRunner
from shared.jobs.tables import jobs
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.reorganising import applied, approved, counted, ended, in_state, planned, sent
from tests.support.tokens import bearer
from tests.support.waiting import until

DAY, LAST = "2026-07-01", "2026-06-30"
# A and B become A, whose code goes on; C, with a code that one of its heirs is given, is split; the district ends.
PAIRS = [("90", "90"), ("90001", "90001"), ("90002", "90001"), ("90003", "90003"), ("90003", "90004")]


def unit(code: str, level: str, kind: str, parent: str | None, first: str, last: str | None = None) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"Đơn vị {code}",
        "level": level,
        "kind": kind,
        "parent_code": parent,
        "valid_from": first,
        "valid_to": last,
    }


UNITS = [
    unit("90", "province", "tỉnh", None, "2020-01-01"),
    unit("901", "district", "huyện", "90", "2020-01-01", LAST),
    *(unit(code, "commune", "xã", "901", "2020-01-01", LAST) for code in ("90001", "90002", "90003")),
    *(unit(code, "commune", "xã", "90", DAY) for code in ("90001", "90003", "90004")),
]


@pytest.fixture
async def province(registry: Registry) -> Registry:
    await sent(registry, "officer", "/areas", UNITS, status=200)
    return registry


async def settled(registry: Registry, area_code: str, number: int = 1, on: str = "2026-01-05") -> list[str]:
    one = {"area_code": area_code, "registered_on": on, "members": [member(), member(relationship="child")]}
    made = await registry.post("/households/batches", {"households": [one] * number})
    return [each["id"] for each in made["households"]]


async def test_it_shows_what_it_will_do_moves_all_at_once_and_keeps_history(province: Registry) -> None:
    for code, number in (("90001", 2), ("90002", 3), ("90003", 2)):
        await settled(province, code, number)
    granted = await sent(province, "officer", "/grants", {"subject": "b", "role": "auditor", "area_code": "90001"})
    await approved(province, granted)
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    shown = await province.get(f"{path}/plan")
    assert {each["code"]: (each["fate"], each["households"], each["people"]) for each in shown["units"]} == {
        "90": ("stays", 0, 0),
        "901": ("ends", 0, 0),
        "90001": ("stays", 2, 4),
        "90002": ("moves", 3, 6),
        "90003": ("split", 2, 4),
    }
    assert [shown[name] for name in ("moving", "staying", "to_place", "without_successor")] == [3, 2, 2, 0]
    assert await counted(province) == {"90001": 2, "90002": 3, "90003": 2}, "a plan does nothing"
    done = await applied(province, plan["id"])
    assert (done["households"], done["people"]) == (5, 10)
    assert await counted(province) == {"90001": 5, "90003?": 2}
    assert await counted(province, on=LAST) == {"90001": 2, "90002": 3, "90003": 2}
    assert await counted(province, on=DAY) == {"90001": 5, "90003?": 2}
    assert await counted(province, on=LAST, map_on=DAY) == {"90001": 5, None: 2}
    assert await counted(province, on=DAY, map_on=LAST) == {"90001": 2, "90002": 3, "90003": 2}
    told = [each for each in await province.events(HouseholdStated) if isinstance(each, HouseholdStated)]
    assert Counter((each.change, each.area_code, str(each.effective_on)) for each in told[-5:]) == {
        ("reorganisation", "90001", DAY): 3,
        ("reorganisation", "90003?", DAY): 2,
    }
    steps = [each for each in await province.events(AreaSuccessionStated) if isinstance(each, AreaSuccessionStated)]
    assert [(each.code, each.new_code, each.withdrawn) for each in steps] == [(*pair, False) for pair in PAIRS]


async def test_households_of_a_split_unit_are_placed_and_then_it_can_be_confirmed_for_good(province: Registry) -> None:
    here, there = await settled(province, "90003", 2)
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await applied(province, plan["id"])
    listed = (await province.get(f"{path}/worklist"))["items"]
    assert [(each["household_id"], each["old_code"], each["candidates"]) for each in listed] == [
        (each, "90003", ["90003", "90004"]) for each in sorted([here, there])
    ]
    early = await sent(province, "officer", f"{path}/confirmation", status=409)
    assert early["code"] == "households_to_place"
    wrong = {"household_ids": [here], "area_code": "90001"}
    refused = await sent(province, "officer", f"{path}/placements", wrong, status=422)
    assert [each["code"] for each in refused["errors"]] == ["not_an_heir"]
    await sent(province, "officer", f"{path}/placements", {"household_ids": [here], "area_code": "90003"})
    await sent(province, "officer", f"{path}/placements", {"household_ids": [there], "area_code": "90004"})
    again = {"household_ids": [there], "area_code": "90003"}
    refused = await sent(province, "officer", f"{path}/placements", again, status=422)
    assert [each["code"] for each in refused["errors"]] == ["not_waiting"]
    assert await counted(province, on=DAY) == {"90003": 1, "90004": 1}
    assert await counted(province, on=LAST, map_on=DAY) == {"90003": 1, "90004": 1}
    proposal = await sent(province, "officer", f"{path}/confirmation")
    await approved(province, proposal)
    assert (await province.get(path))["confirmed_by"] == "chair"
    late = await sent(province, "officer", f"{path}/undo", {"note": "Nghị quyết bị hủy bỏ"}, status=409)
    assert late["code"] == "reorganisation_state"


async def test_a_placement_that_is_undone_puts_the_household_back_on_the_worklist(province: Registry) -> None:
    here, there = sorted(await settled(province, "90003", 2))
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await applied(province, plan["id"])

    async def listed(**query: str) -> list[str]:
        return [each["household_id"] for each in (await province.get(f"{path}/worklist", **query))["items"]]

    async def undo(household: str, *, status: int = 201) -> dict[str, Any]:
        (placement, *_) = await province.get(f"/households/{household}/changes")
        assert placement["kind"] == "placement"
        note = {"note": "Xếp nhầm xã, hộ ở phía bên kia suối"}
        return await province.post(f"/household-changes/{placement['id']}/undo", note, status=status)  # type: ignore[no-any-return]

    await sent(province, "officer", f"{path}/placements", {"household_ids": [here, there], "area_code": "90003"})
    await undo(there)
    assert (await listed(), await listed(placed="true")) == ([there], [here])
    assert await counted(province, on=DAY) == {"90003": 1, "90003?": 1}
    assert (await province.get(f"/households/{there}"))["area_code"] == "90003?"
    early = await sent(province, "officer", f"{path}/confirmation", status=409)
    assert early["code"] == "households_to_place"
    await sent(province, "officer", f"{path}/placements", {"household_ids": [there], "area_code": "90004"})
    assert await counted(province, on=DAY) == {"90003": 1, "90004": 1}
    await approved(province, await sent(province, "officer", f"{path}/confirmation"))
    refused = await undo(there, status=409)
    assert [each["code"] for each in refused["errors"]] == ["placed_for_good"]
    assert await counted(province, on=DAY) == {"90003": 1, "90004": 1}


async def test_with_a_placement_undone_the_whole_can_still_be_undone(province: Registry) -> None:
    (household,) = await settled(province, "90003")
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await applied(province, plan["id"])
    await sent(province, "officer", f"{path}/placements", {"household_ids": [household], "area_code": "90004"})
    (placement, *_) = await province.get(f"/households/{household}/changes")
    await province.post(f"/household-changes/{placement['id']}/undo", {"note": "Xếp nhầm xã của hộ này"})
    await sent(province, "officer", f"{path}/undo", {"note": "Nghị quyết bị hủy bỏ"}, status=202)
    await in_state(province, plan["id"], "undone")
    assert await counted(province) == {"90003": 1} == await counted(province, on=DAY)


async def test_two_provinces_reorganised_on_one_day_by_plans_of_their_own_do_not_hold_each_other(
    province: Registry,
) -> None:
    other = [
        unit("91", "province", "tỉnh", None, "2020-01-01"),
        unit("911", "district", "huyện", "91", "2020-01-01", LAST),
        unit("91001", "commune", "xã", "911", "2020-01-01", LAST),
        unit("91002", "commune", "xã", "91", DAY),
    ]
    await sent(province, "officer", "/areas", other, status=200)
    for code in ("90002", "91001"):
        await settled(province, code)
    here = await planned(province, DAY, PAIRS)
    there = await planned(province, DAY, [("91001", "91002")])
    shown = await province.get(f"/reorganisations/{here['id']}/plan")
    assert [each["code"] for each in shown["units"]] == ["90", "90001", "90002", "90003", "901"]
    assert (await applied(province, here["id"]))["households"] == 1
    assert await counted(province) == {"90001": 1, "91001": 1}, "the other province waits for its own"
    assert (await applied(province, there["id"]))["households"] == 1
    assert await counted(province) == {"90001": 1, "91002": 1}
    assert await counted(province, on=DAY, map_on=LAST) == {"90002": 1, "91001": 1}


async def on_list(province: Registry, household: str, code: str, on: str) -> None:
    """Decide that a household is poor from a day on."""
    assessed = await province.assess(household, assessed_on=on)
    await province.decide([assessed["id"]], area_code=code, decided_on=on)


def told(report: Any) -> dict[str, int]:
    """Return the lines of the list of the poor that are not empty, in households."""
    moved = report["poor"]
    lines = {"start": moved["start"], **moved["decreases"], **moved["increases"], "end": moved["end"]}
    return {line: each["households"] for line, each in lines.items() if each["households"]}


async def test_the_movement_table_of_the_year_of_change_is_told_on_either_map(province: Registry) -> None:
    old = {code: await settled(province, code, 2) for code in ("90001", "90002", "90003")}
    for code, (first, second) in old.items():
        await on_list(province, first, code, "2026-02-01")  # before the period
        await on_list(province, second, code, "2026-05-01")
    plan = await planned(province, DAY, PAIRS)
    await applied(province, plan["id"])
    placed, _waits = old["90003"]
    body = {"household_ids": [placed], "area_code": "90004"}
    await sent(province, "officer", f"/reorganisations/{plan['id']}/placements", body)
    (late,) = await settled(province, "90004", on="2026-08-01")
    await on_list(province, late, "90004", "2026-09-01")

    async def shown(code: str, **query: str) -> Any:
        period = {"standard": "vn-2022-2025", "first": "2026-04-01", "last": "2026-10-31", "by_commune": "true"}
        return await province.get("/movement-report", area_code=code, **period, **query)

    def communes(report: Any) -> dict[str, dict[str, int]]:
        return {each["area_code"]: told(each) for each in report["communes"]}

    merged = await shown("90001")
    assert told(merged) == {"start": 1, "new_poor": 1, "other_increase": 2, "end": 4}, "as it was booked, units grow"
    new = await shown("90", map_on=DAY)
    assert communes(new) == {
        "90001": {"start": 2, "new_poor": 2, "end": 4},
        "90004": {"start": 1, "new_poor": 1, "end": 2},
    }
    assert told(new) == {"start": 3, "new_poor": 3, "end": 6}
    assert told(new["unplaced"]) == {"new_poor": 1, "end": 1}, "who waits is in no unit of the new map"
    before = await shown("90", map_on=LAST)
    assert communes(before) == {
        "90001": {"start": 1, "new_poor": 1, "end": 2},
        "90002": {"start": 1, "new_poor": 1, "end": 2},
        "90003": {"start": 1, "new_poor": 2, "end": 3},
    }
    assert told(before["unplaced"]) == {}
    assert told(await shown("90002", map_on=LAST)) == {"start": 1, "new_poor": 1, "end": 2}
    assert [told(each) for each in (await shown("90004", map_on=DAY), await shown("90004"))] == [
        {"start": 1, "new_poor": 1, "end": 2},
        {"new_poor": 1, "other_increase": 1, "end": 2},
    ]


async def test_the_table_of_an_old_unit_is_for_who_holds_all_that_it_has_become(province: Registry) -> None:
    plan = await planned(province, DAY, PAIRS)
    await applied(province, plan["id"])
    await grant(province.database, "b", area="90003", communes=["90003"])

    async def answered(code: str, **query: str) -> int:
        asked = {"standard": "vn-2022-2025", "first": "2026-01-01", "last": "2026-10-31", "area_code": code, **query}
        return (await province.client.get("/movement-report", params=asked, headers=bearer("b"))).status_code

    assert await answered("90003") == await answered("90003", map_on=DAY) == 200
    assert await answered("90003", map_on=LAST) == 403, "a part of the old unit is another commune today"
    assert await answered("90002", map_on=LAST) == 403


async def test_until_confirmed_all_of_it_can_be_undone_with_its_placements(province: Registry) -> None:
    await settled(province, "90002", 3)
    (split,) = await settled(province, "90003")
    assessed = await province.assess((await settled(province, "90002"))[0], assessed_on="2026-02-02")
    await province.decide([assessed["id"]], area_code="90002", decided_on="2026-03-01")
    before = await counted(province)
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await applied(province, plan["id"])
    await sent(province, "officer", f"{path}/placements", {"household_ids": [split], "area_code": "90004"})
    await sent(province, "officer", f"{path}/undo", {"note": "Nghị quyết bị hủy bỏ"}, status=202)
    undone = await in_state(province, plan["id"], "undone")
    assert undone["undo_note"] == "Nghị quyết bị hủy bỏ"
    assert await counted(province) == before == await counted(province, on=DAY)
    assert (await province.get("/area-successions", code="90002"))["items"] == []
    steps = [each for each in await province.events(AreaSuccessionStated) if isinstance(each, AreaSuccessionStated)]
    assert Counter(each.withdrawn for each in steps) == {False: 5, True: 5}
    again = await planned(province, DAY, PAIRS)
    await applied(province, again["id"])
    assert (await counted(province))["90001"] == 4, "and it can be done again"


async def test_a_survey_of_before_is_judged_by_the_unit_of_its_day(province: Registry) -> None:
    """The code 90002 was a commune's; a ward has it since, and the households are elsewhere."""
    await sent(province, "officer", "/areas", [unit("90002", "commune", "phường", "90", DAY)], status=200)
    moved, stays = await settled(province, "90002"), await settled(province, "90001")
    plan = await planned(province, DAY, [("90001", "90002"), ("90002", "90004"), ("90003", "90003")])
    await applied(province, plan["id"])
    settings = {}
    for name, (household,) in (("moved", moved), ("stays", stays)):
        for day in ("2026-06-15", "2026-07-15"):
            settings[name, day] = (await province.assess(household, assessed_on=day))["setting"]
    assert settings == {
        ("moved", "2026-06-15"): "rural",
        ("moved", "2026-07-15"): "rural",
        ("stays", "2026-06-15"): "rural",
        ("stays", "2026-07-15"): "urban",
    }


async def test_what_was_built_upon_is_not_undone(province: Registry) -> None:
    (moved,) = await settled(province, "90002")
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await applied(province, plan["id"])
    change = {"kind": "facts", "effective_on": "2026-08-01", "home": {"latrine": "none"}}
    told = (await province.change(moved, change))["change_id"]
    job = await sent(province, "officer", f"{path}/undo", {"note": "Nghị quyết bị hủy bỏ"}, status=202)
    await ended(province, job)
    problem = (await province.get(f"/jobs/{job['id']}"))["problem"]
    assert problem["code"] == "reorganisation_built_upon"
    assert await counted(province) == {"90001": 1}
    await province.post(f"/household-changes/{told}/undo", {"note": "Ghi nhầm hộ khi nhập liệu"})
    await sent(province, "officer", f"{path}/undo", {"note": "Nghị quyết bị hủy bỏ"}, status=202)
    await in_state(province, plan["id"], "undone")
    assert await counted(province) == {"90002": 1}


async def test_a_household_that_moved_by_itself_since_then_stays_where_it_went(province: Registry) -> None:
    (household,) = await settled(province, "90002")
    move = {"kind": "move", "effective_on": "2026-08-01", "area_code": "90004"}
    await province.change(household, move)
    plan = await planned(province, DAY, PAIRS)
    await applied(province, plan["id"])
    shown = [(await province.get(f"/households/{household}", on=day))["area_code"] for day in (LAST, DAY, "2026-08-01")]
    assert shown == ["90002", "90001", "90004"]


async def test_grants_go_where_households_go(province: Registry) -> None:
    for code in ("90001", "90003"):
        proposal = await sent(
            province, "officer", "/grants", {"subject": f"s{code}", "role": "auditor", "area_code": code}
        )
        await approved(province, proposal)
    plan = await planned(province, "2026-07-01", [("90001", "90004"), ("90003", "90003"), ("90003", "90004")])
    await applied(province, plan["id"])
    told = [each for each in await province.events(GrantStated) if isinstance(each, GrantStated)]
    last = {each.subject: (each.area_code, each.communes) for each in told}
    assert last["s90001"] == ("90004", ("90004",))
    assert last["s90003"] == ("90003?", ("90003?",)), "the officers of a split unit keep what waits of it"


async def test_households_without_a_unit_refuse_it_and_nothing_is_done(province: Registry) -> None:
    await settled(province, "90002")
    plan = await planned(province, DAY, [("90001", "90001")])
    refused = await sent(province, "officer", f"/reorganisations/{plan['id']}/application", status=422)
    assert (refused["code"], [each["pointer"] for each in refused["errors"]]) == (
        "households_without_successor",
        ["/units/90002"],
    )
    unknown = {
        "title": "Sắp xếp",
        "legal_basis": "1676/NQ",
        "effective_on": DAY,
        "successions": [{"old_code": "90009", "new_code": "90001"}],
    }
    refused = await sent(province, "officer", "/reorganisations", unknown, status=422)
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [("/body/successions/0", "area_unknown")]


async def test_it_waits_for_its_day(province: Registry) -> None:
    later = "2999-07-01"
    await sent(province, "officer", "/areas", [unit("90005", "commune", "xã", "90", later)], status=200)
    plan = await planned(province, later, [("90004", "90005")])
    proposal = await sent(province, "officer", f"/reorganisations/{plan['id']}/application")
    await approved(province, proposal)
    assert (await province.get(f"/reorganisations/{plan['id']}"))["state"] == "approved"


async def test_one_whose_work_was_given_up_did_nothing_and_is_ordered_again(province: Registry) -> None:
    await settled(province, "90002", 2)
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await approved(province, await sent(province, "officer", f"{path}/application"))

    async def breaks(_job: JobContext) -> dict[str, Any]:
        raise RuntimeError

    async def failed() -> bool:
        async with province.database.transaction() as session:
            return (await session.execute(select(jobs.c.state))).scalars().all() == ["failed"]

    async with JobRunner(province.database, {REORGANISATION_JOB: breaks}, poll=0.01).running():
        await until(failed, within=60, describe="the job fails")
    assert await counted(province) == {"90002": 2}
    await follow_areas_step(province.database)
    shown = await province.get(path)
    assert (shown["state"], shown["approved_by"]) == ("planned", None)
    done = await applied(province, plan["id"])
    assert done["households"] == 2


async def test_one_in_work_is_not_put_back(province: Registry) -> None:
    await settled(province, "90002")
    plan = await planned(province, DAY, PAIRS)
    path = f"/reorganisations/{plan['id']}"
    await approved(province, await sent(province, "officer", f"{path}/application"))
    await follow_areas_step(province.database)
    assert (await province.get(path))["state"] == "applying"
    refused = await sent(province, "officer", f"{path}/application", status=409)
    assert refused["code"] == "reorganisation_state"
