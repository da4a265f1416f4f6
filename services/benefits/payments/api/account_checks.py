"""Whose the accounts of a run are, as the bank says, and what two people make of a name that differs."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from services.benefits.accounts.store import opened
from services.benefits.payments.api.runs import run_out
from services.benefits.payments.domain.payees import masked
from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.store import account_checks
from services.benefits.payments.store.rows import CHECKED_HOLDER
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.keys import Keys, keys_of

router = Router(prefix="/benefits/v1", tags=["account checks"])


class CheckOut(BaseModel):
    """An order's account, our holder's name beside the bank's where it differs. No `verdict`: it was never asked."""

    order_id: UUID
    account: str | None
    holder_name: str
    verdict: Verdict | None
    reason: str | None
    bank_holder_name: str | None
    checked_at: datetime | None
    accepted_by: str | None


class AcceptanceIn(BaseModel):
    """Why the account is the payee's in spite of its name."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=500, examples=["Đã đối chiếu căn cước: tên đệm viết tắt ở ngân hàng"])


async def _accept(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    if not await account_checks.accept(session, UUID(proposal.draft.subject), actor=actor, now=now):
        raise Problem(409, "account_check_replaced")


ACCEPTANCE = Operation("account-acceptance", "payments.read", "runs.approve", apply=_accept)


class VerdictCount(BaseModel):
    """How many orders of a run have an account of a verdict; null: the bank was never asked."""

    verdict: Verdict | None
    count: int


@router.get("/runs/{run_id}/account-checks")
async def list_account_checks(
    tx: Tx,
    access: Annotated[Access, needs("payments.read")],
    reads: Reads,
    paging: Paging,
    run_id: UUID,
    verdict: Annotated[tuple[Verdict, ...], Query(description="one of these; all where absent")] = (),
    untold: Annotated[bool, Query(description="of which nobody asked, or the bank could not tell")] = False,
) -> Page[CheckOut]:
    """List the accounts of a run's orders, in the order of the orders, with what the bank said of each."""
    await run_out(tx, run_id, access)
    after = paging.after(UUID)
    rows = await account_checks.page_of_checks(
        tx, run_id, verdicts=verdict, untold=untold, after=after[0] if after else None, limit=paging.limit + 1
    )
    keys = keys_of(tx)
    page = paging.page([_check_out(row, keys) for row in rows], key=lambda out: (out.order_id,))
    reads.many("order", [each.order_id for each in page.items])
    reads.note(run=str(run_id))
    return page


def _check_out(row: Row[Any], keys: Keys) -> CheckOut:
    account = opened(row, keys)
    assert account is not None  # noqa: S101 - the rows are of orders with accounts
    theirs = None
    if row.check_id is not None:
        theirs = keys.data.open(row.bank_holder, CHECKED_HOLDER, row.check_id)
    return CheckOut(
        order_id=row.order_id,
        account=masked(account.number),
        holder_name=account.holder_name,
        verdict=row.verdict,
        reason=row.reason,
        bank_holder_name=theirs,
        checked_at=row.checked_at,
        accepted_by=row.accepted_by,
    )


@router.get("/runs/{run_id}/account-verdicts")
async def count_account_verdicts(
    tx: Tx, access: Annotated[Access, needs("payments.read")], run_id: UUID
) -> list[VerdictCount]:
    """Count a run's orders by what the bank said of their accounts."""
    await run_out(tx, run_id, access)
    return [VerdictCount.model_validate(dict(row._mapping)) for row in await account_checks.verdicts_of_run(tx, run_id)]


@router.post("/runs/{run_id}/account-checks/{order_id}/acceptance", status_code=201, dependencies=[IDEMPOTENT])
async def propose_acceptance(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("runs.prepare")],
    about: About,
    run_id: UUID,
    order_id: UUID,
    body: AcceptanceIn,
) -> ProposalOut:
    """Propose to take an account for the payee's in spite of the name; another person decides, then prepare anew."""
    await run_out(tx, run_id, access)
    found = await account_checks.check_of_order(tx, run_id, order_id)
    if found is None or found.verdict not in (Verdict.NO_MATCH, Verdict.CLOSE) or found.accepted_by is not None:
        raise Problem(409, "account_not_doubtful")
    about.one("order", order_id, area=found.area_code)
    content = {"verdict": found.verdict, "reason": found.reason, "order": str(order_id), "note": body.note}
    draft = Draft(ACCEPTANCE.kind, str(found.check_id), content, found.area_code)
    return proposal_out("benefits", ACCEPTANCE, await propose(tx, draft, actor=actor, now=clock.now()))
