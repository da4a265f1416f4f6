"""Decisions of communes: from them alone the class of a household follows."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.registry.store import decisions
from services.registry.store.deciding import take_decisions
from services.registry.store.decision_orders import MOST_HOUSEHOLDS, DecisionOrder
from services.registry.store.decisions import Decision
from shared import clock
from shared.access import Access
from shared.http import IDEMPOTENT, About, Actor, Problem, Reads, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["decisions"])

Reading = Annotated[Access, needs("decisions.read")]
Deciding = Annotated[Access, needs("decisions.decide")]


class DecisionOrders(BaseModel):
    """Decisions to be taken together: all or none, about 1,000 households at most, each of one of them."""

    model_config = ConfigDict(extra="forbid")

    decisions: list[DecisionOrder] = Field(min_length=1, max_length=MOST_HOUSEHOLDS)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(len(each.assessment_ids) for each in self.decisions) > MOST_HOUSEHOLDS:
            raise PydanticCustomError("too_many_assessments", "more than 1,000 assessments in all")
        return self


class Decisions(BaseModel):
    """The decisions of a batch, in the order sent."""

    decisions: list[Decision]


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
    [taken] = await take_decisions(tx, access, [order], pointers=["/body"], by=actor, now=clock.now())
    about.one("decision", taken.id, area=taken.area_code)
    response.headers["Location"] = f"/registry/v1/decisions/{taken.id}"
    return taken


@router.post("/decisions/batches", status_code=201, dependencies=[IDEMPOTENT])
async def decide_together(tx: Tx, actor: Actor, access: Deciding, about: About, body: DecisionOrders) -> Decisions:
    """Take decisions of several communes, all or none: those of a whole review come over from paper at once."""
    access.require(*(each.area_code for each in body.decisions))
    pointers = [f"/body/decisions/{index}" for index in range(len(body.decisions))]
    taken = await take_decisions(tx, access, body.decisions, pointers=pointers, by=actor, now=clock.now())
    about.many("decision", [each.id for each in taken])
    return Decisions(decisions=taken)


@router.get("/decisions/{decision_id}")
async def get_decision(tx: Tx, access: Reading, reads: Reads, decision_id: UUID) -> Decision:
    """Show a decision with the classes it gave."""
    found = await decisions.decision_by_id(tx, decision_id)
    access.admit(found.area_code, Problem(404, "decision_not_found"))
    reads.one("decision", decision_id, area=found.area_code)
    return found
