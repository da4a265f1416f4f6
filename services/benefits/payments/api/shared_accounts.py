"""Accounts that several people name as their own: who they are, and what two people make of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.domain.payees import masked
from services.benefits.payments.store import shared_accounts
from services.benefits.payments.store.shared_accounts import Shared
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

router = Router(prefix="/benefits/v1", tags=["account checks"])


class UserOut(BaseModel):
    """Somebody who names an account as their own, under which holder's name, and the order that is to be paid there."""

    person_id: UUID
    full_name: str
    holder_name: str
    household_id: UUID
    area_code: str
    order_id: UUID


class SharedOut(BaseModel):
    """An account that more than `people_at_most` people name as their own without a document of a guardian.

    `elsewhere` is how many of them live where one may not read. Not `open`: two people let it be, or people have left
    it, and the next preparation takes its orders.
    """

    id: UUID
    bank_bin: str
    account: str | None
    people_at_most: int
    people: list[UserOut]
    elsewhere: int
    open: bool


class SharingIn(BaseModel):
    """Why these people are paid to one account."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=500, examples=["Vợ chồng dùng chung tài khoản, biên bản 05/BB-UBND"])


def _out(found: Shared, access: Access) -> SharedOut:
    seen = [each for each in found.users if access.covers(each.area_code)]
    return SharedOut(
        id=UUID(hex=found.index),
        bank_bin=found.bank_bin,
        account=masked(found.number),
        people_at_most=found.people_at_most,
        people=[UserOut.model_validate(each, from_attributes=True) for each in seen],
        elsewhere=len(found.users) - len(seen),
        open=found.open,
    )


def _seen(found: Shared) -> Mapping[str, Any]:
    """Return what two people see and decide on."""
    people = [
        {
            "full_name": each.full_name,
            "holder_name": each.holder_name,
            "person_id": str(each.person_id),
            "household_id": str(each.household_id),
            "area_code": each.area_code,
        }
        for each in found.users
    ]
    return {"bank_bin": found.bank_bin, "account": masked(found.number), "people": people}


async def _accept(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    content, index = proposal.draft.content, proposal.draft.subject
    found = await shared_accounts.shared_accounts(session, [index], now)
    if not found or not found[0].open or {**content, **_seen(found[0])} != content:
        raise Problem(409, "shared_account_changed")
    people = [each.person_id for each in found[0].users]
    await shared_accounts.accept(session, index, people, actor=actor, now=now)


SHARING = Operation("account-sharing", "payments.read", "runs.approve", apply=_accept)


@router.get("/shared-accounts")
async def list_shared_accounts(
    tx: Tx, access: Annotated[Access, needs("payments.read")], reads: Reads, paging: Paging
) -> Page[SharedOut]:
    """List the accounts for which orders are blocked because several people name them as their own, and who they are.

    A document of a guardian or an authorised person, entered where people are registered, frees an order too.
    """
    after = paging.after(str)
    indexes = await shared_accounts.waiting(tx, access, after=after[0] if after else None, limit=paging.limit + 1)
    found = await shared_accounts.shared_accounts(tx, indexes, clock.now())
    page = paging.page([_out(each, access) for each in found], key=lambda out: (out.id.hex,))
    reads.many("person", [user.person_id for each in page.items for user in each.people])
    return page


@router.post("/shared-accounts/{account_id}/acceptance", status_code=201, dependencies=[IDEMPOTENT])
async def propose_sharing(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("runs.prepare")],
    about: About,
    account_id: UUID,
    body: SharingIn,
) -> ProposalOut:
    """Propose to pay those people to one account; another person decides on them by name, then prepare anew.

    It takes the right to prepare in every commune that they live in.
    """
    now = clock.now()
    found = await shared_accounts.shared_accounts(tx, [account_id.hex], now)
    covered = bool(found) and any(access.covers(area) for area in found[0].areas)
    if not covered:
        access.note_attempt(found[0].areas if found else ())
        raise Problem(404, "shared_account_not_found")
    account = found[0]
    access.require(*sorted(account.areas))
    if not account.open:
        raise Problem(409, "account_not_shared")
    area = next(iter(account.areas)) if len(account.areas) == 1 else None
    about.one("account", account_id, area=area)
    content = {**_seen(account), "note": body.note}
    draft = Draft(SHARING.kind, account.index, content, area)
    return proposal_out("benefits", SHARING, await propose(tx, draft, actor=actor, now=now))
