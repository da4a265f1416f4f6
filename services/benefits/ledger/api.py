"""Funds, contributions, budgets, and the books."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert

from services.benefits.ledger.checks import Check, run_checks
from services.benefits.ledger.domain.journal import Purpose
from services.benefits.ledger.store import (
    allot,
    contribution_table,
    contributions_of,
    find_fund,
    fund_table,
    funds,
    trial_balance,
    unallotted,
)
from shared import clock
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.ids import new_id

READING, PREPARING = needs("ledger.read"), needs("funds.prepare")
FundCode = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_:-]{1,39}$", examples=["STATE_PROVINCE"])]
FundKind = Literal[
    "STATE_CENTRAL",
    "STATE_PROVINCE",
    "STATE_COMMUNE",
    "POOR_FUND",
    "DONOR",
    "CHILD_FUND",
    "DISASTER",
    "VBSP_ENTRUSTED",
]
Dong = Annotated[int, Field(gt=0, le=10**15, description="VND", examples=[3_000_000_000])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FundIn(_Body):
    """A fund to register. What a donor gives for one programme or commune is a fund of its own, so restricted."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_:-]{1,39}$", examples=["STATE_PROVINCE"])
    kind: FundKind
    name: str = Field(min_length=1, max_length=200, examples=["Ngân sách tỉnh"])
    programmes: list[str] | None = Field(default=None, min_length=1, description="all that it may be spent on")
    areas: list[str] | None = Field(default=None, min_length=1, description="the communes it may be spent in")
    purpose: str | None = Field(default=None, max_length=500, description="in the giver's words")


class FundOut(FundIn):
    """A registered fund."""

    model_config = ConfigDict(extra="ignore")

    created_by: str


class ContributionIn(_Body):
    """Money that a fund sends, recognised on the statement by its reference."""

    amount: Dong
    reference: str = Field(pattern=r"^[A-Za-z0-9/\-?:().,'+ ]{1,140}$", examples=["KBNN 2026-11 BTXH"])


class ContributionOut(ContributionIn):
    """A declared contribution; `received_on` is set once a statement showed it."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    fund: str
    received_on: date | None = None
    confirmed_on: date | None = None
    payer_account: str | None = None
    voucher: str | None = None


class AllotmentIn(_Body):
    """A budget for a programme in a fiscal year; this year's unless another is named."""

    programme: str = Field(pattern=r"^[a-z0-9-]{3,64}$", examples=["monthly-assistance-poor-elderly"])
    amount: Dong
    fiscal_year: int | None = Field(default=None, ge=2020, le=2100)


class BalanceOut(BaseModel):
    """The sums of an account, in VND."""

    account: str
    fund: str
    programme: str | None
    fiscal_year: int | None
    bank_account: str | None
    debit: int
    credit: int


class TrialBalance(BaseModel):
    """All accounts; `balanced` says that debits and credits are the same."""

    balanced: bool
    debit: int
    credit: int
    accounts: list[BalanceOut]


class CheckOut(BaseModel):
    """An invariant of the books, and the first of what breaks it."""

    name: str
    ok: bool
    detail: str


class Checks(BaseModel):
    """All invariants."""

    ok: bool
    checks: list[CheckOut]


# Budgets of the state are allotted before its money comes; gifts are spent when they are there.
_BEFORE_IT_COMES = frozenset({"STATE_CENTRAL", "STATE_PROVINCE", "STATE_COMMUNE"})


async def _allot(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    content = proposal.draft.content
    purpose = Purpose(content["fund"], content["programme"], content["fiscal_year"])
    given_by = await find_fund(session, purpose.fund, lock=True)
    assert given_by is not None  # noqa: S101 - who proposed has read it, and no fund is ever removed
    if given_by.kind not in _BEFORE_IT_COMES and await unallotted(session, purpose.fund) < content["amount"]:
        raise Problem(409, "fund_overdrawn")
    cause = f"allotment:{proposal.draft.subject}"
    await allot(session, purpose, content["amount"], cause=cause, actor=actor, on=clock.legal_date(now))


ALLOTMENT = Operation("allotment", "funds.read", "funds.approve", apply=_allot)


async def _known_fund(session: Transaction, code: str) -> Any:
    found = await find_fund(session, code)
    if found is None:
        raise Problem(404, "fund_unknown")
    return found


def ledger_router(checks: Sequence[Check]) -> Router:
    """Return the routes; `checks` are the invariants of all packages."""
    router = Router(prefix="/benefits/v1", tags=["ledger"])

    @router.post("/funds", status_code=201, dependencies=[PREPARING, IDEMPOTENT])
    async def create_fund(tx: Tx, actor: Actor, about: About, body: FundIn) -> FundOut:
        """Register a fund."""
        row = body.model_dump() | {"created_by": actor, "created_at": clock.now()}
        await (await tx.connection()).execute(insert(fund_table), [row])
        about.one("fund", body.code)
        return FundOut(**body.model_dump(), created_by=actor)

    @router.get("/funds", dependencies=[needs("funds.read")])
    async def list_funds(tx: Tx) -> list[FundOut]:
        """List the funds, with what each may be spent on."""
        return [FundOut.model_validate(dict(row._mapping)) for row in await funds(tx)]

    @router.get("/funds/{fund}/contributions", dependencies=[needs("funds.read")])
    async def list_contributions(tx: Tx, fund: FundCode) -> list[ContributionOut]:
        """List what a fund declared, and whether it arrived."""
        await _known_fund(tx, fund)
        return [ContributionOut.model_validate(dict(row._mapping)) for row in await contributions_of(tx, fund)]

    @router.post("/funds/{fund}/contributions", status_code=201, dependencies=[PREPARING, IDEMPOTENT])
    async def declare_contribution(tx: Tx, actor: Actor, fund: FundCode, body: ContributionIn) -> ContributionOut:
        """Declare money that a fund sends; it is booked when the bank's statement shows it."""
        await _known_fund(tx, fund)
        row = body.model_dump() | {"id": new_id(), "fund": fund, "declared_by": actor, "declared_at": clock.now()}
        await (await tx.connection()).execute(insert(contribution_table), [row])
        return ContributionOut(id=row["id"], fund=fund, **body.model_dump())

    @router.post("/funds/{fund}/allotments", status_code=201, dependencies=[PREPARING, IDEMPOTENT])
    async def propose_allotment(tx: Tx, actor: Actor, fund: FundCode, body: AllotmentIn) -> ProposalOut:
        """Propose a budget for a programme; once another person approves, awards are committed against it.

        A gift may be given only to what it was given for, and once it has arrived.
        """
        given_by = await _known_fund(tx, fund)
        if given_by.programmes is not None and body.programme not in given_by.programmes:
            raise Problem(422, "fund_restricted")
        now = clock.now()
        content = {
            "fund": fund,
            "programme": body.programme,
            "fiscal_year": body.fiscal_year or clock.legal_date(now).year,
            "amount": body.amount,
        }
        proposal = await propose(tx, Draft(ALLOTMENT.kind, str(new_id()), content), actor=actor, now=now)
        return proposal_out("benefits", ALLOTMENT, proposal)

    @router.get("/ledger/trial-balance", dependencies=[READING])
    async def read_trial_balance(tx: Tx) -> TrialBalance:
        """Read the sums of every account."""
        accounts = [BalanceOut.model_validate(dict(row._mapping)) for row in await trial_balance(tx)]
        debit, credit = sum(one.debit for one in accounts), sum(one.credit for one in accounts)
        return TrialBalance(balanced=debit == credit, debit=debit, credit=credit, accounts=accounts)

    @router.get("/ledger/checks", dependencies=[READING])
    async def run_ledger_checks(tx: Tx) -> Checks:
        """Ask every invariant of the books now."""
        results = [CheckOut(**asdict(one)) for one in await run_checks(tx, checks)]
        return Checks(ok=all(one.ok for one in results), checks=results)

    return router
