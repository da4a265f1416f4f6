"""Runs and their orders, for reading; a kind of benefit prepares and approves them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.benefits.payments.api.orders import OrderOut, order_out
from services.benefits.payments.domain.states import FileState, OrderState, RunState
from services.benefits.payments.store import files, orders, runs
from shared.access import Access
from shared.approvals import Proposal
from shared.approvals.store import newest_proposals
from shared.db import Transaction
from shared.http.access import needs
from shared.http.audit import Reads
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["runs"])

Reading = Annotated[Access, needs("payments.read")]


class Part(BaseModel):
    """How many, and how much in VND."""

    count: int
    sum: int


class RunOut(BaseModel):
    """A run: what was declared, the hash to approve by, and how far it came."""

    id: UUID
    programme: str
    period: str
    payer_account: str
    state: RunState
    declared_count: int
    declared_sum: int
    content_hash: str
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    funnel: dict[str, Part] = Field(
        default_factory=dict,
        description="by state of the orders and of the attempts at the bank",
        examples=[{"orders.INSTRUCTED": {"count": 3, "sum": 2250000}}],
    )


class ReportOut(BaseModel):
    """A pain.002 as it came: `state` says whether it was applied, or quarantined and why."""

    received_at: datetime
    state: str = Field(examples=["applied"])
    reason: str | None


class FileOut(BaseModel):
    """A pain.001 of a run, sums in VND, and what the bank reported on it."""

    message_id: str
    state: FileState
    count: int
    total: int
    sealed_at: datetime
    reports: list[ReportOut]


def _out(row: Any, prepared: Proposal, funnel: dict[str, dict[str, int]] | None = None) -> RunOut:
    people = {
        "content_hash": prepared.content_hash,
        "prepared_by": prepared.prepared_by,
        "prepared_at": prepared.prepared_at,
        "approved_by": prepared.decided_by,
        "approved_at": prepared.decided_at,
    }
    return RunOut.model_validate(dict(row._mapping) | people | {"funnel": funnel or {}})


async def _prepared(tx: Transaction, rows: Sequence[Any]) -> dict[str, Proposal]:
    return await newest_proposals(tx, runs.PAYMENT_RUN, [str(row.id) for row in rows])


async def run_out(tx: Transaction, run_id: UUID, access: Access) -> RunOut:
    """Return a run with its funnel; it takes the access to every commune that the run pays.

    Raises:
        Problem: 404 `run_not_found`.
    """
    row = await runs.run(tx, run_id)
    if row is None:
        raise Problem(404, "run_not_found")
    for area_code in await runs.areas_outside(tx, run_id, access):
        access.admit(area_code, Problem(404, "run_not_found"))
    prepared = await _prepared(tx, [row])
    return _out(row, prepared[str(run_id)], await runs.funnel(tx, run_id))


@router.get("/runs")
async def list_runs(
    tx: Tx, access: Reading, paging: Paging, payer_account: str | None = None, state: RunState | None = None
) -> Page[RunOut]:
    """List runs, newest first, without their funnels."""
    after = paging.after(UUID)
    rows = await runs.page_of_runs(
        tx, access, payer_account=payer_account, state=state, after=after[0] if after else None, limit=paging.limit + 1
    )
    prepared = await _prepared(tx, rows)
    return paging.page([_out(row, prepared[str(row.id)]) for row in rows], key=lambda out: (out.id,))


@router.get("/runs/{run_id}")
async def get_run(tx: Tx, access: Reading, run_id: UUID) -> RunOut:
    """Read a run and how far its orders came."""
    return await run_out(tx, run_id, access)


@router.get("/runs/{run_id}/orders")
async def list_run_orders(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, run_id: UUID, state: OrderState | None = None
) -> Page[OrderOut]:
    """List the orders of a run, those blocked too, with the reason."""
    after = paging.after(UUID)
    rows = await orders.page_of_orders(
        tx,
        access,
        run_id=run_id,
        household_id=None,
        state=state,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    page = paging.page([order_out(row) for row in rows], key=lambda out: (out.id,))
    reads.many("order", [each.id for each in page.items])
    reads.note(run=str(run_id))
    return page


@router.get("/runs/{run_id}/files")
async def list_run_files(tx: Tx, access: Reading, run_id: UUID) -> list[FileOut]:
    """List the files of a run and the bank's reports on each."""
    await run_out(tx, run_id, access)
    found: dict[str, FileOut] = {}
    for row in await files.files_of_run(tx, run_id):
        file = found.setdefault(row.message_id, FileOut.model_validate(dict(row._mapping) | {"reports": []}))
        if row.received_at is not None:
            file.reports.append(ReportOut(received_at=row.received_at, state=row.report, reason=row.reason))
    return list(found.values())
