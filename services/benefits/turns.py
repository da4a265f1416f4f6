"""Turns: who tells of a household waits here for who told of it before, so that events keep the order of commits."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Field

from services.benefits.metadata import Table, core
from shared.db import Transaction


class HouseholdTurn(Table, table=True):
    """A row to lock, one a household that benefits ever told of. No projection owns it, so no rebuild swaps it away."""

    __tablename__ = "household_turn"

    household_id: UUID = Field(primary_key=True)


_turn = core(HouseholdTurn)


async def take_turns(session: Transaction, household_ids: Collection[UUID]) -> None:
    """Lock the households' rows in the order of their ids, until the transaction ends."""
    if household_ids:
        given = func.unnest(bindparam("ids", sorted(set(household_ids)), type_=ARRAY(Uuid)), type_=Uuid)
        await take_turns_of(session, select(given.label("household_id")))


async def take_turns_of(session: Transaction, households: Select[Any] | CompoundSelect[Any]) -> None:
    """Lock the rows of the households whose ids a query yields, as `take_turns` does, without fetching them."""
    connection = await session.connection()
    found = households.subquery()
    ids = found.c.household_id
    missing = insert(_turn).from_select(["household_id"], select(ids).distinct().order_by(ids))
    await connection.execute(missing.on_conflict_do_nothing())
    c = _turn.c
    turns = select(c.household_id).where(c.household_id.in_(select(ids))).order_by(c.household_id).with_for_update()
    await connection.execute(select(func.count()).select_from(turns.subquery()))
