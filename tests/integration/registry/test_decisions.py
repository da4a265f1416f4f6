"""From the assessment to the class: what a commune's decision does, and what it refuses to do."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.events.registry import HouseholdClassified, HouseholdStated
from tests.integration.registry.conftest import Registry, decision_on, member, poor

ABOVE: dict[str, Any] = {"route": {"kind": "income", "income_per_person_month": 1_500_001}}
NEAR: dict[str, Any] = {"deprivations": ["water_source"]}


async def test_an_assessment_proposes_a_class_with_reasons_and_changes_nothing(registry: Registry) -> None:
    household = await registry.register()
    answer = await registry.assess(household["id"], b2_points=30)
    assert (answer["proposed_class"], answer["b1_points"], answer["b2_points"]) == ("poor", 120, 30)
    assert answer["deprivations"] == ["nutrition", "housing_quality", "water_source"]
    assert [(each["criterion"], each["value"], each["threshold"], each["met"]) for each in answer["reasons"]] == [
        ("b1_points", 120, 140, True),
        ("deprivations", 3, 3, True),
    ]
    assert all(each["legal_basis"] for each in answer["reasons"])
    assert (await registry.get(f"/households/{household['id']}"))["standings"] == []
    assert await registry.events(HouseholdClassified) == []


async def test_a_decision_classifies_all_its_households_on_its_date(registry: Registry) -> None:
    first, second = await registry.register(), await registry.register(member(), member(relationship="spouse"))
    assessed = [await registry.assess(first["id"]), await registry.assess(second["id"], **NEAR)]
    decision = await registry.decide([each["id"] for each in assessed], number="215/QĐ-UBND")

    assert await registry.get(f"/decisions/{decision['id']}") == decision
    seen = await registry.get(f"/households/{second['id']}")
    assert seen["standings"] == [
        {
            "standard": "vn-2022-2025",
            "household_class": "near_poor",
            "decided_on": "2026-11-20",
            "newly_escaped_until": None,
        }
    ]
    classified = await registry.events(HouseholdClassified)
    assert [
        (str(e.household_id), e.household_class, e.transition, e.people, e.b1_points, e.b2_points)
        for e in classified
        if isinstance(e, HouseholdClassified)
    ] == [
        (first["id"], "poor", "new_poor", 1, 120, 30),
        (second["id"], "near_poor", "new_near_poor", 2, 120, 10),
    ]
    stated = [e for e in await registry.events(HouseholdStated) if isinstance(e, HouseholdStated)]
    assert [(str(e.household_id), e.version, len(e.standings)) for e in stated] == [
        (first["id"], 1, 0),
        (second["id"], 1, 0),
        (first["id"], 2, 1),
        (second["id"], 2, 1),
    ]


async def test_the_history_tells_movements_from_the_classes_before(registry: Registry) -> None:
    household = await registry.register()
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("2025-10-01", {}),
        ("2026-02-01", ABOVE),
        ("2026-06-01", {}),
        ("2026-10-01", NEAR),
    )
    for day, findings in steps:
        answer = await registry.assess(household["id"], **({"assessed_on": day} | findings))
        await registry.decide([answer["id"]], decided_on=day)
    history = await registry.get(f"/households/{household['id']}/history")
    assert [(each["number"], each["household_class"], each["transition"]) for each in history] == [
        (1, "poor", "new_poor"),
        (2, "not_poor", "escaped_above_near_poor"),
        (3, "poor", "re_poor"),
        (4, "near_poor", "escaped_to_near_poor"),
    ]


async def test_each_standard_has_a_class_of_its_own(registry: Registry) -> None:
    household = await registry.register()
    old = await registry.assess(household["id"])
    new = await registry.assess(
        household["id"], standard="vn-2026-2030", route={"kind": "income", "income_per_person_month": 2_200_001}
    )
    await registry.decide([old["id"]])
    await registry.decide([new["id"]])
    seen = await registry.get(f"/households/{household['id']}")
    assert [(each["standard"], each["household_class"]) for each in seen["standings"]] == [
        ("vn-2022-2025", "poor"),
        ("vn-2026-2030", "not_poor"),
    ]
    listed = await registry.get("/households", standard="vn-2022-2025", household_class="poor")
    assert [each["id"] for each in listed["items"]] == [household["id"]]
    assert (await registry.get("/households", standard="vn-2026-2030", household_class="poor"))["items"] == []


@pytest.mark.parametrize(
    ("order", "status", "code", "error"),
    [
        pytest.param({"decided_on": "2026-11-01"}, 422, "decision_refused", "decided_before_assessed", id="too early"),
        pytest.param({"decided_on": "2999-01-01"}, 422, "decision_refused", "not_yet", id="not yet"),
        pytest.param({"area_code": "08593"}, 422, "decision_refused", "assessment_elsewhere", id="another commune"),
        pytest.param({"area_code": "240"}, 422, "decision_refused", "not_a_commune_then", id="no commune"),
    ],
)
async def test_a_decision_that_cannot_be_right_is_refused_whole(
    used_registry: Registry, order: dict[str, Any], status: int, code: str, error: str
) -> None:
    household = await used_registry.register()
    assessment = await used_registry.assess(household["id"])
    problem = await used_registry.decide([assessment["id"]], status=status, **order)
    assert problem["code"] == code
    assert error in [each["code"] for each in problem["errors"]]
    assert (await used_registry.get(f"/households/{household['id']}"))["version"] == 1


async def test_what_was_decided_is_not_decided_again(registry: Registry) -> None:
    household = await registry.register()
    earlier = await registry.assess(household["id"])
    decided = await registry.assess(household["id"])
    await registry.decide([decided["id"]])
    again = await registry.decide([decided["id"]], status=409)
    assert [each["code"] for each in again["errors"]] == ["assessment_decided"]
    outdated = await registry.decide([earlier["id"]], status=409)
    assert [each["code"] for each in outdated["errors"]] == ["assessment_outdated"]


async def test_of_two_officers_who_decide_at_once_one_wins(registry: Registry) -> None:
    assessments = [(await registry.assess((await registry.register())["id"]))["id"] for _ in range(5)]

    answers = await asyncio.gather(
        *(
            registry.client.post("/decisions", json=decision_on(order), headers={"Idempotency-Key": uuid4().hex})
            for order in (assessments, assessments[::-1])
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    lost = next(answer.json() for answer in answers if answer.status_code == 409)
    assert lost["code"] == "decision_conflict"
    assert {each["code"] for each in lost["errors"]} == {"assessment_decided"}
    assert len(await registry.events(HouseholdClassified)) == 5


async def test_a_decision_number_is_used_once_a_day_and_commune(registry: Registry) -> None:
    assessments = [(await registry.assess((await registry.register())["id"]))["id"] for _ in range(2)]
    await registry.decide(assessments[:1], number="7/QĐ-UBND")
    problem = await registry.decide(assessments[1:], number="7/QĐ-UBND", status=409)
    assert problem["code"] == "decision_number_taken"
    assert [each["pointer"] for each in problem["errors"]] == ["/body/number"]


async def _assessed(registry: Registry, households: int, area_code: str = "08566") -> list[str]:
    made = [await registry.register(area_code=area_code) for _ in range(households)]
    return [(await registry.assess(each["id"]))["id"] for each in made]


async def test_decisions_of_several_communes_are_taken_together_as_one_by_one(registry: Registry) -> None:
    orders = [
        decision_on(await _assessed(registry, 2), number="1/QĐ-UBND"),
        decision_on(await _assessed(registry, 1, "08593"), area_code="08593", number="1/QĐ-UBND"),
        decision_on(await _assessed(registry, 1), number="2/QĐ-UBND", decided_on="2026-11-21"),
    ]
    answer = await registry.post("/decisions/batches", {"decisions": orders})
    assert [(each["area_code"], each["decided_on"], len(each["classes"])) for each in answer["decisions"]] == [
        ("08566", "2026-11-20", 2),
        ("08593", "2026-11-20", 1),
        ("08566", "2026-11-21", 1),
    ]
    for each in answer["decisions"]:
        assert len(each["movements"]) == len(each["classes"])
        assert await registry.get(f"/decisions/{each['id']}") == each
    classified = [each for each in await registry.events(HouseholdClassified) if isinstance(each, HouseholdClassified)]
    assert [str(each.decision_id) for each in classified] == [
        each["id"] for each in answer["decisions"] for _ in each["classes"]
    ]


async def test_of_decisions_taken_together_all_are_right_or_none_is_taken(registry: Registry) -> None:
    (first, second), (elsewhere,) = await _assessed(registry, 2), await _assessed(registry, 1, "08593")
    household = (await registry.register())["id"]
    both = [(await registry.assess(household))["id"] for _ in range(2)]

    async def refused(*orders: dict[str, Any], status: int = 422) -> tuple[str, list[tuple[str, str]]]:
        problem = await registry.post("/decisions/batches", {"decisions": list(orders)}, status=status)
        return problem["code"], [(each["pointer"], each["code"]) for each in problem["errors"]]

    assert await refused(decision_on([first]), decision_on([second, elsewhere]), decision_on([first])) == (
        "decision_refused",
        [
            ("/body/decisions/1/assessment_ids/1", "assessment_elsewhere"),
            ("/body/decisions/2/assessment_ids/0", "household_twice"),
        ],
    )
    assert await refused(decision_on(both[:1]), decision_on(both[1:])) == (
        "decision_refused",
        [("/body/decisions/1/assessment_ids/0", "household_twice")],
    )
    same = [decision_on([each], number="9/QĐ-UBND") for each in (first, second)]
    assert await refused(*same, status=409) == ("decision_number_taken", [("/body/decisions/1/number", "value_taken")])
    many = [decision_on([first] * 501), decision_on([second] * 500)]
    assert await refused(*many) == ("validation_failed", [("/body", "too_many_assessments")])
    await registry.decide([second])
    assert await refused(decision_on([first]), decision_on([second]), status=409) == (
        "decision_conflict",
        [("/body/decisions/1/assessment_ids/0", "assessment_decided")],
    )
    assert len(await registry.events(HouseholdClassified)) == 1


async def test_a_decision_sent_twice_is_taken_once(registry: Registry) -> None:
    assessment = await registry.assess((await registry.register())["id"])
    body = decision_on([assessment["id"]])
    answers = [await registry.post("/decisions", body, key="k-8") for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(await registry.events(HouseholdClassified)) == 1


async def test_the_history_of_classes_cannot_be_rewritten(registry: Registry) -> None:
    assessment = await registry.assess((await registry.register())["id"])
    await registry.decide([assessment["id"]])
    connection = await registry.database.connect()
    try:
        for statement in ("UPDATE class_history SET household_class = 'not_poor'", "DELETE FROM class_history"):
            with pytest.raises(Exception, match="class_history is never changed"):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("findings", "pointer", "code"),
    [
        pytest.param({"b2_points": 20}, "/body/b2_points", "b2_points", id="b2 is not ten a deprivation"),
        pytest.param({"standard": "vn-1999"}, "/body/standard", "standard_unknown", id="unknown standard"),
        pytest.param({"standard": "vn-2026-2030"}, "/body/route", "score_route_unknown", id="no cut-offs known"),
        pytest.param({"deprivations": ["waste_treatment"]}, "/body/deprivations", "indicator_unknown", id="indicator"),
        pytest.param({"deprivations": ["nutrition"] * 2}, "/body/deprivations", "indicator_unknown", id="twice"),
        pytest.param({"assessed_on": "2999-01-01"}, "/body/assessed_on", "not_yet", id="not yet"),
        pytest.param({"assessed_on": "2024-10-01"}, "/body/assessed_on", "not_a_commune_then", id="no commune then"),
    ],
)
async def test_findings_that_cannot_be_evaluated_are_refused(
    used_registry: Registry, findings: dict[str, Any], pointer: str, code: str
) -> None:
    household = await used_registry.register()
    problem = await used_registry.assess(household["id"], status=422, **findings)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(pointer, code)]


async def test_many_households_are_assessed_together_or_not_at_all(registry: Registry) -> None:
    ids = [(await registry.register())["id"] for _ in range(3)]
    batch = [poor(household_id=each) for each in ids]
    made = await registry.post("/assessments/batches", {"assessments": batch})
    assert [each["household_id"] for each in made["assessments"]] == ids
    batch[1]["household_id"] = "018f3c2a-0000-7000-8000-000000000000"
    problem = await registry.post("/assessments/batches", {"assessments": batch}, status=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/body/assessments/1/household_id", "household_unknown")
    ]
