"""Money by code, programme and month: where it was booked, or on the map of another day."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.indicators.domain.payments import Booked, Money
from services.indicators.tables import AwardRow, BookingRow, PlacementRow
from shared.db import Transaction, among
from shared.maps import OtherMap

_A, _B = AwardRow.__table__.c, BookingRow.__table__.c
_OWN = PlacementRow.__table__.alias("own")


async def booked(
    session: Transaction, months: Sequence[str], codes: Collection[str], programme: str | None
) -> list[Booked]:
    """Return what awards promise for these months and what was settled and returned for them, where and when."""
    paid, awarded = _paid(months, programme), _awarded(months, programme)
    found = [_booked(row) for row in await session.execute(paid.where(among(_B.area_code, codes)))]
    return found + [_promised(row) for row in await session.execute(awarded.where(among(_A.area_code, codes)))]


async def booked_on_map(
    session: Transaction, months: Sequence[str], programme: str | None, *, map_on: date, on_map: OtherMap
) -> list[Booked]:
    """Return the same of every unit by the units of the map of a day; without code, what is in none that is known.

    Of a unit that was split or merged meanwhile the money of a household counts where it was itself on that day.
    """
    paid = _with_own_place(_paid(months, programme), _B.household_id, map_on)
    awarded = _with_own_place(_awarded(months, programme), _A.household_id, map_on)
    rows = [(row, _booked(row)) for row in await session.execute(paid)]
    rows += [(row, _promised(row)) for row in await session.execute(awarded)]
    return [replace(each, code=on_map.place(row.area_code, each.placed_on, row.own)) for row, each in rows]


def _paid(months: Sequence[str], programme: str | None) -> Select[Any]:
    by = (_B.area_code, _B.programme, _B.period, _B.booked_on)
    sums = []
    for kind in ("settled", "returned"):
        of_kind = _B.kind == kind
        sums += [_vnd(_B.amount, of_kind).label(kind), func.count().filter(of_kind).label(f"{kind}_times")]
    query = select(*by, *sums).where(among(_B.period, months)).group_by(*by)
    return query if programme is None else query.where(_B.programme == programme)


def _awarded(months: Sequence[str], programme: str | None) -> Select[Any]:
    wanted = func.unnest(bindparam(None, list(months), type_=ARRAY(Text), unique=True))
    asked = wanted.table_valued("period", name="asked").render_derived()
    by = (_A.area_code, _A.programme, asked.c.period, _A.granted_on)
    in_force = (_A.first_month <= asked.c.period) & (_A.last_month.is_(None) | (_A.last_month >= asked.c.period))
    sums = (_vnd(_A.monthly_amount).label("awarded"), func.count().label("awards"))
    query = select(*by, *sums).select_from(AwardRow.__table__).join(asked, in_force).group_by(*by)
    return query if programme is None else query.where(_A.programme == programme)


def _vnd(amount: ColumnElement[int], *of_kind: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(amount).filter(*of_kind), 0), BigInteger)


def _with_own_place(query: Select[Any], household: ColumnElement[Any], map_on: date) -> Select[Any]:
    own = _OWN.c
    there = (own.effective_on <= map_on) & (func.least(own.until, func.coalesce(own.ended_on, date.max)) > map_on)
    placed = query.outerjoin(_OWN, (own.household_id == household) & there)
    return placed.add_columns(own.area_code.label("own")).group_by(own.area_code)


def _booked(row: Any) -> Booked:
    money = Money(settled=row.settled, settlements=row.settled_times, returned=row.returned, returns=row.returned_times)
    return Booked(row.area_code, row.programme, row.period, row.booked_on, money)


def _promised(row: Any) -> Booked:
    money = Money(awarded=row.awarded, awards=row.awards)
    return Booked(row.area_code, row.programme, row.period, row.granted_on, money)
