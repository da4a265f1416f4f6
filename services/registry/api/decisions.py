"""Decisions of communes: from them alone the class of a household follows."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.registry.store import decisions
from services.registry.store.decisions import Decision, DecisionOrder
from shared import clock
from shared.access import Access
from shared.http import IDEMPOTENT, Actor, Problem, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["decisions"])


@router.post("/decisions", status_code=201, dependencies=[IDEMPOTENT])
async def decide(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("decisions.decide")], response: Response, order: DecisionOrder
) -> Decision:
    """Take a decision about up to 1,000 assessed households of one commune, all or none."""
    access.require(order.area_code)
    taken = await decisions.take_decision(tx, access, order, by=actor, now=clock.now())
    response.headers["Location"] = f"/registry/v1/decisions/{taken.id}"
    return taken


@router.get("/decisions/{decision_id}")
async def get_decision(tx: Tx, access: Annotated[Access, needs("decisions.read")], decision_id: UUID) -> Decision:
    """Show a decision with the classes it gave."""
    found = await decisions.decision_by_id(tx, decision_id)
    access.admit(found.area_code, Problem(404, "decision_not_found"))
    return found
