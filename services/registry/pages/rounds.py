"""Review rounds on pages: each step of the procedure with its form, and what the rules say when one is refused."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_name, names_of_standards
from shared.http import Problem
from shared.pages import Desk, Fields, Refused, Visiting, Visitor, body_of, change

_STAGES = ("listed", "surveyed", "not_agreed", "agreed", "posted", "objected", "decided", "certified", "screened_out")
_SHOWN = 200  # households of one stage on a page: more than a village meeting hears


def add_rounds(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/rounds` and a page a round."""

    async def show_rounds(visitor: Visitor, refusal: Refused | None = None, cursor: str | None = None) -> Response:
        page = await visitor.get("/registry/v1/rounds", cursor=cursor)
        standards = await visitor.get("/registry/v1/standards")
        access = await visitor.get("/registry/v1/access")
        areas = {code: await area_name(visitor, code) for code in {each["area_code"] for each in page["items"]}}
        return desk.show(
            visitor,
            "rounds.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            page=page,
            areas=areas,
            standards=names_of_standards(standards, visitor.language),
            may_run="rounds.run" in access["permissions"],
        )

    @router.get("/rounds")
    async def rounds_page(visitor: Visiting, cursor: str | None = None) -> Response:
        return await show_rounds(visitor, cursor=cursor)

    @router.post("/rounds")
    async def round_opening_page(visitor: Visiting) -> Response:
        async def open_round() -> None:
            await visitor.send("POST", "/registry/v1/rounds", body_of(visitor.form))

        then = "/registry/desk/rounds"
        return await change(open_round, then=then, otherwise=lambda refusal: show_rounds(visitor, refusal))

    async def show_round(visitor: Visitor, round_id: UUID, stage: str, refusal: Refused | None = None) -> Response:
        path = f"/registry/v1/rounds/{round_id}"
        found = await visitor.get(path)
        access = await visitor.get("/registry/v1/access")
        chosen = stage if stage in _STAGES else _first_with_work(found["progress"]["stages"])
        cases = await visitor.get(f"{path}/cases", stage=chosen, limit=_SHOWN)
        return desk.show(
            visitor,
            "round.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            round=found,
            area=await area_name(visitor, found["area_code"]),
            stages=_STAGES,
            stage=chosen,
            cases=cases["items"],
            more=cases["next"] is not None,
            permissions=access["permissions"],
        )

    @router.get("/rounds/{round_id}")
    async def round_page(visitor: Visiting, round_id: UUID, stage: str = "") -> Response:
        return await show_round(visitor, round_id, stage)

    @router.post("/rounds/{round_id}/{step}")
    async def round_step_page(visitor: Visiting, round_id: UUID, step: str) -> Response:
        stage = visitor.form.get("stage")
        make = _STEPS.get(step)
        if make is None:
            raise Problem(404, "not_found")
        path, body = make(f"/registry/v1/rounds/{round_id}", visitor.form, str(round_id))

        async def take() -> None:
            await visitor.send("POST", path, body)

        then = f"/registry/desk/rounds/{round_id}"
        return await change(take, then=then, otherwise=lambda refusal: show_round(visitor, round_id, stage, refusal))


def _first_with_work(counts: Mapping[str, int]) -> str:
    return next((stage for stage in _STAGES if counts.get(stage)), _STAGES[0])


_Made = tuple[str, dict[str, Any]]


def _chosen(form: Fields) -> list[str]:
    """Return the households whose boxes are ticked."""
    return [value for name, value in form.pairs if name == "chosen"]


def _step(name: str) -> Callable[[str, Fields, str], _Made]:
    """Return the step whose body is the form as it stands."""
    return lambda path, form, _: (f"{path}/{name}", body_of(form, without=("stage", "chosen")))


def _meeting(path: str, form: Fields, _: str) -> _Made:
    """The votes are those of the households for which a number was entered."""
    body = body_of(form, without=("stage",))
    votes = body.pop("agreeing", {})
    return f"{path}/meetings", body | {"votes": [{"household_id": id, "agreeing": votes[id]} for id in votes]}


def _of_the_chosen(name: str) -> Callable[[str, Fields, str], _Made]:
    return lambda path, form, _: (
        f"{path}/{name}",
        body_of(form, without=("stage", "chosen")) | {"household_ids": _chosen(form)},
    )


def _recheck(path: str, form: Fields, _: str) -> _Made:
    body = body_of(form, without=("stage", "objection_id"))
    return f"{path}/objections/{form.get('objection_id')}/recheck", body


def _decision(_: str, form: Fields, round_id: str) -> _Made:
    body = body_of(form, without=("stage", "chosen"))
    return "/registry/v1/decisions", body | {"round_id": round_id, "assessment_ids": _chosen(form)}


_STEPS: Mapping[str, Callable[[str, Fields, str], _Made]] = {
    "screening": _step("screenings"),
    "meeting": _meeting,
    "posting": _of_the_chosen("postings"),
    "objection": _step("objections"),
    "recheck": _recheck,
    "decision": _decision,
    "certificates": _of_the_chosen("certificates"),
}
