"""Review rounds over real PostgreSQL: from the list to the certificate, and every step that is refused on the way."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.conftest import Registry, decision_on, member

STANDARD = "vn-2022-2025"
ROUND = {"area_code": "08566", "standard": STANDARD, "period": "2025", "target_poor": 1}
NEAR: dict[str, Any] = {"deprivations": ["water_source"]}


async def poor_household(registry: Registry) -> str:
    """Return a household that is on the poor list since July 2025."""
    household = await registry.register(member())
    found = await registry.assess(household["id"], assessed_on="2025-07-02")
    await registry.decide([found["id"]], decided_on="2025-07-03")
    return str(household["id"])


async def surveyed(registry: Registry, at: str, household: str, on: str = "2025-10-06", **findings: Any) -> str:
    found = await registry.assess(household, assessed_on=on, **findings)
    await registry.post(f"{at}/surveys", {"surveys": [{"household_id": household, "assessment_id": found["id"]}]})
    return str(found["id"])


def minutes(household: str, agreeing: int, **changes: Any) -> dict[str, Any]:
    return {
        "village": "Thôn Một",
        "held_on": "2025-10-10",
        "chaired_by": "Hà Văn Tân",
        "secretary": "Đinh Thị Sửu",
        "present": 41,
        "votes": [{"household_id": household, "agreeing": agreeing}],
    } | changes


def posting(household: str, on: str = "2025-10-13") -> dict[str, Any]:
    return {"posted_on": on, "places": "Nhà văn hoá thôn Một, trụ sở UBND xã", "household_ids": [household]}


def issue(household: str, on: str = "2025-10-20", first: int = 17) -> dict[str, Any]:
    return {"household_ids": [household], "issued_on": on, "signed_by": "Nguyễn Văn Bình", "first_number": first}


async def refused(registry: Registry, path: str, body: Any) -> Any:
    """Return why a step was refused: pointers and codes of the errors, after both languages have told it."""
    codes = []
    for language in ("vi", "en"):
        headers = {"Idempotency-Key": uuid4().hex, "Accept-Language": language}
        answer = await registry.client.post(path, json=body, headers=headers)
        assert answer.status_code == 409, answer.text
        problem = answer.json()
        assert all(each["message"] for each in problem["errors"])
        codes.append([(each["pointer"], each["code"]) for each in problem["errors"]])
    assert codes[0] == codes[1]
    return codes[0]


async def test_a_household_goes_from_the_list_to_the_certificate(registry: Registry) -> None:
    listed = await poor_household(registry)
    applied = (await registry.register(member()))["id"]
    application = {"household_id": applied, "received_on": "2025-08-20", "channel": "portal"}
    taken = await registry.post("/review-applications", application)
    assert taken["period"] == "2025"
    opened = await registry.post("/rounds", ROUND)
    at = f"/rounds/{opened['id']}"
    assert (opened["starts_on"], opened["ends_on"], opened["progress"]["stages"]) == (
        "2025-09-01", "2025-12-14", {"listed": 2},
    )  # fmt: skip
    await registry.post(
        f"{at}/screenings", {"household_id": applied, "screened_on": "2025-10-01", "screened_out": False}
    )
    stays = await surveyed(registry, at, listed)
    comes = await surveyed(registry, at, applied, **NEAR)
    both = [{"household_id": listed, "agreeing": 21}, {"household_id": applied, "agreeing": 20}]
    first = await registry.post(f"{at}/meetings", minutes(listed, 21, votes=both))
    assert (first["agreed"], first["not_agreed"]) == ([listed], [applied])
    again = await surveyed(registry, at, applied, "2025-10-11", **NEAR)
    await registry.post(f"{at}/meetings", minutes(applied, 30, held_on="2025-10-12"))
    posted = await registry.post(f"{at}/postings", posting(listed) | {"household_ids": [listed, applied]})
    assert posted["posted_until"] == "2025-10-16"
    objection = {
        "household_id": applied, "received_on": "2025-10-14", "made_by": "Bùi Thị Lan", "about": "Hộ có xe máy mới",
    }  # fmt: skip
    taken = await registry.post(f"{at}/objections", objection)
    assert taken["due_on"] == "2025-10-17"
    decision = decision_on([stays, again], decided_on="2025-10-17", round_id=opened["id"])
    waits = await registry.post("/decisions", decision, status=422)
    assert [(each["pointer"], each["code"]) for each in waits["errors"]] == [
        ("/body/assessment_ids/1", "objection_open")
    ]
    finding = {"rechecked_on": "2025-10-20", "found_right": False, "finding": "Xe của người cháu gửi nhờ"}
    assert (await registry.post(f"{at}/objections/{taken['id']}/recheck", finding))["late"]
    made = await registry.post("/decisions", decision | {"decided_on": "2025-10-21"})
    assert [each["household_class"] for each in made["classes"]] == ["poor", "near_poor"]
    assert made["round_id"] == opened["id"]
    issued = await registry.post(
        f"{at}/certificates", issue(listed, "2025-10-22") | {"household_ids": [listed, applied]}
    )
    assert [each["number"] for each in issued] == ["0017/GCN-2025", "0018/GCN-2025"]
    (seen,) = (await registry.get("/rounds", period="2025"))["items"]
    assert seen["progress"] == {"stages": {"certified": 2}, "poor": 1, "near_poor": 1, "not_poor": 0}
    assert (await registry.get(at))["target_poor"] == 1
    cases = (await registry.get(f"{at}/cases", stage="certified"))["items"]
    assert {each["household_id"]: each["assessment_id"] for each in cases} == {listed: stays, applied: again}
    assert comes != again


async def test_a_round_says_what_forbids_each_step(registry: Registry) -> None:
    household = await poor_household(registry)
    opened = await registry.post("/rounds", ROUND)
    at = f"/rounds/{opened['id']}"
    found = await registry.assess(household, assessed_on="2025-10-06")
    decision = decision_on([found["id"]], decided_on="2025-10-17", round_id=opened["id"])

    async def no_decision(code: str, **changes: Any) -> None:
        problem = await registry.post("/decisions", decision | changes, status=422)
        assert [each["code"] for each in problem["errors"]] == [code]

    assert await refused(registry, f"{at}/meetings", minutes(household, 40)) == [("/body/votes/0", "survey_missing")]
    assert await refused(registry, f"{at}/postings", posting(household)) == [
        ("/body/household_ids/0", "meeting_missing")
    ]
    await no_decision("posting_missing")
    bypass = await registry.post("/decisions", decision | {"round_id": None}, status=422)
    assert [each["code"] for each in bypass["errors"]] == ["household_in_round"]
    late = await registry.assess(household, assessed_on="2025-12-15")
    body = {"surveys": [{"household_id": household, "assessment_id": late["id"]}]}
    assert await refused(registry, f"{at}/surveys", body) == [("/body/surveys/0", "round_over")]
    await registry.post(f"{at}/surveys", {"surveys": [{"household_id": household, "assessment_id": found["id"]}]})
    many = minutes(household, 42)
    assert await refused(registry, f"{at}/meetings", many) == [("/body/votes/0", "more_agree_than_present")]
    early = minutes(household, 41, held_on="2025-10-05")
    assert await refused(registry, f"{at}/meetings", early) == [("/body/votes/0", "meeting_before_survey")]
    await registry.post(f"{at}/meetings", minutes(household, 20))
    assert await refused(registry, f"{at}/meetings", minutes(household, 41)) == [("/body/votes/0", "score_again")]
    assert await refused(registry, f"{at}/postings", posting(household)) == [
        ("/body/household_ids/0", "meeting_not_agreed")
    ]
    body = {"surveys": [{"household_id": household, "assessment_id": found["id"]}]}
    assert await refused(registry, f"{at}/surveys", body) == [("/body/surveys/0", "assessment_heard")]
    scored = await surveyed(registry, at, household, "2025-10-11")
    await registry.post(f"{at}/meetings", minutes(household, 41, held_on="2025-10-12"))
    await registry.post(f"{at}/postings", posting(household))
    await no_decision("assessment_not_posted")
    await no_decision("posting_not_over", assessment_ids=[scored], decided_on="2025-10-16")
    await no_decision("round_over", assessment_ids=[scored], decided_on="2025-12-15")
    objection = {"household_id": household, "received_on": "2025-10-17", "made_by": "Bùi Thị Lan", "about": "Chưa đúng"}
    assert await refused(registry, f"{at}/objections", objection) == [("/body/household_id", "objection_late")]
    assert await refused(registry, f"{at}/certificates", issue(household)) == [
        ("/body/household_ids/0", "decision_missing")
    ]
    await registry.post("/decisions", decision | {"assessment_ids": [scored]})
    assert await refused(registry, f"{at}/certificates", issue(household, "2025-10-16")) == [
        ("/body/household_ids/0", "certificate_early")
    ]
    stranger = str(uuid4())
    assert await refused(registry, f"{at}/postings", posting(stranger)) == [("/body/household_ids/0", "not_in_round")]


async def test_an_objection_found_right_takes_the_household_back_to_the_survey(registry: Registry) -> None:
    household = await poor_household(registry)
    at = f"/rounds/{(await registry.post('/rounds', ROUND))['id']}"
    await surveyed(registry, at, household)
    await registry.post(f"{at}/meetings", minutes(household, 41))
    await registry.post(f"{at}/postings", posting(household))
    objection = {"household_id": household, "received_on": "2025-10-14", "made_by": "Bùi Thị Lan", "about": "Sót đất"}
    taken = await registry.post(f"{at}/objections", objection)
    recheck = {"rechecked_on": "2025-10-15", "found_right": True, "finding": "Có thêm 2 sào đất rừng"}
    path = f"{at}/objections/{taken['id']}/recheck"
    assert not (await registry.post(path, recheck))["late"]
    assert await refused(registry, path, recheck) == [("/path/objection_id", "objection_settled")]
    assert [each["stage"] for each in (await registry.get(f"{at}/cases"))["items"]] == ["surveyed"]
    await surveyed(registry, at, household, "2025-10-15", **NEAR)
    await registry.post(f"{at}/meetings", minutes(household, 30, held_on="2025-10-17"))
    assert (await registry.post(f"{at}/postings", posting(household, "2025-10-17")))["posted_until"] == "2025-10-22"


async def test_who_is_well_off_at_a_glance_is_told_why_and_goes_no_further(registry: Registry) -> None:
    household = (await registry.register(member()))["id"]
    opened = await registry.post("/rounds", ROUND)
    at = f"/rounds/{opened['id']}"
    application = {"household_id": household, "received_on": "2025-10-02", "channel": "in_person"}
    await registry.post("/review-applications", application)
    again = await registry.post("/review-applications", application, status=409)
    assert again["code"] == "applied_already"
    found = await registry.assess(household, assessed_on="2025-10-06")
    body = {"surveys": [{"household_id": household, "assessment_id": found["id"]}]}
    assert await refused(registry, f"{at}/surveys", body) == [("/body/surveys/0", "screening_missing")]
    screening = {"household_id": household, "screened_on": "2025-10-03", "screened_out": True}
    silent = await registry.post(f"{at}/screenings", screening, status=422)
    assert [each["code"] for each in silent["errors"]] == ["screening_reason"]
    await registry.post(f"{at}/screenings", screening | {"reason": "Có ô tô, nhà kiên cố hai tầng"})
    assert await refused(registry, f"{at}/surveys", body) == [("/body/surveys/0", "case_screened_out")]
    (case,) = (await registry.get(f"{at}/cases"))["items"]
    assert (case["stage"], case["screening_reason"]) == ("screened_out", "Có ô tô, nhà kiên cố hai tầng")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        pytest.param({"period": "2025-10"}, "/body/period", "no_such_round", id="a month of the yearly round"),
        pytest.param({"period": "2999"}, "/body/period", "round_not_begun", id="not begun"),
        pytest.param({"area_code": "240"}, "/body/area_code", "not_a_commune_then", id="no commune"),
        pytest.param({"standard": "vn-1999"}, "/body/standard", "standard_unknown", id="unknown standard"),
        pytest.param({"standard": "vn-2026-2030"}, "/body/standard", "standard_not_in_use", id="not in use"),
    ],
)
async def test_a_round_that_cannot_be_is_refused(
    used_registry: Registry, changes: dict[str, Any], pointer: str, code: str
) -> None:
    problem = await used_registry.post("/rounds", ROUND | changes, status=422)
    assert (pointer, code) in [(each["pointer"], each["code"]) for each in problem["errors"]]


async def test_a_commune_has_each_round_once(used_registry: Registry) -> None:
    await used_registry.post("/rounds", ROUND | {"period": "2026-07"})
    assert (await used_registry.post("/rounds", ROUND | {"period": "2026-07"}, status=409))["code"] == "round_open"
