"""A review round with a household at every step, and every operation on it."""

from dataclasses import dataclass
from typing import Any

from tests.integration.access.matrix import COMMUNE, Call, Operation
from tests.integration.registry.conftest import Registry, decision_on, member
from tests.integration.registry.test_rounds import ROUND, issue, minutes, poor_household, posting, surveyed

_OBJECTION = {"received_on": "2025-10-14", "made_by": "Bùi Thị Lan", "about": "Chưa đúng"}
_RECHECK = {"rechecked_on": "2025-10-15", "found_right": False, "finding": "Đúng như đã niêm yết"}


@dataclass(frozen=True)
class Reviewed:
    """A round, the households that stand at each of its steps, and what they have there."""

    at: str
    stranger: str
    applied: str
    listed: str
    found: str
    surveyed: str
    agreed: str
    posted: str
    objection: str
    decided: str
    certified: str
    meeting: str
    posting: str
    decision: str


async def reviewed(registry: Registry) -> Reviewed:
    """Return a round with a household at every step."""
    listed, seen, agreed, posted, objected, decided, certified = [await poor_household(registry) for _ in range(7)]
    applied, stranger = [str((await registry.register(member()))["id"]) for _ in range(2)]
    opened = await registry.post("/rounds", ROUND)
    at = f"/rounds/{opened['id']}"
    application = {"household_id": applied, "received_on": "2025-10-01", "channel": "post"}
    await registry.post("/review-applications", application)
    found = (await registry.assess(listed, assessed_on="2025-10-06"))["id"]
    heard = (agreed, posted, objected, decided, certified)
    assessments = {each: await surveyed(registry, at, each) for each in (seen, *heard)}
    votes = [{"household_id": each, "agreeing": 41} for each in heard]
    met = await registry.post(f"{at}/meetings", minutes(agreed, 41, votes=votes))
    hung = await registry.post(f"{at}/postings", posting(posted) | {"household_ids": list(heard[1:])})
    taken = await registry.post(f"{at}/objections", _OBJECTION | {"household_id": objected})
    ends = [assessments[decided], assessments[certified]]
    made = await registry.post("/decisions", decision_on(ends, decided_on="2025-10-17", round_id=opened["id"]))
    await registry.post(f"{at}/certificates", issue(certified, first=1))
    papers = (str(each["id"]) for each in (met, hung, made))
    return Reviewed(
        at, stranger, applied, listed, str(found), seen, agreed, posted, str(taken["id"]), decided, certified, *papers
    )


def round_operations(round_: Reviewed) -> dict[str, Operation]:
    """Return every operation on rounds."""
    at = round_.at

    def run(path: str, body: Any) -> Operation:
        return Operation("rounds.run", lambda _: Call("POST", f"{at}/{path}", body), 201)

    def paper(path: str) -> Operation:
        return Operation("rounds.read", lambda _: Call("GET", f"{at}/{path}"))

    survey = {"surveys": [{"household_id": round_.listed, "assessment_id": round_.found}]}
    screening = {"household_id": round_.applied, "screened_on": "2025-10-02", "screened_out": False}
    application = {"household_id": round_.stranger, "received_on": "2025-10-02", "channel": "post"}
    return {
        "apply_for_review": Operation("rounds.run", lambda _: Call("POST", "/review-applications", application), 201),
        "list_review_applications": Operation(
            "rounds.read",
            lambda _: Call("GET", f"/review-applications?area_code={COMMUNE}"),
            foreign="empty",
            seen=lambda page: bool(page["items"]),
        ),
        "open_round": Operation(
            "rounds.run", lambda _: Call("POST", "/rounds", ROUND | {"period": "2026"}), 201, "area_not_granted"
        ),
        "list_rounds": Operation(
            "rounds.read", lambda _: Call("GET", "/rounds"), foreign="empty", seen=lambda page: bool(page["items"])
        ),
        "get_round": Operation("rounds.read", lambda _: Call("GET", at)),
        "list_review_cases": Operation("rounds.read", lambda _: Call("GET", f"{at}/cases")),
        "get_round_list": paper("list"),
        "get_posting": paper(f"postings/{round_.posting}"),
        "get_minutes": paper(f"meetings/{round_.meeting}"),
        "get_certificate": paper(f"certificates/{round_.certified}"),
        "get_decision_paper": Operation("decisions.read", lambda _: Call("GET", f"/decisions/{round_.decision}/paper")),
        "screen_household": run("screenings", screening),
        "survey_households": run("surveys", survey),
        "record_meeting": run("meetings", minutes(round_.surveyed, 41)),
        "post_results": run("postings", posting(round_.agreed)),
        "take_objection": run("objections", _OBJECTION | {"household_id": round_.posted}),
        "recheck_objection": run(f"objections/{round_.objection}/recheck", _RECHECK),
        "issue_certificates": run("certificates", issue(round_.decided)),
    }
