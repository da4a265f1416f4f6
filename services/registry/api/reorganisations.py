"""Reorganisations of administrative units: planned, done by two people, households placed, confirmed or undone."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.registry.domain.reorganisation import Fate, Pair, Reason, ReorganisationOrder, State
from services.registry.reorganisation_jobs import REORGANISATION_UNDO, enqueue_due, jobs_of
from services.registry.store import placements
from services.registry.store import reorganisations as store
from services.registry.store.placements import Placed, Waiting
from services.registry.store.reorganisations import PlannedUnit, Reorganisation
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http import IDEMPOTENT, About, Actor, Page, Paging, Problem, Reads, Router, Tx, needs, request_language
from shared.jobs import JobOut, Jobs, job_out
from shared.keys import keys_of

router = Router(prefix="/registry/v1/reorganisations", tags=["reorganisations"])

Administering = Annotated[Access, needs("areas.administer")]
Reading = Annotated[Access, needs("households.read")]
Placing = Annotated[Access, needs("households.change")]


class ReorganisationView(BaseModel):
    """A reorganisation and what became of it. The counts are of what it moved, and 0 before."""

    id: UUID
    title: str
    legal_basis: str
    effective_on: date
    state: State
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    applied_at: datetime | None
    households: int
    people: int
    grants: int
    confirmed_by: str | None
    confirmed_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    undo_note: str | None

    @classmethod
    def of(cls, found: Reorganisation) -> Self:
        """Return the view of a reorganisation."""
        return cls.model_validate({name: getattr(found, name) for name in cls.model_fields})


class UnitPlanned(BaseModel):
    """What becomes of an old unit, with the households, people and live grants in it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str | None
    level: str | None
    fate: Fate
    heirs: tuple[str, ...]
    households: int
    people: int
    grants: int


class Plan(BaseModel):
    """What a reorganisation does to each old unit, and in all. Households of split units are placed one by one."""

    units: list[UnitPlanned]
    moving: int = Field(description="households that get another code at once")
    staying: int = Field(description="households whose unit keeps its code")
    to_place: int = Field(description="households of split units, for officers to place")
    without_successor: int = Field(description="households of units that nobody takes over; none may be left")
    grants_moving: int
    grants_ending: int = Field(description="grants in units without successor: worth nothing afterwards")

    @classmethod
    def of(cls, units: Sequence[PlannedUnit]) -> Self:
        """Return the plan for units."""

        def households(*fates: Fate) -> int:
            return sum(each.households for each in units if each.fate in fates)

        return cls(
            units=[UnitPlanned.model_validate(each) for each in units],
            moving=households("moves"),
            staying=households("stays"),
            to_place=households("split"),
            without_successor=households("ends"),
            grants_moving=sum(each.grants for each in units if each.fate in ("moves", "split")),
            grants_ending=sum(each.grants for each in units if each.fate == "ends"),
        )


class WaitingHousehold(BaseModel):
    """A household of a split unit; `candidates` are the units that took parts of it."""

    model_config = ConfigDict(from_attributes=True)

    household_id: UUID
    head_name: str | None
    village_code: str | None
    address: str | None
    old_code: str
    candidates: tuple[str, ...]
    placed_code: str | None
    placed_by: str | None


class WaitingVillage(BaseModel):
    """A village of a split unit: how many of its households wait to be placed, and how many were. Null: not known."""

    model_config = ConfigDict(from_attributes=True)

    old_code: str
    village_code: str | None
    candidates: tuple[str, ...]
    waiting: int
    placed: int


class Placement(BaseModel):
    """Households of a split unit that live in one of its heirs."""

    model_config = ConfigDict(extra="forbid")

    household_ids: list[UUID] = Field(min_length=1, max_length=500)
    area_code: str = Field(max_length=12, examples=["04891"])
    village_code: str | None = Field(default=None, max_length=12)


class Undoing(BaseModel):
    """Why a reorganisation is undone."""

    model_config = ConfigDict(extra="forbid")

    note: Reason


@router.post("", status_code=201, dependencies=[IDEMPOTENT])
async def plan_reorganisation(
    tx: Tx, actor: Actor, access: Administering, about: About, order: ReorganisationOrder
) -> ReorganisationView:
    """Put a reorganisation on record: which unit takes over which, from which day on. Nothing is done yet."""
    access.require_everywhere()
    planned = await store.plan(tx, order, by=actor, now=clock.now())
    about.one("reorganisation", planned.id)
    return ReorganisationView.of(planned)


@router.get("", dependencies=[needs("reference.read")])
async def list_reorganisations(tx: Tx, paging: Paging) -> Page[ReorganisationView]:
    """List reorganisations, newest first."""
    after = paging.after(UUID)
    found = await store.page_of_reorganisations(tx, after=after[0] if after else None, limit=paging.limit + 1)
    return paging.page([ReorganisationView.of(each) for each in found], key=lambda each: (each.id,))


@router.get("/{reorganisation_id}", dependencies=[needs("reference.read")])
async def get_reorganisation(tx: Tx, reorganisation_id: UUID) -> ReorganisationView:
    """Show a reorganisation."""
    return ReorganisationView.of(await store.reorganisation(tx, reorganisation_id))


@router.get("/{reorganisation_id}/successions", dependencies=[needs("reference.read")])
async def list_reorganisation_successions(tx: Tx, reorganisation_id: UUID) -> list[Pair]:
    """List which unit takes over which by a reorganisation."""
    found = await store.reorganisation(tx, reorganisation_id)
    return [Pair(old_code=each.old_code, new_code=each.new_code) for each in found.steps]


@router.get("/{reorganisation_id}/plan", dependencies=[needs("reorganisations.read")])
async def get_reorganisation_plan(tx: Tx, reorganisation_id: UUID) -> Plan:
    """Show what a reorganisation does, unit by unit, before it does it."""
    found = await store.reorganisation(tx, reorganisation_id)
    return Plan.of(await store.planned_units(tx, found))


def _draft(kind: str, found: Reorganisation) -> Draft:
    content = {
        "title": found.title,
        "legal_basis": found.legal_basis,
        "effective_on": found.effective_on.isoformat(),
        "successions": [[each.old_code, each.new_code] for each in found.steps],
        "state": found.state,
    }
    return Draft(kind, str(found.id), content)


async def _as_proposed(session: Transaction, proposal: Proposal) -> Reorganisation:
    found = await store.reorganisation(session, UUID(proposal.draft.subject), lock=True)
    if _draft(proposal.draft.kind, found).hash(keys_of(session).digests) != proposal.content_hash:
        raise Problem(409, "content_changed")
    return found


async def _approve(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    found = store.in_state(await _as_proposed(session, proposal), "planned")
    await store.refuse_homeless(session, found)
    await store.note(session, found.id, state="approved", approved_by=actor)
    await enqueue_due(session, clock.legal_date(now))


async def _confirm(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    found = store.in_state(await _as_proposed(session, proposal), "applied")
    if await store.waiting(session, found.id):
        raise Problem(409, "households_to_place")
    await store.note(session, found.id, state="confirmed", confirmed_by=actor, confirmed_at=now)


REORGANISATION = Operation("reorganisation", "reorganisations.read", "areas.approve", apply=_approve)
CONFIRMATION = Operation("reorganisation-confirmation", "reorganisations.read", "areas.approve", apply=_confirm)


@router.post("/{reorganisation_id}/application", status_code=201, dependencies=[IDEMPOTENT])
async def propose_reorganisation(tx: Tx, actor: Actor, _access: Administering, reorganisation_id: UUID) -> ProposalOut:
    """Propose to do a planned reorganisation. Once another person approved it is done on its day, or at once after.

    One whose work was given up (its job failed) may be proposed again: nothing of it was done.
    """
    await store.put_back_given_up(tx)
    found = store.in_state(await store.reorganisation(tx, reorganisation_id, lock=True), "planned")
    await store.refuse_homeless(tx, found)
    proposal = await propose(tx, _draft(REORGANISATION.kind, found), actor=actor, now=clock.now())
    return proposal_out("registry", REORGANISATION, proposal)


@router.post("/{reorganisation_id}/confirmation", status_code=201, dependencies=[IDEMPOTENT])
async def propose_confirmation(tx: Tx, actor: Actor, _access: Administering, reorganisation_id: UUID) -> ProposalOut:
    """Propose that a reorganisation stands for good: every household is placed, and it can no longer be undone."""
    found = store.in_state(await store.reorganisation(tx, reorganisation_id, lock=True), "applied")
    if await store.waiting(tx, found.id):
        raise Problem(409, "households_to_place")
    proposal = await propose(tx, _draft(CONFIRMATION.kind, found), actor=actor, now=clock.now())
    return proposal_out("registry", CONFIRMATION, proposal)


@router.post("/{reorganisation_id}/undo", status_code=202, dependencies=[IDEMPOTENT])
async def undo_reorganisation(
    tx: Tx, jobs: Jobs, access: Administering, about: About, reorganisation_id: UUID, body: Undoing
) -> JobOut:
    """Undo a reorganisation that is not confirmed, by a job: every household, grant and placement, or none."""
    access.require_everywhere()
    found = store.in_state(await store.reorganisation(tx, reorganisation_id, lock=True), "applied")
    about.one("reorganisation", found.id)
    await store.note(tx, found.id, undo_note=body.note)
    return await jobs.start(REORGANISATION_UNDO, {"reorganisation_id": str(found.id)})


@router.get("/{reorganisation_id}/jobs", dependencies=[needs("reorganisations.read")])
async def list_reorganisation_jobs(request: Request, tx: Tx, reorganisation_id: UUID) -> list[JobOut]:
    """List the jobs that did or undid a reorganisation, newest first, each with how far it came or why it failed."""
    found = await jobs_of(tx, reorganisation_id)
    return [job_out(each, service="registry", language=request_language(request)) for each in found]


@router.get("/{reorganisation_id}/villages")
async def list_villages_to_place(
    tx: Tx, access: Reading, reads: Reads, reorganisation_id: UUID
) -> list[WaitingVillage]:
    """List the villages of split units with how many of their households wait to be placed, and how many were."""
    found = await placements.villages_waiting(tx, access, reorganisation_id)
    reads.many("household", [])
    return [WaitingVillage.model_validate(each) for each in found]


@router.get("/{reorganisation_id}/worklist")
async def list_households_to_place(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    reorganisation_id: UUID,
    placed: bool = False,
    old_code: Annotated[str | None, Query(max_length=12, description="only of this old unit")] = None,
    village_code: Annotated[str | None, Query(max_length=12, description="only of this village")] = None,
) -> Page[WaitingHousehold]:
    """List the households of split units that wait to be placed, or with `placed` those that were.

    Who may read households of the old unit or of one of its heirs sees them.
    """
    after = paging.after(UUID)
    found: Sequence[Waiting] = await placements.worklist(
        tx,
        access,
        reorganisation_id,
        placed=placed,
        old_code=old_code,
        village_code=village_code,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    page = paging.page([WaitingHousehold.model_validate(each) for each in found], key=lambda each: (each.household_id,))
    reads.many("household", [each.household_id for each in page.items])
    return page


@router.post("/{reorganisation_id}/placements", status_code=201, dependencies=[IDEMPOTENT])
async def place_households(
    tx: Tx, actor: Actor, access: Placing, about: About, reorganisation_id: UUID, body: Placement
) -> Placed:
    """Place up to 500 households of a split unit in one of its heirs, from the day of the reorganisation on."""
    about.many("household", body.household_ids, area=body.area_code)
    found = store.in_state(await store.reorganisation(tx, reorganisation_id), "applied")
    return await placements.place(
        tx,
        access,
        found,
        body.household_ids,
        area_code=body.area_code,
        village_code=body.village_code,
        by=actor,
        now=clock.now(),
    )
