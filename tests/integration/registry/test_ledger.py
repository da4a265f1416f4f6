"""The transition ledger over real PostgreSQL: decisions in and out of order, changes of presence, movement tables."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.registry.store.ledger import HouseholdChange, record_changes
from shared import clock
from shared.events.registry import HouseholdClassified, HouseholdStated
from tests.integration.registry.conftest import Registry, decision_on, member
from tests.integration.registry.test_exports import exported, record

STANDARD = "vn-2022-2025"
ABOVE: dict[str, Any] = {"route": {"kind": "income", "income_per_person_month": 1_500_001}}
NEAR: dict[str, Any] = {"deprivations": ["water_source"]}
POOR: dict[str, Any] = {}


async def classify(registry: Registry, household: Any, findings: dict[str, Any], on: str, **order: Any) -> Any:
    answer = await registry.assess(household["id"], **({"assessed_on": order.pop("assessed_on", on)} | findings))
    return await registry.decide([answer["id"]], decided_on=on, **order)


async def family(registry: Registry, people: int, area_code: str = "08566") -> Any:
    others = [member(relationship="child") for _ in range(people - 1)]
    return await registry.register(member(), *others, area_code=area_code)


async def change(registry: Registry, *changes: HouseholdChange) -> None:
    async with registry.database.transaction() as session:
        await record_changes(session, changes, by="officer", now=clock.now())


async def table(registry: Registry, area_code: str = "08566", **query: str) -> Any:
    period = {"standard": STANDARD, "first": "2026-01-01", "last": "2026-12-31"}
    return await registry.get("/movement-report", area_code=area_code, **(period | query))


def lines(moved: Any) -> dict[str, tuple[int, int]]:
    """Return the lines of a list that are not empty, and where it stood at the start and the end."""
    told = {"start": moved["start"], **moved["decreases"], **moved["increases"], "end": moved["end"]}
    return {line: (each["households"], each["people"]) for line, each in told.items() if each["people"]}


def told(entries: Sequence[Any]) -> list[tuple[str, str, int, bool]]:
    return [(each["line"], each["moved_on"], each["people"], each["reverses"] is not None) for each in entries]


async def test_each_movement_stands_in_one_line_of_the_table(registry: Registry) -> None:
    falls, rises, again = [await family(registry, people) for people in (3, 2, 4)]
    await classify(registry, falls, NEAR, "2025-10-01")
    await classify(registry, falls, POOR, "2026-06-01")
    await classify(registry, rises, POOR, "2025-10-01")
    await classify(registry, rises, ABOVE, "2026-06-01")
    for findings, on in ((POOR, "2025-07-02"), (ABOVE, "2025-10-01"), (POOR, "2026-06-01")):
        await classify(registry, again, findings, on)
    report = await table(registry)
    assert lines(report["poor"]) == {
        "start": (1, 2),
        "escaped_above_near_poor": (1, 2),
        "near_poor_to_poor": (1, 3),
        "re_poor": (1, 4),
        "end": (2, 7),
    }
    assert lines(report["near_poor"]) == {"start": (1, 3), "near_poor_to_poor": (1, 3)}
    assert report["communes"] is None


async def test_a_late_decision_adds_entries_edits_none_and_says_what_it_changed(registry: Registry) -> None:
    household = await family(registry, 3)
    poor_now = await classify(registry, household, POOR, "2026-10-01")
    assert told(poor_now["movements"]) == [("new_poor", "2026-10-01", 3, False)]
    known = clock.now().isoformat()
    late = await classify(registry, household, NEAR, "2026-05-01", assessed_on="2026-04-20")
    assert told(late["movements"]) == [
        ("new_poor", "2026-10-01", -3, True),
        ("new_near_poor", "2026-05-01", 3, False),
        ("near_poor_to_poor", "2026-10-01", 3, False),
    ]
    assert late["movements"][0]["reverses"] == poor_now["movements"][0]["id"]
    assert await registry.get(f"/decisions/{late['id']}") == late
    kept = await registry.get(f"/households/{household['id']}/movements")
    assert told(kept) == [
        ("new_poor", "2026-10-01", 3, False),
        ("new_poor", "2026-10-01", -3, True),
        ("new_near_poor", "2026-05-01", 3, False),
        ("near_poor_to_poor", "2026-10-01", 3, False),
    ]
    seen = await registry.get(f"/households/{household['id']}")
    assert [each["household_class"] for each in seen["standings"]] == ["poor"]
    assert [
        (each["number"], each["household_class"])
        for each in await registry.get(f"/households/{household['id']}/history")
    ] == [(2, "near_poor"), (1, "poor")]
    assert lines((await table(registry))["poor"]) == {"near_poor_to_poor": (1, 3), "end": (1, 3)}
    assert lines((await table(registry, known_at=known))["poor"]) == {"new_poor": (1, 3), "end": (1, 3)}
    events = [each for each in await registry.events(HouseholdClassified) if isinstance(each, HouseholdClassified)]
    assert [(each.in_force, each.decided_on) for each in events] == [
        (True, date(2026, 10, 1)),
        (False, date(2026, 5, 1)),
    ]


async def test_a_correction_stands_in_place_of_what_it_corrects_from_the_same_day(registry: Registry) -> None:
    household, other = await family(registry, 3), await family(registry, 2)
    answers = [(await registry.assess(each["id"]))["id"] for each in (household, other)]
    wrong = await registry.decide(answers, decided_on="2026-11-20")
    right = await classify(registry, household, ABOVE, "2026-11-25", corrects=wrong["id"])
    (given,) = right["classes"]
    assert (given["decided_on"], given["corrects"], given["number"]) == ("2026-11-20", 1, 2)
    assert told(right["movements"]) == [("new_poor", "2026-11-20", -3, True)]
    assert lines((await table(registry))["poor"]) == {"new_poor": (1, 2), "end": (1, 2)}
    seen = await registry.get(f"/households/{household['id']}")
    assert [(each["household_class"], each["decided_on"]) for each in seen["standings"]] == [("not_poor", "2026-11-20")]
    again = await registry.assess(household["id"], assessed_on="2026-11-26")
    problem = await registry.decide([again["id"]], decided_on="2026-11-27", corrects=wrong["id"], status=409)
    assert [each["code"] for each in problem["errors"]] == ["class_replaced"]
    events = [each for each in await registry.events(HouseholdClassified) if isinstance(each, HouseholdClassified)]
    assert events[-1].corrects_decision_id == UUID(wrong["id"])
    assert events[-1].decided_on == date(2026, 11, 20)


async def test_who_left_both_lists_is_newly_escaped_for_36_months(registry: Registry) -> None:
    household = await family(registry, 2)
    await classify(registry, household, POOR, "2025-11-20")
    await classify(registry, household, ABOVE, "2026-11-20")
    (standing,) = (await registry.get(f"/households/{household['id']}"))["standings"]
    assert (standing["household_class"], standing["newly_escaped_until"]) == ("not_poor", "2029-11-19")
    stated = [each for each in await registry.events(HouseholdStated) if isinstance(each, HouseholdStated)]
    assert stated[-1].standings[0].newly_escaped_until == date(2029, 11, 19)


async def test_people_and_households_that_come_and_go_are_other_increase_and_decrease(registry: Registry) -> None:
    home, origin, neighbour = [await family(registry, people) for people in (3, 5, 2)]
    for each in (home, origin, neighbour):
        await classify(registry, each, POOR, "2025-10-01")
    on = date(2026, 4, 1)
    ids = {name: UUID(each["id"]) for name, each in (("home", home), ("origin", origin), ("neighbour", neighbour))}
    await change(
        registry,
        HouseholdChange(ids["home"], on, "member_joined", people=1),
        HouseholdChange(ids["home"], on, "moved", area_code="08593"),
        HouseholdChange(ids["origin"], on, "split", people=-2),
        HouseholdChange(ids["neighbour"], on, "dissolved", people=-2, present=False),
    )
    report = await table(registry)
    assert lines(report["poor"]) == {
        "start": (3, 10),
        "other_decrease": (2, 8),
        "other_increase": (0, 1),
        "end": (1, 3),
    }
    both = await table(registry, area_code="25", by_commune="true")
    assert lines(both["poor"]) == {"start": (3, 10), "other_decrease": (1, 4), "other_increase": (0, 1), "end": (2, 7)}
    communes = {each["area_code"]: lines(each["poor"]) for each in both["communes"]}
    assert communes["08593"] == {"other_increase": (1, 4), "end": (1, 4)}
    assert communes["08566"] == lines(report["poor"])


async def test_a_household_split_off_brings_its_classes_with_it(registry: Registry) -> None:
    origin = await family(registry, 5)
    await classify(registry, origin, POOR, "2025-10-01")
    heir = UUID(int=77)
    async with registry.database.transaction() as session:
        await (await session.connection()).exec_driver_sql(
            "INSERT INTO households VALUES ('00000000-0000-0000-0000-00000000004d', '08566', '2026-04-01', 'officer',"
            " now(), 1)"
        )
        on = date(2026, 4, 1)
        changes = [
            HouseholdChange(UUID(origin["id"]), on, "split", people=-2),
            HouseholdChange(heir, on, "split", 2, "08566", present=True, heir_of=UUID(origin["id"])),
        ]
        await record_changes(session, changes, by="officer", now=clock.now())
    report = await table(registry)
    assert lines(report["poor"]) == {"start": (1, 5), "other_decrease": (0, 2), "other_increase": (1, 2), "end": (2, 5)}
    history = await registry.get(f"/households/{heir}/history")
    assert [(each["household_class"], each["inherited_from"]) for each in history] == [("poor", origin["id"])]


async def test_a_move_told_late_restates_the_decision_after_it(registry: Registry) -> None:
    household = await family(registry, 3)
    await classify(registry, household, POOR, "2026-10-01")
    await change(registry, HouseholdChange(UUID(household["id"]), date(2026, 9, 1), "moved", area_code="08593"))
    assert lines((await table(registry))["poor"]) == {}
    assert lines((await table(registry, "08593"))["poor"]) == {"new_poor": (1, 3), "end": (1, 3)}


async def test_the_entries_of_a_report_are_given_as_a_file(registry: Registry) -> None:
    household = await family(registry, 3)
    await classify(registry, household, POOR, "2026-10-01")
    await classify(registry, household, NEAR, "2026-05-01", assessed_on="2026-04-20")
    period = {"area_code": "25", "standard": STANDARD, "first": "2026-01-01", "last": "2026-12-31"}
    rows = await exported(registry, "/movements.csv", **period)
    told = sorted((row["Ngày"], row["Biến động"], row["Số nhân khẩu"], row["Bút toán đảo"]) for row in rows)
    assert told == [
        ("01/05/2026", "Phát sinh cận nghèo mới", "3", ""),
        ("01/10/2026", "Cận nghèo thành nghèo", "3", ""),
        ("01/10/2026", "Phát sinh nghèo mới", "3", ""),
        ("01/10/2026", "Phát sinh nghèo mới", "3", "x"),
    ]
    (row,) = await record(registry, "export_movements")
    assert row.details["count"] == 4


async def test_a_household_that_ended_is_decided_for_the_time_before_alone(registry: Registry) -> None:
    household = await family(registry, 2)
    await change(
        registry, HouseholdChange(UUID(household["id"]), date(2026, 6, 1), "dissolved", people=-2, present=False)
    )
    found = await registry.assess(household["id"], assessed_on="2026-05-02")
    gone = await registry.decide([found["id"]], decided_on="2026-06-20", status=422)
    assert [each["code"] for each in gone["errors"]] == ["household_not_there"]
    await registry.decide([found["id"]], decided_on="2026-05-20")
    assert lines((await table(registry))["poor"]) == {"new_poor": (1, 2), "other_decrease": (1, 2)}
    assert (await registry.get(f"/households/{household['id']}"))["standings"] == []


async def test_entries_are_neither_changed_nor_deleted(registry: Registry) -> None:
    await classify(registry, await family(registry, 1), POOR, "2026-10-01")
    connection = await registry.database.connect()
    try:
        for kept in ("movements", "household_presence"):
            for statement in (f"UPDATE {kept} SET people = 9", f"DELETE FROM {kept}"):
                with pytest.raises(Exception, match=f"{kept} is never changed"):
                    await connection.execute(statement)
    finally:
        await connection.close()


async def test_two_decisions_about_one_household_at_once_leave_a_ledger_that_adds_up(registry: Registry) -> None:
    household = await family(registry, 3)
    days = ("2026-03-02", "2026-06-02", "2026-09-02")
    found = (POOR, NEAR, POOR)
    answers = [
        (await registry.assess(household["id"], assessed_on=on, **findings))["id"]
        for on, findings in zip(days, found, strict=True)
    ]
    await asyncio.gather(*(registry.decide([each], decided_on=on) for each, on in zip(answers, days, strict=True)))
    report = await table(registry)
    assert lines(report["poor"]) == {
        "new_poor": (1, 3),
        "escaped_to_near_poor": (1, 3),
        "near_poor_to_poor": (1, 3),
        "end": (1, 3),
    }


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        pytest.param({"standard": "vn-1999"}, "/query/standard", "standard_unknown", id="no such standard"),
        pytest.param({"last": "2025-12-31"}, "/query/last", "area_period", id="ends before it begins"),
    ],
)
async def test_a_report_of_nothing_is_refused(
    used_registry: Registry, query: dict[str, str], pointer: str, code: str
) -> None:
    period = {"area_code": "08566", "standard": STANDARD, "first": "2026-01-01", "last": "2026-12-31"}
    answer = await used_registry.client.get("/movement-report", params=period | query)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]


async def test_an_area_that_is_none_in_the_period_has_no_report(used_registry: Registry) -> None:
    period = {"area_code": "99999", "standard": STANDARD, "first": "2026-01-01", "last": "2026-12-31"}
    assert (await used_registry.client.get("/movement-report", params=period)).status_code == 404


async def split_off(registry: Registry, on: str) -> tuple[Any, str]:
    """Register three people, poor since March 2026, of whom one founds a household of their own on a day."""
    members = [member(), member(relationship="child"), member(relationship="child")]
    body = {"area_code": "08566", "registered_on": "2025-01-05", "members": members}
    origin = (await registry.post("/households", body))["household"]
    decided = await classify(registry, origin, POOR, "2026-03-01")
    person = origin["members"][2]["id"]
    split = {"kind": "split", "effective_on": on, "members": [{"person_id": person, "relationship": "head"}]}
    made = (await registry.change(origin["id"], split))["households"]
    return (origin, decided), next(each["id"] for each in made if each["id"] != origin["id"])


async def classes(registry: Registry, household_id: str) -> list[tuple[int, str, int | None, str | None]]:
    history = await registry.get(f"/households/{household_id}/history")
    return [(each["number"], each["household_class"], each["corrects"], each["inherited_from"]) for each in history]


async def test_a_late_decision_counts_for_who_was_split_off_since_and_a_later_one_does_not(registry: Registry) -> None:
    (origin, _), heir = await split_off(registry, "2026-06-01")
    late = await classify(registry, origin, NEAR, "2026-04-01")
    assert [each["household_id"] for each in late["classes"]] == [origin["id"]]
    assert await classes(registry, heir) == [(1, "poor", None, origin["id"]), (2, "near_poor", None, origin["id"])]
    changed = [each for each in late["movements"] if each["household_id"] == heir]
    assert [(each["household_class"], *told([each])[0]) for each in changed] == [
        ("poor", "other_increase", "2026-06-01", -1, True),
        ("near_poor", "other_increase", "2026-06-01", 1, False),
    ]
    assert await registry.get(f"/decisions/{late['id']}") == late
    seen = await registry.get(f"/households/{heir}")
    assert [(each["household_class"], each["decided_on"]) for each in seen["standings"]] == [
        ("near_poor", "2026-04-01")
    ]
    events = [each for each in await registry.events(HouseholdClassified) if isinstance(each, HouseholdClassified)]
    assert [(str(each.household_id), each.decided_on, each.people) for each in events[-2:]] == [
        (origin["id"], date(2026, 4, 1), 3),
        (heir, date(2026, 6, 1), 1),
    ]
    await classify(registry, origin, ABOVE, "2026-07-01")
    assert len(await classes(registry, heir)) == 2
    assert lines((await table(registry))["near_poor"])["end"] == (1, 1)


async def test_a_correction_counts_for_who_was_split_off_with_what_it_corrects(registry: Registry) -> None:
    (origin, wrong), heir = await split_off(registry, "2026-06-01")
    await classify(registry, {"id": heir}, POOR, "2026-09-01")
    await classify(registry, origin, ABOVE, "2026-10-01", corrects=wrong["id"])
    assert await classes(registry, heir) == [
        (1, "poor", None, origin["id"]),
        (3, "not_poor", 1, origin["id"]),
        (2, "poor", None, None),
    ]
    poor = await table(registry)
    assert lines(poor["poor"]) == {"new_poor": (1, 1), "end": (1, 1)}
    events = [each for each in await registry.events(HouseholdClassified) if isinstance(each, HouseholdClassified)]
    assert [(str(each.household_id), each.in_force) for each in events[-2:]] == [(origin["id"], True), (heir, False)]


async def test_a_class_that_the_one_split_off_had_corrected_by_itself_stays(registry: Registry) -> None:
    (origin, wrong), heir = await split_off(registry, "2026-06-01")
    await classify(registry, {"id": heir}, NEAR, "2026-09-01", corrects=wrong["id"])
    await classify(registry, origin, ABOVE, "2026-10-01", corrects=wrong["id"])
    assert await classes(registry, heir) == [(1, "poor", None, origin["id"]), (2, "near_poor", 1, None)]


async def test_a_correction_that_names_the_one_split_off_too_counts_once_for_it(registry: Registry) -> None:
    (origin, wrong), heir = await split_off(registry, "2026-06-01")
    named = [
        (await registry.assess(each, assessed_on="2026-10-01", **findings))["id"]
        for each, findings in ((origin["id"], ABOVE), (heir, NEAR))
    ]
    await registry.decide(named, decided_on="2026-10-01", corrects=wrong["id"])
    assert await classes(registry, heir) == [(1, "poor", None, origin["id"]), (2, "near_poor", 1, None)]


async def test_two_decisions_at_once_may_not_touch_the_same_household_by_one_split_off(registry: Registry) -> None:
    (origin, _), heir = await split_off(registry, "2026-06-01")
    late = await registry.assess(origin["id"], assessed_on="2026-04-01", **NEAR)
    own = await registry.assess(heir, assessed_on="2026-07-01", **NEAR)
    orders = [decision_on([own["id"]], decided_on="2026-07-01"), decision_on([late["id"]], decided_on="2026-04-01")]
    for sent, place in ((orders, "assessment_ids"), (orders[::-1], "assessment_ids/0")):
        problem = await registry.post("/decisions/batches", {"decisions": sent}, status=422)
        assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
            (f"/body/decisions/1/{place}", "household_twice")
        ]
