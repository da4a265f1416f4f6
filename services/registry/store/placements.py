"""The worklist of a reorganisation: households of split units, each placed by an officer in one of the heirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ARRAY, ColumnElement, Text, bindparam, func, or_, select, true, update

from services.registry.domain.household_state import HouseholdState
from services.registry.domain.timeline import revised
from services.registry.store.areas import communes
from services.registry.store.household_changes import Entry, lock, opened, write_changes
from services.registry.store.reorganisations import Reorganisation
from services.registry.tables import HOUSEHOLDS, PEOPLE, REORGANISATION_WORKLIST, REORGANISATIONS
from shared.access import Access
from shared.db import Transaction, among
from shared.http import FieldProblem, Problem
from shared.ids import new_id

_R, _W = REORGANISATIONS.c, REORGANISATION_WORKLIST.c


@dataclass(frozen=True)
class Waiting:
    """A household of a split unit, and where it was placed, if it was."""

    household_id: UUID
    head_name: str | None
    village_code: str | None
    address: str | None
    old_code: str
    candidates: tuple[str, ...]
    placed_code: str | None
    placed_by: str | None


@dataclass(frozen=True)
class VillageWaiting:
    """Households of one village of a split unit: how many wait to be placed, and how many were."""

    old_code: str
    village_code: str | None
    candidates: tuple[str, ...]
    waiting: int
    placed: int


class Placed(BaseModel):
    """How many households were placed."""

    households: int


def _within(access: Access) -> ColumnElement[bool]:
    if access.areas is None:
        return true()
    areas = bindparam("held", sorted(access.areas), type_=ARRAY(Text), unique=True)
    return or_(access.within(_W.waiting_code), _W.candidates.op("&&")(areas))


async def villages_waiting(session: Transaction, access: Access, reorganisation_id: UUID) -> list[VillageWaiting]:
    """Return how far the villages of split units within an access are placed, by old unit and village."""
    by = (_W.old_code, HOUSEHOLDS.c.village_code, _W.candidates)
    done = _W.placed_code.is_not(None)
    query = (
        select(*by, func.count().filter(~done).label("waiting"), func.count().filter(done).label("placed"))
        .join(HOUSEHOLDS, HOUSEHOLDS.c.id == _W.household_id)
        .where(_W.reorganisation_id == reorganisation_id, _within(access))
        .group_by(*by)
        .order_by(*by)
    )
    return [
        VillageWaiting(row.old_code, row.village_code, tuple(row.candidates), row.waiting, row.placed)
        for row in await session.execute(query)
    ]


async def worklist(
    session: Transaction,
    access: Access,
    reorganisation_id: UUID,
    *,
    placed: bool,
    old_code: str | None,
    village_code: str | None,
    after: UUID | None,
    limit: int,
) -> list[Waiting]:
    """Return households of split units within an access, by id, after one; of one old unit or village where named."""
    head = (PEOPLE.c.household_id == HOUSEHOLDS.c.id) & (PEOPLE.c.relationship == "head")
    query = (
        select(REORGANISATION_WORKLIST, PEOPLE.c.full_name, HOUSEHOLDS.c.village_code, HOUSEHOLDS.c.address)
        .join(HOUSEHOLDS, HOUSEHOLDS.c.id == _W.household_id)
        .outerjoin(PEOPLE, head)
        .where(_W.reorganisation_id == reorganisation_id, _within(access))
        .where(_W.placed_code.is_not(None) if placed else _W.placed_code.is_(None))
    )
    query = query if old_code is None else query.where(_W.old_code == old_code)
    query = query if village_code is None else query.where(HOUSEHOLDS.c.village_code == village_code)
    query = query if after is None else query.where(_W.household_id > after)
    return [
        Waiting(
            household_id=row.household_id,
            head_name=row.full_name,
            village_code=row.village_code,
            address=row.address,
            old_code=row.old_code,
            candidates=tuple(row.candidates),
            placed_code=row.placed_code,
            placed_by=row.placed_by,
        )
        for row in await session.execute(query.order_by(_W.household_id).limit(limit))
    ]


def _placed(state: HouseholdState, waiting_code: str, area_code: str, village_code: str | None) -> HouseholdState:
    if state.area_code != waiting_code:
        return state
    return state.model_copy(update={"area_code": area_code, "village_code": village_code or state.village_code})


async def place(
    session: Transaction,
    access: Access,
    found: Reorganisation,
    ids: Sequence[UUID],
    *,
    area_code: str,
    village_code: str | None,
    by: str,
    now: datetime,
) -> Placed:
    """Place households that wait, all or none.

    Raises:
        Problem: 422 `placement_refused`; a household does not wait in the areas of the access, the unit is none of the
            heirs of its old one, or the village none of the unit's.
    """
    await lock(session, ids)
    query = select(REORGANISATION_WORKLIST).where(_W.reorganisation_id == found.id, among(_W.household_id, ids))
    rows = (await session.execute(query.where(_W.placed_code.is_(None)))).all()
    waiting = {row.household_id: row for row in rows if access.covers(area_code) or access.covers(row.waiting_code)}
    access.note_attempt(row.waiting_code for row in rows if row.household_id not in waiting)
    errors = [
        FieldProblem(f"/body/household_ids/{index}", "not_waiting" if each not in waiting else "not_an_heir")
        for index, each in enumerate(ids)
        if each not in waiting or area_code not in waiting[each].candidates
    ]
    known = await communes(session, {code for code in (area_code, village_code) if code is not None})
    if village_code is not None and known.village(village_code, area_code, found.effective_on) is None:
        errors.append(FieldProblem("/body/village_code", "not_a_village_then"))
    if errors:
        raise Problem(422, "placement_refused", errors=errors[:100], count=len(errors))
    book = await opened(session, ids, now)
    entries = []
    for each in sorted(set(ids)):
        change_id = new_id()
        moved = partial(
            _placed, waiting_code=waiting[each].waiting_code, area_code=area_code, village_code=village_code
        )
        versions = book.timelines[each]
        revision = revised(versions, max(found.effective_on, versions[0].valid_from), moved, change_id)
        entries.append(Entry("placement", found.effective_on, {each: revision}, by, area_code, id=change_id))
    await write_changes(session, book, entries)
    for entry in entries:
        (household_id,) = entry.revisions
        placed = {"placed_code": area_code, "placed_by": by, "placed_at": book.now, "placed_by_change": entry.id}
        here = (_W.reorganisation_id == found.id) & (_W.household_id == household_id)
        await session.execute(update(REORGANISATION_WORKLIST).where(here).values(placed))
    return Placed(households=len(entries))


async def may_wait_again(session: Transaction, change_id: UUID) -> bool:
    """Return whether a placement may be undone: its reorganisation is not confirmed, nor being so or being undone.

    The reorganisation stays as it is until the transaction ends.
    """
    of_it = select(_W.reorganisation_id).where(_W.placed_by_change == change_id)
    query = select(_R.id).where(_R.id.in_(of_it), _R.state == "applied")
    # Who undoes a reorganisation holds it before its households; waiting for it with one of these locked would not end.
    found = await session.execute(query.with_for_update(read=True, skip_locked=True))
    return found.first() is not None


async def wait_again(session: Transaction, change_id: UUID) -> None:
    """Put the household of a placement that was undone back on the worklist."""
    gone = {"placed_code": None, "placed_by": None, "placed_at": None, "placed_by_change": None}
    await session.execute(update(REORGANISATION_WORKLIST).where(_W.placed_by_change == change_id).values(gone))
