"""Whose the accounts of a run are, as the bank says: those in another name, and what two people make of each."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change

_DOUBTFUL = ("no_match", "close")


def add_account_checks(router: APIRouter, desk: Desk) -> None:
    """Add the page of a run's accounts."""

    async def show(
        visitor: Visitor, run_id: UUID, refusal: Refused | None = None, cursor: str | None = None
    ) -> Response:
        path = f"/benefits/v1/runs/{run_id}"
        run = await visitor.get(path)
        counted = await visitor.get(f"{path}/account-verdicts")
        counts = {each["verdict"]: each["count"] for each in counted}
        access = await visitor.get("/benefits/v1/access")
        return desk.show(
            visitor,
            "account_checks.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            run=run,
            doubtful=await visitor.get(f"{path}/account-checks", verdict=_DOUBTFUL, cursor=cursor),
            untold=await visitor.get(f"{path}/account-checks", untold=True),
            here=f"/benefits/desk/runs/{run_id}/account-checks",
            verdicts={verdict: counts.get(verdict, 0) for verdict in ("match", *_DOUBTFUL, "not_checkable", None)},
            may_propose="runs.prepare" in access["permissions"],
        )

    @router.get("/runs/{run_id}/account-checks")
    async def account_checks_page(visitor: Visiting, run_id: UUID, cursor: str | None = None) -> Response:
        return await show(visitor, run_id, cursor=cursor)

    @router.post("/runs/{run_id}/account-checks")
    async def checks_by_hand_page(visitor: Visiting, run_id: UUID) -> Response:
        async def propose() -> None:
            body = body_of(visitor.form)
            # What was left blank is no answer.
            body["answers"] = [each for each in body.get("answers", ()) if len(each) > 1]
            await visitor.send("POST", f"/benefits/v1/runs/{run_id}/account-checks", body)

        then = "/benefits/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, run_id, refusal))

    @router.post("/runs/{run_id}/account-checks/{order_id}")
    async def account_acceptance_page(visitor: Visiting, run_id: UUID, order_id: UUID) -> Response:
        async def propose() -> None:
            path = f"/benefits/v1/runs/{run_id}/account-checks/{order_id}/acceptance"
            await visitor.send("POST", path, {"note": visitor.form.get("note")})

        then = "/benefits/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, run_id, refusal))
