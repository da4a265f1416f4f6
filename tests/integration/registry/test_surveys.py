"""Facts beside ticks, form B1 as filled in, and a simulation that leaves the registry as it is."""

from typing import Any

from services.registry.app import definition
from shared.jobs import JobRunner
from shared.jobs.store import find
from tests.integration.registry.conftest import Registry, member, poor
from tests.support.tokens import bearer
from tests.support.waiting import until

FORM = {
    "household_size": "one",
    "electricity": "below_25",
    "wage_earners": "none",
    "motorbike": "no",
    "large_livestock": "no",
}


def form_route(**answers: str) -> dict[str, Any]:
    return {"kind": "form", "version": "sample-b1-2022", "region": "midlands_mountains", "answers": FORM | answers}


async def test_facts_stand_beside_ticks_with_reason_and_persons(registry: Registry) -> None:
    household = await registry.register(member(), member(relationship="child", birth_date="2018-05-01"))
    child = household["members"][1]["id"]
    facts = {"members": [{"person_id": child, "nutrition": "normal", "education": []}], "water_source": "surface"}
    answer = await registry.assess(household["id"], facts=facts)
    told = {each["indicator"]: each for each in answer["computed"]}
    assert (told["water_source"]["deprived"], told["nutrition"]["deprived"]) == (True, False)
    assert (told["child_schooling"]["deprived"], told["child_schooling"]["persons"]) == (True, [child])
    assert told["housing_quality"]["deprived"] is None
    assert answer["differences"] == ["nutrition", "child_schooling"]
    assert answer["b2_points"] == 30


async def test_facts_about_somebody_else_are_refused(registry: Registry) -> None:
    household, other = await registry.register(), await registry.register()
    facts = {"members": [{"person_id": other["members"][0]["id"], "work": "own_account"}]}
    problem = await registry.assess(household["id"], facts=facts, status=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/body/facts/members/0/person_id", "not_a_member")
    ]


async def test_a_form_gives_its_points_but_no_decision_rests_on_a_sample(registry: Registry) -> None:
    household = await registry.register()
    answer = await registry.assess(household["id"], route=form_route(motorbike="yes"))
    assert (answer["b1_points"], answer["form_version"], answer["sample_form"]) == (80, "sample-b1-2022", True)
    refused = await registry.decide([answer["id"]], status=422)
    assert [each["code"] for each in refused["errors"]] == ["sample_form"]
    problem = await registry.assess(household["id"], route=form_route(motorbike="three"), status=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/body/route/form/answers/motorbike", "form_answer_unknown")
    ]
    (form,) = await registry.get("/standards/vn-2022-2025/forms")
    assert form["sample"] is True


async def test_decisions_rest_on_an_official_point_table_that_was_loaded(registry: Registry) -> None:
    (sample,) = await registry.get("/standards/vn-2022-2025/forms")
    path = "/standards/vn-2022-2025/forms"
    refused = await registry.post(path, sample, status=422)
    assert [each["code"] for each in refused["errors"]] == ["form_is_sample", "form_version_taken"]
    official = sample | {
        "version": "tt07-2021", "sample": False, "name": {"vi": "Phiếu B1", "en": "Form B1"},
    }  # fmt: skip
    broken = official | {"items": [*official["items"], official["items"][0]]}
    assert (await registry.post(path, broken, status=422))["code"] == "validation_failed"
    nowhere = await registry.post("/standards/vn-2026-2030/forms", official | {"standard": "vn-2026-2030"}, status=422)
    assert [each["code"] for each in nowhere["errors"]] == ["score_route_unknown"]
    proposal = await registry.post(path, official)
    assert [each["version"] for each in await registry.get(path)] == ["sample-b1-2022"]  # it takes two people
    approval = f"/proposals/{proposal['id']}/approval", {"content_hash": proposal["content_hash"]}
    assert (await registry.post(*approval, status=403))["code"] == "same_person"
    registry.client.headers.update(bearer("chair"))
    await registry.post(*approval)
    registry.client.headers.update(bearer("officer"))
    loaded = await registry.get(path)
    assert [(each["version"], each["sample"]) for each in loaded] == [("sample-b1-2022", True), ("tt07-2021", False)]
    household = await registry.register()
    answer = await registry.assess(household["id"], route=form_route() | {"version": "tt07-2021"})
    assert answer["sample_form"] is False
    await registry.decide([answer["id"]])
    again = await registry.post(path, official, status=422)
    assert [each["code"] for each in again["errors"]] == ["form_version_taken"]


async def _simulated(registry: Registry, order: dict[str, Any]) -> Any:
    started = await registry.post("/simulations", order, status=202)
    async with JobRunner(registry.database, definition().jobs, poll=0.02).running():

        async def ended() -> Any:
            async with registry.database.transaction() as session:
                job = await find(session, started["id"])
            return job if job is not None and job.ended else None

        job = await until(ended, describe="the simulation ends")
    assert job.problem is None, job.problem
    return job


async def test_a_simulation_says_who_would_change_class_and_changes_nobody(registry: Registry) -> None:
    incomes = {"poor": 1_400_000, "not_poor": 2_000_000, "above": 2_500_000}
    made = {}
    for name, income in incomes.items():
        household = await registry.register()
        route = {"kind": "income", "income_per_person_month": income}
        made[name] = (household["id"], (await registry.assess(household["id"], route=route))["id"])
    scored = await registry.register()
    await registry.decide([*(each for _, each in made.values()), (await registry.assess(scored["id"]))["id"]])
    before = await registry.get("/households")

    job = await _simulated(registry, {"base": "vn-2022-2025", "target": "vn-2026-2030"})
    figures = {(each["class_before"], each["class_after"]): each["households"] for each in job.result["areas"]}
    assert figures == {
        ("poor", "poor"): 1,
        ("poor", "unknown"): 1,
        ("not_poor", "poor"): 1,
        ("not_poor", "not_poor"): 1,
    }
    assert job.result["unanswered"] == ["waste_treatment"]
    changes = await registry.get("/simulations", simulation_id=str(job.id))
    assert [(each["household_id"], each["class_after"]) for each in changes["items"]] == [(made["not_poor"][0], "poor")]
    assert await registry.get("/households") == before


async def test_a_draft_with_another_line_can_be_tried(registry: Registry) -> None:
    household = await registry.register()
    route = {"kind": "income", "income_per_person_month": 1_600_000}
    await registry.decide([(await registry.assess(household["id"], **poor(route=route)))["id"]])
    draft = await registry.get("/standards/vn-2022-2025")
    draft["code"], draft["income_lines"]["rural"] = "draft-2028", 1_600_000
    job = await _simulated(registry, {"base": "vn-2022-2025", "draft": draft})
    assert [(each["class_before"], each["class_after"]) for each in job.result["areas"]] == [("not_poor", "poor")]
    draft["deprivations"]["needed_for_poor"] = 0
    await registry.post("/simulations", {"base": "vn-2022-2025", "draft": draft}, status=422)
