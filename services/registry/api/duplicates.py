"""Probable duplicates: the queue of pairs, side by side, and what is decided about them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.registry.api.views import PersonFound
from services.registry.domain.household_changes import SamePerson
from services.registry.store import duplicates as store
from services.registry.store import people_merges
from services.registry.store.duplicates import Pair
from services.registry.store.household_changes import lock as lock_households
from services.registry.store.people_search import Found
from shared import clock
from shared.access import PERMISSIONS, Access
from shared.access.store import access_of
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http import IDEMPOTENT, About, Actor, Page, Paging, Problem, Reads, Router, Tx, needs
from shared.jobs import JobOut, Jobs
from shared.keys import keys_of

router = Router(prefix="/registry/v1", tags=["duplicates"])

DUPLICATE_SCAN = "duplicate_scan"
Reading = Annotated[Access, needs("duplicates.read")]


class AgreementView(BaseModel):
    """How far two records agree in one thing, and what it counts of 100 points."""

    aspect: Literal["name", "birth_date", "sex", "area", "phone", "account", "personal_number"]
    degree: Literal["same", "close", "different"]
    points: int


class DuplicateView(BaseModel):
    """Two records that may be of one person, side by side. A person of another's area is null."""

    id: UUID
    score: int = Field(description="0 to 100; the queue begins at 65")
    agreements: list[AgreementView]
    first: PersonFound | None
    second: PersonFound | None
    state: Literal["open", "distinct", "merged"]
    found_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, pair: Pair, access: Access) -> Self:
        """Return the view of a pair for who has an access."""
        first, second = (PersonFound.of(each) if access.covers(each.area_code) else None for each in pair.people)
        return cls(
            id=pair.id,
            score=pair.score,
            agreements=[AgreementView.model_validate(each, from_attributes=True) for each in pair.agreements],
            first=first,
            second=second,
            state=pair.state,
            found_at=pair.found_at,
            decided_by=pair.decided_by,
            decided_at=pair.decided_at,
            note=pair.note,
        )


class Distinct(BaseModel):
    """Why two records are of two people."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=2000, examples=["Hai chị em họ, đã gặp cả hai"])


@router.get("/duplicates")
async def list_duplicates(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    state: Literal["open", "distinct", "merged"] = "open",
    area_code: Annotated[str | None, Query(max_length=12)] = None,
) -> Page[DuplicateView]:
    """List pairs of records that may be of one person, the most alike first."""
    if area_code is not None:
        access.note_attempt([area_code])
    found = await store.pairs(
        tx, access, state=state, area_code=area_code, after=paging.after(int, UUID), limit=paging.limit + 1
    )
    page = paging.page([DuplicateView.of(each, access) for each in found], key=lambda each: (each.score, each.id))
    reads.many("duplicate", [each.id for each in page.items], area=area_code)
    return page


@router.get("/duplicates/{duplicate_id}")
async def get_duplicate(tx: Tx, access: Reading, reads: Reads, duplicate_id: UUID) -> DuplicateView:
    """Show a pair."""
    found = await store.pair(tx, access, duplicate_id)
    reads.one("duplicate", found.id)
    return DuplicateView.of(found, access)


@router.post("/duplicates/{duplicate_id}/distinction", status_code=201, dependencies=[IDEMPOTENT])
async def tell_apart(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("duplicates.distinguish")],
    about: About,
    duplicate_id: UUID,
    body: Distinct,
) -> DuplicateView:
    """Say that the records are of two people: the pair is remembered and does not come into the queue again.

    It takes the right to see both.
    """
    found = await store.pair(tx, access, duplicate_id, lock=True)
    access.require(*(each.area_code for each in found.people))
    about.one("duplicate", found.id)
    await store.decide(tx, found, "distinct", note=body.note, by=actor, now=clock.now())
    return DuplicateView.of(await store.pair(tx, access, duplicate_id), access)


@router.post("/duplicate-scans", status_code=202, dependencies=[IDEMPOTENT])
async def scan_for_duplicates(
    jobs: Jobs,
    about: About,
    access: Annotated[Access, needs("duplicates.scan")],  # noqa: ARG001 - it is for who may act everywhere
) -> JobOut:
    """Compare everybody anew; the answer is a job to follow. New and changed records are compared without it."""
    job = await jobs.start(DUPLICATE_SCAN, {})
    about.one(DUPLICATE_SCAN, job.id)
    return job


async def _merge_draft(tx: Transaction, access: Access, duplicate_id: UUID, same: SamePerson) -> Draft:
    """Hold both records, whose households are locked here, as they are: who approves has seen them so."""
    seen = await store.pair(tx, access, duplicate_id)
    await lock_households(tx, [each.person.household_id for each in seen.people if each.person.household_id])
    pair = await store.pair(tx, access, duplicate_id, lock=True)
    access.require(*(each.area_code for each in pair.people))
    kept, absorbed = people_merges.sides(pair, same.kept_id)
    content = same.model_dump(mode="json") | {
        "kept": _of_record(kept),
        "absorbed": _of_record(absorbed),
        "score": pair.score,
    }
    return Draft("people-merge", str(duplicate_id), content, kept.area_code)


def _of_record(found: Found) -> dict[str, Any]:
    return PersonFound.of(found).model_dump(mode="json") | {"version": found.person.version}


async def _merge(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    access = await access_of(session, actor, PERMISSIONS["households.confirm"], clock.legal_date(now))
    same = SamePerson.model_validate({name: proposal.draft.content[name] for name in SamePerson.model_fields})
    duplicate_id = UUID(proposal.draft.subject)
    draft = await _merge_draft(session, access, duplicate_id, same)
    if draft.hash(keys_of(session).digests) != proposal.content_hash:
        raise Problem(409, "content_changed")
    pair = await store.pair(session, access, duplicate_id)
    await people_merges.merge(session, pair, same, prepared_by=proposal.prepared_by, confirmed_by=actor, now=now)


PEOPLE_MERGE = Operation("people-merge", "duplicates.read", "households.confirm", apply=_merge)


@router.post("/duplicates/{duplicate_id}/mergers", status_code=201, dependencies=[IDEMPOTENT])
async def propose_same_person(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("households.change")],
    about: About,
    duplicate_id: UUID,
    same: SamePerson,
) -> ProposalOut:
    """Propose that two records are of one person; it holds once another person approved it.

    The other record leaves its household on that day, and a household of nobody else ends. It is undone as other
    changes of households are.
    """
    draft = await _merge_draft(tx, access, duplicate_id, same)
    pair = await store.pair(tx, access, duplicate_id)
    about.many("person", [each.person.id for each in pair.people], area=draft.area_code)
    await people_merges.merge(tx, pair, same, prepared_by=actor, confirmed_by=None, now=clock.now())
    return proposal_out("registry", PEOPLE_MERGE, await propose(tx, draft, actor=actor, now=clock.now()))
