"""What happens to households: told, confirmed by another person, undone; mergers take two people from the start."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.registry.api.views import Doubt, HouseholdView, doubts_about
from services.registry.domain.household_changes import Change, ChangeKind, Merger
from services.registry.domain.household_state import HouseholdState
from services.registry.domain.households import Household
from services.registry.store import household_book as book
from services.registry.store import household_history as history
from services.registry.store import households
from services.registry.store.household_book import Recorded
from services.registry.store.household_changes import lock
from services.registry.store.household_effects import Effect, effects_of, effects_on_record
from services.registry.store.household_history import ChangeOnRecord, ConfirmationState
from shared import clock
from shared.access import PERMISSIONS, Access
from shared.access.store import access_of
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http import (
    IDEMPOTENT,
    About,
    Actor,
    IfMatch,
    Page,
    Paging,
    Problem,
    Reads,
    Router,
    Tx,
    etag,
    needs,
    request_language,
)
from shared.http.etags import ExpectedVersion
from shared.keys import keys_of

router = Router(prefix="/registry/v1", tags=["changes of households"])

Reading = Annotated[Access, needs("households.read")]
Changing = Annotated[Access, needs("households.change")]
Confirming = Annotated[Access, needs("households.confirm")]


class ChangeView(BaseModel):
    """A change of households on record. Until somebody confirmed it, one person can undo it."""

    id: UUID
    kind: ChangeKind
    area_code: str | None
    effective_on: date
    note: str | None
    recorded_at: datetime
    prepared_by: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    undoes: UUID | None
    undone_by: UUID | None
    households: tuple[UUID, ...]

    @classmethod
    def of(cls, found: ChangeOnRecord) -> Self:
        """Return the view of a change."""
        return cls.model_validate(vars(found))


class ChangeRecorded(BaseModel):
    """A change as recorded, the households that it touched as they are now, and what to look at."""

    change_id: UUID
    households: list[HouseholdView]
    warnings: list[Doubt]


class HouseholdEffect(BaseModel):
    """A household on the day of a change, without it and with it; without id one that the change founds."""

    model_config = ConfigDict(from_attributes=True)

    household_id: UUID | None
    before: HouseholdState | None
    after: HouseholdState | None


class ChangeTrial(BaseModel):
    """What a change would make of households."""

    effects: list[HouseholdEffect]

    @classmethod
    def of(cls, effects: list[Effect]) -> Self:
        """Return the view of effects."""
        return cls(effects=[HouseholdEffect.model_validate(each) for each in effects])


class ChangeShown(ChangeView):
    """A change with what it made of households in the reader's areas. Of many at once, nothing is shown."""

    effects: list[HouseholdEffect]


class Undoing(BaseModel):
    """Why a change is undone."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=10, max_length=500, examples=["Ghi nhầm hộ, giấy khai sinh của hộ khác"])


def _recorded(request: Request, response: Response, about: About, made: Recorded) -> ChangeRecorded:
    first = made.households[0]
    about.many("household", [each.id for each in made.households], area=first.area_code)
    about.note(change=str(made.id))
    response.headers["ETag"] = etag(first.revision)
    return ChangeRecorded(
        change_id=made.id,
        households=[HouseholdView.of(each) for each in made.households],
        warnings=doubts_about(first, "/household", request_language(request)),
    )


async def _as_seen(
    tx: Transaction, access: Access, household_id: UUID, change: Change, expected: ExpectedVersion
) -> Household:
    """Return a household, locked with all that a change of it touches; 412 where it is no longer as it was seen."""
    await lock(tx, await book.touched(tx, household_id, change))
    found = await households.household(tx, household_id, access)
    expected.check(found.revision)
    return found


@router.post("/households/{household_id}/changes", status_code=201, dependencies=[IDEMPOTENT])
async def change_household(
    request: Request,
    response: Response,
    tx: Tx,
    actor: Actor,
    access: Changing,
    about: About,
    expected: IfMatch,
    household_id: UUID,
    change: Change,
) -> ChangeRecorded:
    """Tell what happened to a household: move, birth, arrival, join, leave, death, head, facts, details, split, end.

    `If-Match` is the household's tag as seen. Of two who tell of one household at once the second is answered 412.
    """
    found = await _as_seen(tx, access, household_id, change, expected)
    made = await book.record(tx, access, found, change, by=actor, now=clock.now())
    return _recorded(request, response, about, made)


@router.post("/households/{household_id}/changes/trial")
async def try_change_of_household(
    response: Response,
    tx: Tx,
    actor: Actor,
    access: Changing,
    about: About,
    expected: IfMatch,
    household_id: UUID,
    change: Change,
) -> ChangeTrial:
    """Show what a change would make of households, or why it is refused, without recording it."""
    found = await _as_seen(tx, access, household_id, change, expected)
    about.one("household", found.id, area=found.area_code)
    response.headers["ETag"] = etag(found.revision)
    return ChangeTrial.of(effects_of(*await book.entry_of(tx, access, found, change, by=actor, now=clock.now())))


@router.get("/households/{household_id}/changes")
async def list_changes_of_household(tx: Tx, access: Reading, reads: Reads, household_id: UUID) -> list[ChangeView]:
    """List every change that touched a household, newest first."""
    found = await households.household(tx, household_id, access)
    reads.one("household", found.id, area=found.area_code)
    return [ChangeView.of(each) for each in await history.changes_of(tx, household_id)]


@router.get("/household-changes")
async def list_household_changes(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    state: Annotated[ConfirmationState | None, Query(description="unconfirmed ones wait for a second person")] = None,
) -> Page[ChangeView]:
    """List changes of households, newest first."""
    after = paging.after(UUID)
    found = await history.page_of_changes(tx, access, state, after=after[0] if after else None, limit=paging.limit + 1)
    page = paging.page([ChangeView.of(each) for each in found], key=lambda each: (each.id,))
    reads.many("household-change", [each.id for each in page.items])
    return page


@router.get("/household-changes/{change_id}")
async def get_household_change(tx: Tx, access: Reading, reads: Reads, change_id: UUID) -> ChangeShown:
    """Show a change with what it made of households."""
    found = await history.find_change(tx, change_id, access)
    reads.one("household-change", change_id, area=found.area_code)
    effects = ChangeTrial.of(await effects_on_record(tx, access, found)).effects
    return ChangeShown.model_validate(vars(found) | {"effects": effects})


@router.post("/household-changes/{change_id}/confirmation", status_code=201, dependencies=[IDEMPOTENT])
async def confirm_household_change(
    tx: Tx, actor: Actor, access: Confirming, about: About, change_id: UUID
) -> ChangeView:
    """Confirm a change as another person than who told of it; to undo it then takes two people."""
    found = await history.find_change(tx, change_id, access, lock=True)
    about.one("household-change", change_id, area=found.area_code)
    await history.confirm(tx, found, by=actor, now=clock.now())
    return ChangeView.of(await history.find_change(tx, change_id, access))


@router.post("/household-changes/{change_id}/undo", status_code=201, dependencies=[IDEMPOTENT])
async def undo_household_change(
    request: Request,
    response: Response,
    tx: Tx,
    actor: Actor,
    access: Changing,
    about: About,
    change_id: UUID,
    body: Undoing,
) -> ChangeRecorded:
    """Undo a change that nobody confirmed yet: what held before holds again. Later changes are undone before it."""
    found = await history.find_change(tx, change_id, access, lock=True)
    made = await history.undo(tx, found, by=actor, confirmed_by=None, note=body.note, now=clock.now())
    return _recorded(request, response, about, made)


def _undo_draft(found: ChangeOnRecord, note: str) -> Draft:
    content = {
        "kind": found.kind,
        "effective_on": found.effective_on.isoformat(),
        "households": [str(each) for each in found.households],
        "note": note,
    }
    return Draft("household-undo", str(found.id), content, found.area_code)


async def _undo(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    access = await access_of(session, actor, PERMISSIONS["households.confirm"], clock.legal_date(now))
    found = await history.find_change(session, UUID(proposal.draft.subject), access, lock=True)
    note = str(proposal.draft.content["note"])
    if _undo_draft(found, note).hash(keys_of(session).digests) != proposal.content_hash:
        raise Problem(409, "content_changed")
    await history.undo(session, found, by=proposal.prepared_by, confirmed_by=actor, note=note, now=now)


HOUSEHOLD_UNDO = Operation("household-undo", "households.read", "households.confirm", apply=_undo)


@router.post("/household-changes/{change_id}/undo-proposals", status_code=201, dependencies=[IDEMPOTENT])
async def propose_undo(tx: Tx, actor: Actor, access: Changing, change_id: UUID, body: Undoing) -> ProposalOut:
    """Propose that a confirmed change is undone; it is once another person approved that."""
    found = await history.find_change(tx, change_id, access, lock=True)
    await history.refuse_undoing(tx, found)
    proposal = await propose(tx, _undo_draft(found, body.note), actor=actor, now=clock.now())
    return proposal_out("registry", HOUSEHOLD_UNDO, proposal)


async def _merge_draft(tx: Transaction, access: Access, household_id: UUID, merger: Merger) -> Draft:
    """Hold the revisions of both households too: who approves a merger has seen them as they are."""
    await lock(tx, [household_id, merger.absorbed_id])
    staying = await households.household(tx, household_id, access)
    absorbed = await households.household(tx, merger.absorbed_id, access)
    content: dict[str, Any] = merger.model_dump(mode="json") | {
        "staying_revision": staying.revision,
        "absorbed_revision": absorbed.revision,
    }
    return Draft("household-merge", str(household_id), content, staying.area_code)


async def _merge(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    access = await access_of(session, actor, PERMISSIONS["households.confirm"], clock.legal_date(now))
    content = {name: proposal.draft.content[name] for name in Merger.model_fields}
    merger = Merger.model_validate(content)
    staying_id = UUID(proposal.draft.subject)
    draft = await _merge_draft(session, access, staying_id, merger)
    if draft.hash(keys_of(session).digests) != proposal.content_hash:
        raise Problem(409, "content_changed")
    await book.merge(session, staying_id, merger, prepared_by=proposal.prepared_by, confirmed_by=actor, now=now)


HOUSEHOLD_MERGE = Operation("household-merge", "households.read", "households.confirm", apply=_merge)


@router.post("/households/{household_id}/mergers", status_code=201, dependencies=[IDEMPOTENT])
async def propose_merger(
    tx: Tx, actor: Actor, access: Changing, about: About, household_id: UUID, merger: Merger
) -> ProposalOut:
    """Propose that a household takes in another's members and the other ends; it holds once somebody else approved."""
    draft = await _merge_draft(tx, access, household_id, merger)
    about.many("household", [household_id, merger.absorbed_id], area=draft.area_code)
    await book.entry_of_merger(tx, household_id, merger, prepared_by=actor, confirmed_by=None, now=clock.now())
    return proposal_out("registry", HOUSEHOLD_MERGE, await propose(tx, draft, actor=actor, now=clock.now()))


@router.post("/households/{household_id}/mergers/trial")
async def try_merger(
    tx: Tx, actor: Actor, access: Changing, about: About, household_id: UUID, merger: Merger
) -> ChangeTrial:
    """Show what a merger would make of both households, or why it is refused, without proposing it."""
    draft = await _merge_draft(tx, access, household_id, merger)
    about.many("household", [household_id, merger.absorbed_id], area=draft.area_code)
    merged = await book.entry_of_merger(tx, household_id, merger, prepared_by=actor, confirmed_by=None, now=clock.now())
    return ChangeTrial.of(effects_of(*merged))
