"""Runs and their orders, for reading; a kind of benefit prepares and approves them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.api.orders import OrderOut, order_out
from services.benefits.payments.domain.progress import Stage, stage_of
from services.benefits.payments.domain.states import FileState, OrderState, RunState
from services.benefits.payments.domain.terms import bands_on
from services.benefits.payments.store import approving, controls, files, orders, runs
from shared import clock
from shared.access import Access
from shared.approvals import Proposal
from shared.approvals.store import newest_proposals
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.keys import keys_of

router = Router(prefix="/benefits/v1", tags=["runs"])

Reading = Annotated[Access, needs("payments.read")]


class Part(BaseModel):
    """How many, and how much in VND."""

    count: int
    sum: int


class ApprovalOut(BaseModel):
    """One of the people who approved a run as it is."""

    approved_by: str
    approved_at: datetime


class RunOut(BaseModel):
    """A run: what was declared, the hash to approve by, who must approve and did, and how far it came.

    `follows` is the run whose failed orders it pays again.
    """

    id: UUID
    programme: str
    period: str
    payer_account: str
    area_code: str | None
    follows: UUID | None
    state: RunState
    stage: Stage
    paused_by: str | None
    paused_reason: str | None
    declared_count: int
    declared_sum: int
    content_hash: str
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    approvers_needed: int = Field(description="how many people its sum takes beside who prepared it")
    approvals: list[ApprovalOut] = Field(default_factory=list, description="those before the last one")
    funnel: dict[str, Part] = Field(
        default_factory=dict,
        description="by state of the orders and of the attempts at the bank",
        examples=[{"orders.INSTRUCTED": {"count": 3, "sum": 2250000}}],
    )


class ReasonIn(BaseModel):
    """Why it is stopped."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500, examples=["Chờ xác minh danh sách của xã"])


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


def _out(
    row: Any, prepared: Proposal, funnel: dict[str, dict[str, int]] | None = None, approvals: Sequence[Any] = ()
) -> RunOut:
    band = bands_on(clock.legal_date(prepared.decided_at or clock.now())).band(row.declared_sum)
    people = {
        "content_hash": prepared.content_hash,
        "prepared_by": prepared.prepared_by,
        "prepared_at": prepared.prepared_at,
        "approved_by": prepared.decided_by if prepared.state == "approved" else None,
        "approved_at": prepared.decided_at if prepared.state == "approved" else None,
        "approvers_needed": band.approvers,
        "approvals": [dict(one._mapping) for one in approvals],
    }
    stage = stage_of(RunState(row.state), paused=row.paused_at is not None, funnel=funnel or {})
    return RunOut.model_validate(dict(row._mapping) | people | {"funnel": funnel or {}, "stage": stage})


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
    proposal = prepared[str(run_id)]
    approvals = await approving.approvals_of(tx, run_id, proposal.content_hash)
    return _out(row, proposal, await runs.funnel(tx, run_id), approvals)


@router.get("/runs")
async def list_runs(
    tx: Tx, access: Reading, paging: Paging, payer_account: str | None = None, state: RunState | None = None
) -> Page[RunOut]:
    """List runs, newest first."""
    after = paging.after(UUID)
    rows = await runs.page_of_runs(
        tx, access, payer_account=payer_account, state=state, after=after[0] if after else None, limit=paging.limit + 1
    )
    prepared, funnels = await _prepared(tx, rows), await runs.funnels(tx, [row.id for row in rows])
    found = [_out(row, prepared[str(row.id)], funnels.get(row.id)) for row in rows]
    return paging.page(found, key=lambda out: (out.id,))


@router.get("/runs/{run_id}")
async def get_run(tx: Tx, access: Reading, run_id: UUID) -> RunOut:
    """Read a run and how far its orders came."""
    return await run_out(tx, run_id, access)


@router.get("/runs/{run_id}/orders")
async def list_run_orders(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    run_id: UUID,
    state: Annotated[tuple[OrderState, ...], Query(description="one of these; all where absent")] = (),
) -> Page[OrderOut]:
    """List the orders of a run, those blocked too, with the reason."""
    after = paging.after(UUID)
    rows = await orders.page_of_orders(
        tx,
        access,
        run_id=run_id,
        household_id=None,
        states=state,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    page = paging.page([order_out(row, keys_of(tx)) for row in rows], key=lambda out: (out.id,))
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


@router.post("/runs/{run_id}/pause", status_code=201, dependencies=[IDEMPOTENT])
async def pause_run(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.stop")], run_id: UUID, body: ReasonIn
) -> RunOut:
    """Let nothing more of an approved run go to the bank; what is there runs its course."""
    await run_out(tx, run_id, access)
    if not await controls.pause(tx, run_id, reason=body.reason, actor=actor, now=clock.now()):
        raise Problem(409, "run_not_going")
    return await run_out(tx, run_id, access)


@router.post("/runs/{run_id}/resumption", status_code=201, dependencies=[IDEMPOTENT])
async def resume_run(tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.approve")], run_id: UUID) -> RunOut:
    """Let a paused run go on, as another person than who paused it."""
    paused = await run_out(tx, run_id, access)
    if paused.paused_by == actor:
        raise Problem(403, "same_person")
    if not await controls.resume(tx, run_id):
        raise Problem(409, "run_not_paused")
    return await run_out(tx, run_id, access)
