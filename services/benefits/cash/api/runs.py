"""The monthly run: one person prepares it, others approve exactly what was seen."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.cash.store.awards import due_in, payees
from services.benefits.payments.api.runs import RunOut, run_out
from services.benefits.payments.domain.states import RunState
from services.benefits.payments.store import accounts, approving, preparing, runs, sealing
from services.benefits.payments.store.building import FileRefused, Wording
from services.benefits.programmes.domain.terms import PROGRAMMES
from shared import clock
from shared.access import Access
from shared.approvals.api import ApprovalIn, RefusalIn
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.text import dong

router = Router(prefix="/benefits/v1", tags=["runs"])

Preparing = Annotated[Access, needs("runs.prepare")]
Approving = Annotated[Access, needs("runs.approve")]


class Declared(BaseModel):
    """What the list of who prepares adds up to: how many payments, and how much (VND)."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=0, examples=[120])
    sum: int = Field(ge=0, le=10**15, examples=[90_000_000])


class RunIn(BaseModel):
    """What to pay: a programme's month, from a payer account, in one commune or in all that the account pays in.

    `declared` must be what the run adds up to; without it nothing is compared.
    """

    model_config = ConfigDict(extra="forbid")

    programme: str = Field(examples=["monthly-assistance-poor-elderly"])
    period: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])
    payer_account: str = Field(examples=["PHUTHO-01"])
    area_code: str | None = Field(default=None, examples=["08566"])
    declared: Declared | None = None


async def _paid_on(tx: Transaction, payer_account: str) -> date:
    """Return the day on which the bank of a payer account carries out what it gets now."""
    payer = await accounts.payer(tx, payer_account)
    assert payer is not None  # noqa: S101 - a foreign key says so
    return sealing.carried_out_on(payer.bank, clock.now())


async def _prepare(tx: Transaction, access: Access, scope: runs.Scope, declared: Declared | None, actor: str) -> RunOut:
    placed = due_in(scope.programme, scope.fund, scope.period, scope.area_code)
    wanted = None if declared is None else preparing.Declared(declared.count, declared.sum)
    try:
        run_id = await preparing.prepare(
            tx,
            scope,
            placed=placed,
            payees=payees(await _paid_on(tx, scope.payer_account)),
            actor=actor,
            now=clock.now(),
            declared=wanted,
        )
    except preparing.DeclaredOtherwise as error:
        raise Problem(409, "declared_otherwise", count=str(error.found.count), sum=dong(error.found.total)) from error
    access.require(*await runs.areas_outside(tx, run_id, access))
    return await run_out(tx, run_id, access)


@router.post("/runs", status_code=201, dependencies=[IDEMPOTENT])
async def prepare_run(tx: Tx, actor: Actor, access: Preparing, about: About, body: RunIn) -> RunOut:
    """Prepare a run, or prepare the open one of this month and account anew with what has changed since.

    It takes the right to prepare in every commune that would be paid. What earlier months left unpaid is in it.
    """
    if body.programme not in PROGRAMMES:
        raise Problem(422, "programme_unknown")
    payer = await accounts.payer(tx, body.payer_account)
    if payer is None:
        raise Problem(422, "payer_account_unknown")
    if payer.area_code is not None and body.area_code not in (None, payer.area_code):
        raise Problem(422, "payer_of_another_area")
    area_code = payer.area_code or body.area_code
    if area_code is not None:
        access.require(area_code)
    scope = runs.Scope(body.programme, body.period, payer.code, payer.fund, area_code)
    out = await _prepare(tx, access, scope, body.declared, actor)
    about.one("run", out.id, area=area_code)
    return out


@router.post("/runs/{run_id}/follow-up", status_code=201, dependencies=[IDEMPOTENT])
async def follow_up_run(tx: Tx, actor: Actor, access: Preparing, about: About, run_id: UUID) -> RunOut:
    """Prepare a run of only those orders of an approved one that are unpaid and can be paid now."""
    before = await run_out(tx, run_id, access)
    if before.state != RunState.APPROVED:
        raise Problem(409, "run_not_approved")
    payer = await accounts.payer(tx, before.payer_account)
    assert payer is not None  # noqa: S101 - a foreign key says so
    scope = runs.Scope(before.programme, before.period, payer.code, payer.fund, before.area_code, run_id)
    out = await _prepare(tx, access, scope, None, actor)
    about.one("run", out.id, area=before.area_code)
    return out


@router.post("/runs/{run_id}/approval", status_code=201, dependencies=[IDEMPOTENT])
async def approve_run(tx: Tx, actor: Actor, access: Approving, run_id: UUID, body: ApprovalIn) -> RunOut:
    """Approve a run as another person than who prepared it.

    Large sums take several people (`approvers_needed`); when the last one has approved, its files are sealed and sent.
    """
    prepared = await run_out(tx, run_id, access)
    programme = PROGRAMMES[prepared.programme]
    try:
        await approving.approve(
            tx,
            run_id,
            content_hash=body.content_hash,
            payees=payees(await _paid_on(tx, prepared.payer_account)),
            wording=Wording(programme.purpose, programme.category_purpose, programme.narrative),
            by=approving.Approver(actor, everywhere=access.areas is None),
            now=clock.now(),
        )
    except approving.NothingToPay as error:
        raise Problem(409, "nothing_to_pay") from error
    except approving.FundsNotArrived as error:
        available = dong(max(error.available, 0))
        raise Problem(409, "funds_not_arrived", wanted=dong(error.wanted), available=available) from error
    except FileRefused as error:
        raise Problem(409, "file_refused") from error
    return await run_out(tx, run_id, access)


@router.post("/runs/{run_id}/refusal", status_code=201, dependencies=[IDEMPOTENT])
async def refuse_run(tx: Tx, actor: Actor, access: Approving, run_id: UUID, body: RefusalIn) -> RunOut:
    """Refuse a prepared run, with the reason: its orders are ready for another."""
    await run_out(tx, run_id, access)
    await preparing.refuse(tx, run_id, note=body.note, actor=actor, now=clock.now())
    return await run_out(tx, run_id, access)
