"""Units and their published totals."""

from datetime import date

from sqlalchemy import select

from services.indicators.domain.areas import Area, AreaTree, Succession
from services.indicators.domain.poverty import PublishedTotals, Totals
from services.indicators.tables import AreaRow, AreaTotalsRow, SuccessionRow
from shared.db import Transaction


async def area_tree(session: Transaction) -> AreaTree:
    """Return every unit of every period: some hundred rows a province."""
    areas = AreaRow.__table__.c
    query = select(areas.code, areas.valid_from, areas.valid_to, areas.name, areas.level, areas.kind, areas.parent_code)
    return AreaTree(Area(*row) for row in await session.execute(query))


async def successions(session: Transaction) -> list[Succession]:
    """Return which unit took over which, of every reorganisation that stands."""
    rows = SuccessionRow.__table__.c
    query = select(rows.old_code, rows.new_code, rows.effective).where(~rows.withdrawn)
    return [Succession(*row) for row in await session.execute(query)]


async def published_totals(session: Transaction) -> PublishedTotals:
    """Return every published denominator."""
    rows = AreaTotalsRow.__table__.c
    query = select(rows.code, rows.year, rows.households, rows.people, rows.source, rows.valid_from)
    totals = [
        Totals(code, year, households, people, source, None if valid_from == date.max else valid_from)
        for code, year, households, people, source, valid_from in await session.execute(query)
    ]
    return PublishedTotals(totals, await successions(session))
