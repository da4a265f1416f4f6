"""The survey of a household on a page: form B1 or income, the deprivations of form B2, the score as it grows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_name, head_name, indicator_names, names_of_standards, setting_of
from shared.pages import Desk, Fields, Refused, Visiting, Visitor, body_of, change


def add_surveys(router: APIRouter, desk: Desk) -> None:
    """Add the page where a household's survey is entered, tried and recorded."""

    async def show(
        visitor: Visitor,
        household_id: UUID,
        standard: str,
        *,
        round_id: str,
        trial: Mapping[str, Any] | None = None,
        refusal: Refused | None = None,
    ) -> Response:
        household = await visitor.get(f"/registry/v1/households/{household_id}")
        standards = await visitor.get("/registry/v1/standards")
        chosen = next((each for each in standards if each["code"] == standard), standards[0])
        return desk.show(
            visitor,
            "survey.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            household=household,
            name=head_name(household),
            area=await area_name(visitor, household["area_code"]),
            setting=await setting_of(visitor, household["area_code"]),
            standard=chosen,
            standards=names_of_standards(standards, visitor.language),
            indicators=indicator_names(standards, visitor.language),
            forms=await visitor.get(f"/registry/v1/standards/{chosen['code']}/forms"),
            trial=trial,
            round_id=round_id,
        )

    @router.get("/households/{household_id}/survey")
    async def survey_page(
        visitor: Visiting, household_id: UUID, standard: str = "", round: UUID | None = None
    ) -> Response:
        return await show(visitor, household_id, standard, round_id=str(round or ""))

    @router.post("/households/{household_id}/survey")
    async def survey_entry_page(visitor: Visiting, household_id: UUID) -> Response:
        path = f"/registry/v1/households/{household_id}/assessments"
        findings, standard = findings_of(visitor.form), visitor.form.get("standard")
        round_id = visitor.form.get("round")

        async def again(refusal: Refused) -> Response:
            return await show(visitor, household_id, standard, round_id=round_id, refusal=refusal)

        if visitor.form.get("do") == "try":
            try:
                trial = await visitor.send("POST", f"{path}/trial", findings)
            except Refused as refusal:
                return await again(refusal)
            return await show(visitor, household_id, standard, round_id=round_id, trial=trial)

        async def record() -> None:
            made = await visitor.send("POST", path, findings)
            if round_id:
                surveyed = {"household_id": str(household_id), "assessment_id": made["id"]}
                await visitor.send("POST", f"/registry/v1/rounds/{UUID(round_id)}/surveys", {"surveys": [surveyed]})

        then = f"/registry/desk/households/{household_id}?done=assessed"
        then = f"/registry/desk/rounds/{round_id}" if round_id else then
        return await change(record, then=then, otherwise=again)


def findings_of(form: Fields) -> dict[str, Any]:
    """Return the findings that a survey form stands for: of the three routes only the one that was chosen."""
    findings = body_of(form, without=("do", "round"))
    route = findings.setdefault("route", {})
    of_kind = {
        "income": ("income_per_person_month",),
        "score": ("b1_points",),
        "form": ("version", "region", "answers"),
    }
    kept = ("kind", *of_kind.get(route.get("kind", ""), ()))
    findings["route"] = {name: value for name, value in route.items() if name in kept}
    findings.setdefault("deprivations", [])
    return findings
