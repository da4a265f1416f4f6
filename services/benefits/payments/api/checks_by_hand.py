"""Whose accounts are, as a bank told it on paper or on the telephone: one person types it, another compares."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row

from services.benefits.accounts.store import opened
from services.benefits.payments.api.runs import run_out
from services.benefits.payments.domain.payees import masked
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.domain.verification import Verdict, Verification, told
from services.benefits.payments.store import account_checks, accounts
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.clock import legal_date
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.keys import keys_of
from shared.text import clean

router = Router(prefix="/benefits/v1", tags=["account checks"])

_MOST = 1_000


class ToldIn(BaseModel):
    """What the bank told of an order's account: its holder, or why nobody can be paid there, or that it does not tell.

    `reason` is of ISO 20022 (AC01 no such account, AC04 closed, AC06 blocked).
    """

    model_config = ConfigDict(extra="forbid")

    order_id: UUID
    holder_name: Annotated[str, Field(min_length=2, max_length=140)] | None = None
    reason: str | None = Field(default=None, pattern=r"^[A-Z]{2}\d{2}$", examples=["AC04"])
    does_not_tell: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.does_not_tell == (self.holder_name is not None or self.reason is not None):
            raise ValueError("a holder or a reason, or that the bank does not tell")
        return self


class ToldByHandIn(BaseModel):
    """The bank's answers, and the paper that they stand on."""

    model_config = ConfigDict(extra="forbid")

    answers: list[ToldIn] = Field(min_length=1, max_length=_MOST)
    paper: str = Field(min_length=3, max_length=140, examples=["CV 88/NHNo ngày 20/11/2026"])

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.order_id for each in self.answers}) != len(self.answers):
            raise ValueError("an order twice")
        return self


async def _keep(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    said = proposal.draft.content
    found = {
        UUID(each["account_id"]): Verification(Verdict(each["verdict"]), each["reason"], each["holder_name"])
        for each in said["answers"]
    }
    await account_checks.keep_checks(session, said["bank"], found, now)


CHECKS_BY_HAND = Operation("account-checks-by-hand", "payments.read", "runs.approve", apply=_keep)


@router.post("/runs/{run_id}/account-checks", status_code=201, dependencies=[IDEMPOTENT])
async def propose_checks_by_hand(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("runs.prepare")],
    about: About,
    run_id: UUID,
    body: ToldByHandIn,
) -> ProposalOut:
    """Type whose the accounts of a run are, where the bank has no service that tells; another person approves it.

    The verdict is not typed: it is how the name that the bank told stands to ours.
    """
    run = await run_out(tx, run_id, access)
    payer = await accounts.payer(tx, run.payer_account)
    assert payer is not None  # noqa: S101 - a foreign key says so
    rows = await account_checks.accounts_of(tx, run_id, [each.order_id for each in body.answers])
    if len(rows) != len(body.answers):
        raise Problem(422, "order_not_in_run", count=str(len(body.answers) - len(rows)))
    about.many("order", [row.order_id for row in rows], area=run.area_code)
    close = terms_of(payer.bank, legal_date(clock.now())).close_name
    content = {"bank": payer.bank, "paper": body.paper, "answers": _answers(tx, rows, body, close)}
    draft = Draft(CHECKS_BY_HAND.kind, f"{run_id}/{body.paper}", content, run.area_code)  # a run may take several
    return proposal_out("benefits", CHECKS_BY_HAND, await propose(tx, draft, actor=actor, now=clock.now()))


def _answers(tx: Transaction, rows: Sequence[Row[Any]], body: ToldByHandIn, close: float) -> list[Mapping[str, Any]]:
    """Return each answer beside what we have, the name as ours is compared with it."""
    by_order, keys = {row.order_id: row for row in rows}, keys_of(tx)
    found: list[Mapping[str, Any]] = []
    for each in body.answers:
        row = by_order[each.order_id]
        ours = opened(row, keys)
        assert ours is not None  # noqa: S101 - the row is of an account
        name = None if each.holder_name is None else clean(each.holder_name)
        said = told(ours.holder_name, name, each.reason, close)
        answer = {
            "order": str(each.order_id),
            "account_id": str(row.account_id),
            "account": masked(ours.number),
            "ours": ours.holder_name,
            "holder_name": said.holder_name,
            "reason": said.reason,
            "verdict": said.verdict,
        }
        found.append(answer)
    return found
