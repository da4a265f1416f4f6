"""Decisions of communes: from them alone the class of a household follows."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.registry.store import decisions
from services.registry.store.deciding import DecisionOrder, take_decision
from services.registry.store.decisions import Decision
from shared import clock
from shared.access import Access
from shared.http import IDEMPOTENT, About, Actor, Problem, Reads, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["decisions"])

Reading = Annotated[Access, needs("decisions.read")]
Deciding = Annotated[Access, needs("decisions.decide")]


@router.post("/decisions", status_code=201, dependencies=[IDEMPOTENT])
async def decide(
    tx: Tx,
    actor: Actor,
    access: Deciding,
    about: About,
    response: Response,
    order: DecisionOrder,
) -> Decision:
    """Take a decision about up to 1,000 assessed households of one commune, all or none."""
    access.require(order.area_code)
    taken = await take_decision(tx, access, order, by=actor, now=clock.now())
    about.one("decision", taken.id, area=taken.area_code)
    response.headers["Location"] = f"/registry/v1/decisions/{taken.id}"
    return taken


@router.get("/decisions/{decision_id}")
async def get_decision(tx: Tx, access: Reading, reads: Reads, decision_id: UUID) -> Decision:
    """Show a decision with the classes it gave."""
    found = await decisions.decision_by_id(tx, decision_id)
    access.admit(found.area_code, Problem(404, "decision_not_found"))
    reads.one("decision", decision_id, area=found.area_code)
    return found
