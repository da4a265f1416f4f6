"""Where money went: a contribution to the households that it reached, and for everybody without naming anyone."""

from datetime import date
from itertools import groupby
from uuid import UUID

from pydantic import BaseModel, Field

from services.benefits.ledger.domain.publication import LEAST, published
from services.benefits.ledger.store import contribution
from services.benefits.payments.store import tracing
from shared.http.access import needs
from shared.http.audit import Reads
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["where money went"])


class ReachedOut(BaseModel):
    """A payment that stands, and how much (VND) of it is of the contribution."""

    order_id: UUID
    household_id: UUID
    programme: str
    area_code: str
    period: str
    booked_on: date
    amount: int


class ReachOut(BaseModel):
    """Where a contribution went: first arrived is first spent. `unspent` (VND) reached nobody yet."""

    contribution_id: UUID
    fund: str
    amount: int
    unspent: int
    reached: list[ReachedOut]


class CommuneOut(BaseModel):
    """What reached a commune; nothing is said where fewer households than `least` could be told from it."""

    area_code: str
    households: int | None
    amount: int | None


class GivenOut(BaseModel):
    """What one kind of fund gave through a programme, by commune; VND, payments that stand."""

    fund_kind: str
    programme: str
    households: int | None
    amount: int | None
    communes: list[CommuneOut]


class PublicOut(BaseModel):
    """The public report."""

    least: int = Field(description="cells of fewer households are hidden, and others where they would tell them")
    given: list[GivenOut]


@router.get("/contributions/{contribution_id}/reach", dependencies=[needs("ledger.read")])
async def trace_contribution(tx: Tx, reads: Reads, contribution_id: UUID) -> ReachOut:
    """Follow a contribution to the households that it reached."""
    found = await contribution(tx, contribution_id)
    if found is None:
        raise Problem(404, "contribution_not_found")
    rows = await tracing.reached_by(tx, contribution_id, found.fund)
    reached = [ReachedOut.model_validate(dict(row._mapping)) for row in rows]
    reads.many("household", [one.household_id for one in reached])
    reads.note(contribution=str(contribution_id))
    spent = sum(one.amount for one in reached)
    return ReachOut(
        contribution_id=contribution_id,
        fund=found.fund,
        amount=found.amount,
        unspent=found.amount - spent if found.received_on is not None else 0,
        reached=reached,
    )


@router.get("/public/given", dependencies=[needs("figures.read")])
async def read_public_report(tx: Tx) -> PublicOut:
    """Read what each kind of fund gave, by programme and commune. It names nobody."""
    given = []
    rows = await tracing.paid_by_commune(tx)
    for (kind, programme), group in groupby(rows, key=lambda row: (row.kind, row.programme)):
        shown = published((row.area_code, row.households, row.amount) for row in group)
        communes = [
            CommuneOut(area_code=cell.area_code, households=cell.households, amount=cell.amount) for cell in shown.cells
        ]
        given.append(
            GivenOut(
                fund_kind=kind,
                programme=programme,
                households=shown.households,
                amount=shown.amount,
                communes=communes,
            )
        )
    return PublicOut(least=LEAST, given=given)
