"""Where people are paid: proposed, approved by another person, told to the family, and remembered."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from services.registry.api.people import Reading, admitted
from services.registry.api.views import AccountView, PersonFound
from services.registry.domain.account_rules import account_rules_on
from services.registry.domain.accounts import Account, Verification, refusals_of
from services.registry.domain.households import AccountChange, Person
from services.registry.domain.identity import ending
from services.registry.store import account_drafts, households, people_search
from services.registry.store import account_history as store
from services.registry.store.account_drafts import account_draft
from services.registry.store.account_history import AccountKept
from services.registry.store.contacts import contacts_until_now
from shared import clock
from shared.access import Access
from shared.approvals import Proposal, is_as_proposed, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.events.people import sealed_contacts
from shared.events.registry import AccountChanged
from shared.http import IDEMPOTENT, Actor, FieldProblem, Page, Paging, Problem, Reads, Router, Tx, needs
from shared.keys import keys_of
from shared.messaging.outbox import publish

router = Router(prefix="/registry/v1", tags=["accounts"])

Proposing = Annotated[Access, needs("accounts.prepare")]


class AccountKeptView(BaseModel):
    """Where a person was to be paid, from an instant until another, and what a bank said last of whose it is."""

    number: int = Field(description="counts from 1 a person")
    account: AccountView | None = Field(description="null is in cash")
    since: datetime
    until: datetime | None = Field(description="null while it is so")
    prepared_by: str
    approved_by: str | None = Field(description="null for what came with the registration")
    verification: Verification
    bank: str | None = Field(description="code of the bank that was asked")
    reason: str | None = Field(description="ISO 20022 code, or the bank's own")
    checked_at: datetime | None

    @classmethod
    def of(cls, kept: AccountKept) -> Self:
        """Return the view of an account that was kept."""
        return cls(
            number=kept.number,
            account=None if kept.account is None else AccountView.of(kept.account),
            since=kept.since,
            until=kept.until,
            prepared_by=kept.prepared_by,
            approved_by=kept.approved_by,
            verification=kept.state,
            bank=kept.bank,
            reason=kept.reason,
            checked_at=kept.checked_at,
        )


class EndingAuthorisation(BaseModel):
    """A person whose money goes to somebody else, and no longer after a day unless the document is renewed."""

    person: PersonFound
    account: AccountView
    ends_on: date = Field(description="last day on which it is paid")
    ended: bool = Field(description="nothing is paid there any more")


@router.get("/people/{person_id}/accounts")
async def list_person_accounts(
    tx: Tx,
    access: Reading,
    reads: Reads,
    person_id: UUID,
    known_at: Annotated[AwareDatetime | None, Query(description="only where it was to be paid at this instant")] = None,
) -> list[AccountKeptView]:
    """List where a person was to be paid, newest first: who asked for it, who approved, whose the bank says it is."""
    found, area_code = await admitted(tx, access, person_id)
    reads.one("person", found.id, area=area_code)
    kept = await store.account_history(tx, found)
    return [AccountKeptView.of(each) for each in kept if known_at is None or _stood_at(each, known_at)]


def _stood_at(kept: AccountKept, instant: datetime) -> bool:
    return kept.since <= instant and (kept.until is None or instant < kept.until)


@router.get("/ending-authorisations")
async def list_ending_authorisations(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    by: Annotated[date | None, Query(description="last day until which they end; else those that end soon")] = None,
    area_code: Annotated[str | None, Query(max_length=12)] = None,
) -> Page[EndingAuthorisation]:
    """List people whose authorised person may receive their money no longer, or not for long, the earliest first.

    After the last day nothing is paid there: the document is renewed, or another way to pay is proposed.
    """
    today = clock.today()
    last = by or today + timedelta(days=account_rules_on(today).ending_soon_days)
    if area_code is not None:
        access.note_attempt([area_code])
    query = store.ending_authorisations(
        access, by=last, area_code=area_code, after=paging.after(date, UUID), limit=paging.limit + 1
    )
    ids = list((await tx.execute(query)).scalars())
    people = await people_search.found_people(tx, ids)
    found = [_ending(PersonFound.of(people[each]), people[each].person.account, today) for each in ids]
    page = paging.page(found, key=lambda each: (each.ends_on.isoformat(), str(each.person.id)))
    reads.many("person", [each.person.id for each in page.items], area=area_code)
    return page


def _ending(person: PersonFound, account: Account | None, today: date) -> EndingAuthorisation:
    assert account is not None  # noqa: S101 - it has an end
    assert account.authorised is not None  # noqa: S101
    assert account.authorised.valid_to is not None  # noqa: S101
    ends_on = account.authorised.valid_to
    return EndingAuthorisation(person=person, account=AccountView.of(account), ends_on=ends_on, ended=ends_on < today)


def _refuse(account: Account | None, person: Person, day: date) -> None:
    """Raise 422 `account_refused` for an account that cannot be paid from a day on, or is of another without a word."""
    if account is None:
        return
    refused = refusals_of(account, person.full_name, day)
    if refused:
        errors = [FieldProblem(f"/body/account/{field}", code) for field, code in refused]
        raise Problem(422, "account_refused", errors=errors, count=len(errors))


async def _change_account(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    """Change where a person is paid, and tell the family: who did not ask for it can object before the next payment."""
    change = AccountChange.model_validate({"account": proposal.draft.content["account"]})
    person = await households.person(session, UUID(proposal.draft.subject), lock=True)
    area_code = await households.area_of_person(session, person.id)
    if not is_as_proposed(session, proposal, account_draft(person, area_code, change.account)):
        raise Problem(409, "content_changed")
    _refuse(change.account, person, clock.legal_date(now))
    changed = change.applied_to(person)
    await households.save_person(session, changed)
    await store.keep_account(session, person, changed, by=proposal.prepared_by, approved_by=actor, now=now)
    if person.household_id is not None:
        contacts = await contacts_until_now(session, person, now)
        told = AccountChanged(
            household_id=person.household_id,
            person_id=person.id,
            person_version=changed.version,
            number_ends=_ends(changed),
            replaced_number_ends=_ends(person),
            changed_on=clock.legal_date(now),
            contacts=sealed_contacts(keys_of(session).people, person.id, contacts),
        )
        await publish(session, "registry", [told])


def _ends(person: Person) -> str | None:
    return None if person.account is None else ending(person.account.number)


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if written is None else AccountView.of(Account.model_validate(written)).model_dump(mode="json")
        for name, written in content.items()
    }


ACCOUNT_CHANGE = Operation(
    account_drafts.ACCOUNT_CHANGE, "people.read", "accounts.approve", apply=_change_account, shown=_shown
)


@router.post("/people/{person_id}/account-changes", status_code=201, dependencies=[IDEMPOTENT])
async def propose_account_change(
    tx: Tx, actor: Actor, access: Proposing, person_id: UUID, change: AccountChange
) -> ProposalOut:
    """Propose where a person is paid; it holds once another person has approved it.

    An account of somebody else takes the document that authorises them.
    """
    person, area_code = await admitted(tx, access, person_id, lock=True)
    if change.account == person.account:
        raise Problem(409, "account_unchanged", errors=[FieldProblem("/body/account", "value_as_before")])
    _refuse(change.account, person, clock.today())
    proposal = await propose(tx, account_draft(person, area_code, change.account), actor=actor, now=clock.now())
    return proposal_out("registry", ACCOUNT_CHANGE, proposal)
