"""The transition ledger: the movement tables of areas, and the entries of a household."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import StreamingResponse

from services.registry.api import lists
from services.registry.api.exports import Snapshot
from services.registry.api.lists import Format
from services.registry.domain.movement_report import ListMovement
from services.registry.domain.standards import standards
from services.registry.store import households, ledger
from services.registry.store.ledger import Entry
from services.registry.store.movement_reports import (
    ListMovements,
    Period,
    communes_of,
    entries_within,
    movement_by_commune,
    movement_of,
)
from services.registry.store.movements_on_map import movement_on_map
from services.registry.store.successions import every_succession
from shared import clock, csv_text
from shared.access import Access
from shared.audit import Tally
from shared.db import Transaction
from shared.http import FieldProblem, Problem, Reads, Router, Tx, needs
from shared.maps import counterparts
from shared.texts import text

router = Router(prefix="/registry/v1", tags=["movements"])

Reading = Annotated[Access, needs("households.read")]
Reporting = Annotated[Access, needs("decisions.read")]
KnownAt = Annotated[AwareDatetime | None, Query(description="as the ledger was then; now where absent")]

_AT_ONCE = 1_000  # rows
_COLUMNS = (
    "Ngày", "Mã xã", "Mã hộ", "Danh sách", "Biến động", "Số hộ", "Số nhân khẩu", "Từ hoặc đến xã", "Bút toán đảo",
)  # fmt: skip


class MovementTable(BaseModel):
    """How the lists moved; households and people (hộ, nhân khẩu)."""

    poor: ListMovement
    near_poor: ListMovement


class CommuneMovement(MovementTable):
    """How the lists of a commune moved; who moved to another commune counts in both."""

    area_code: str
    name: str


class MovementReport(MovementTable):
    """How the lists of an area moved in a period. Who moved from one of its communes to another did not move."""

    area_code: str = Field(examples=["25"])
    standard: str
    first: date
    last: date
    map_on: date | None = Field(description="the day whose units these are; null: each entry is of the unit of its day")
    communes: list[CommuneMovement] | None
    unplaced: MovementTable | None = Field(
        description="on a map asked for: those of split units of whom it is not known whether they are of this area"
    )


@router.get("/movement-report")
async def get_movement_report(
    tx: Tx,
    access: Reporting,
    area_code: Annotated[str, Query(max_length=12, description="a unit of any level")],
    standard: Annotated[str, Query(max_length=40, examples=["vn-2022-2025"])],
    first: date,
    last: date,
    known_at: KnownAt = None,
    by_commune: bool = False,
    map_on: Annotated[date | None, Query(description="the day whose map of units it is shown on")] = None,
) -> MovementReport:
    """Show how many households and people were on each list, what came and went, and how many are on it at the end.

    On the map of a day a year in which units were redrawn is told of the same land from start to end.
    """
    period = _period(access, area_code, standard, first, last, known_at)
    about = {"area_code": area_code, "standard": standard, "first": first, "last": last, "map_on": map_on}
    if map_on is not None:
        return await _on_map(tx, access, area_code, period, map_on, about, by_commune=by_commune)
    names = {each.code: each.name for each in await communes_of(tx, area_code, period)}
    whole = await movement_of(tx, names, period)
    parts = await movement_by_commune(tx, names, period) if by_commune else {}
    communes = _named(parts, names) if by_commune else None
    return MovementReport(**about, communes=communes, unplaced=None, **whole)


async def _on_map(
    tx: Transaction,
    access: Access,
    area_code: str,
    period: Period,
    map_on: date,
    about: Mapping[str, Any],
    *,
    by_commune: bool,
) -> MovementReport:
    steps = await every_succession(tx)
    # A code may have meant other land on that day: who asks must hold what that unit has become.
    access.require(*counterparts(area_code, steps, on=map_on, seen_on=clock.today()))
    units = await communes_of(tx, area_code, replace(period, first=map_on, last=map_on))
    names = {each.code: each.name for each in units}
    found = await movement_on_map(tx, names, period, map_on=map_on, steps=steps)
    communes = _named(found.by_unit, names) if by_commune else None
    return MovementReport(**about, communes=communes, unplaced=MovementTable(**found.unplaced), **found.whole)


def _named(parts: Mapping[str, ListMovements], names: Mapping[str, str]) -> list[CommuneMovement]:
    return [CommuneMovement(area_code=code, name=names[code], **lists) for code, lists in parts.items()]


def _period(
    access: Access, area_code: str, standard: str, first: date, last: date, known_at: datetime | None
) -> Period:
    errors = []
    if standard not in {each.code for each in standards().standards}:
        errors.append(FieldProblem("/query/standard", "standard_unknown"))
    if last < first:
        errors.append(FieldProblem("/query/last", "area_period"))
    if errors:
        raise Problem(422, "validation_failed", errors=errors, count=len(errors))
    access.require(area_code)
    return Period(standard, first, last, known_at)


@router.get("/movements.{form}", response_class=StreamingResponse)
async def export_movements(
    tx: Tx,
    snapshot: Snapshot,
    access: Reporting,
    reads: Reads,
    form: Format,
    area_code: Annotated[str, Query(max_length=12, description="a unit of any level")],
    standard: Annotated[str, Query(max_length=40, examples=["vn-2022-2025"])],
    first: date,
    last: date,
    known_at: KnownAt = None,
) -> StreamingResponse:
    """Give the entries that a movement report adds up as a file, by day."""
    period = _period(access, area_code, standard, first, last, known_at)
    codes = [each.code for each in await communes_of(snapshot, area_code, period)]
    tally = Tally(tx)
    async for page in entries_within(snapshot, codes, period, page=_AT_ONCE):
        tally.add(each.household_id for each in page)
    reads.all_of("household", tally, area=area_code)
    return lists.answer(_lines(entries_within(snapshot, codes, period, page=_AT_ONCE)), f"bien-dong-{last}", form)


async def _lines(pages: AsyncIterator[Sequence[Entry]]) -> AsyncIterator[str]:
    yield csv_text.csv_lines([_COLUMNS])
    async for page in pages:
        yield csv_text.csv_lines(_row(each) for each in page)


def _row(entry: Entry) -> list[str]:
    return [
        f"{entry.moved_on:%d/%m/%Y}",
        entry.area_code,
        str(entry.household_id),
        text(f"class.{entry.household_class}", "vi"),
        text(f"movement.{entry.line}", "vi"),
        str(abs(entry.households)),
        str(abs(entry.people)),
        entry.other_area or "",
        "" if entry.reverses is None else "x",
    ]


@router.get("/households/{household_id}/movements")
async def list_household_movements(tx: Tx, access: Reading, reads: Reads, household_id: UUID) -> Sequence[Entry]:
    """Show every entry of a household's ledger in the order of recording, reversals beside what they take back."""
    found = await households.household(tx, household_id, access)
    reads.one("household", found.id, area=found.area_code)
    return await ledger.ledger_of(tx, household_id)
