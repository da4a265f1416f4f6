"""The monthly run: one person prepares it, another approves exactly what was seen."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.cash.store.awards import due_in, payees
from services.benefits.payments.api.runs import RunOut, run_out
from services.benefits.payments.store import accounts, runs
from services.benefits.programmes.domain.terms import PROGRAMMES
from shared import clock
from shared.access import Access
from shared.approvals.api import ApprovalIn
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["runs"])


class RunIn(BaseModel):
    """What to pay: a programme's month, from a payer account."""

    model_config = ConfigDict(extra="forbid")

    programme: str = Field(examples=["monthly-assistance-poor-elderly"])
    period: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])
    payer_account: str = Field(examples=["PHUTHO-01"])


@router.post("/runs", status_code=201, dependencies=[IDEMPOTENT])
async def prepare_run(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.prepare")], about: About, body: RunIn
) -> RunOut:
    """Prepare a run, or prepare the open one of this month and account anew with what has changed since.

    It takes the right to prepare in every commune that would be paid.
    """
    if body.programme not in PROGRAMMES:
        raise Problem(422, "programme_unknown")
    payer = await accounts.payer(tx, body.payer_account)
    if payer is None:
        raise Problem(422, "payer_account_unknown")
    scope = runs.Scope(body.programme, body.period, payer.code, payer.fund)
    placed = due_in(body.programme, payer.fund, body.period)
    run_id = await runs.prepare(tx, scope, placed=placed, payees=payees(), actor=actor, now=clock.now())
    access.require(*await runs.areas_outside(tx, run_id, access))
    about.one("run", run_id)
    return await run_out(tx, run_id, access)


@router.post("/runs/{run_id}/approval", status_code=201, dependencies=[IDEMPOTENT])
async def approve_run(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.approve")], run_id: UUID, body: ApprovalIn
) -> RunOut:
    """Approve a run as another person than who prepared it; its files are sealed and sent."""
    programme = PROGRAMMES[(await run_out(tx, run_id, access)).programme]
    try:
        await runs.approve(
            tx,
            run_id,
            content_hash=body.content_hash,
            payees=payees(),
            wording=runs.Wording(programme.purpose, programme.category_purpose, programme.narrative),
            actor=actor,
            now=clock.now(),
        )
    except runs.NothingToPay as error:
        raise Problem(409, "nothing_to_pay") from error
    except runs.FileRefused as error:
        raise Problem(409, "file_refused") from error
    return await run_out(tx, run_id, access)
