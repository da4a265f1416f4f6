"""Units and their published totals."""

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
    totals = AreaTotalsRow.__table__.c
    query = select(totals.code, totals.year, totals.households, totals.people, totals.source)
    return PublishedTotals([Totals(*row) for row in await session.execute(query)])
