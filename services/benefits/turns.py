"""Turns: who tells of a household waits here for who told of it before, so that events keep the order of commits."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.benefits.metadata import Table
from shared.db import Transaction


class HouseholdTurn(Table, table=True):
    """A row to lock, one a household that benefits ever told of. No projection owns it, so no rebuild swaps it away."""

    __tablename__ = "household_turn"

    household_id: UUID = Field(primary_key=True)


_IDS = bindparam("ids", type_=ARRAY(Uuid))
_MAKE = text(
    "INSERT INTO household_turn SELECT id FROM unnest(:ids) AS id ORDER BY id ON CONFLICT DO NOTHING"
).bindparams(_IDS)
_LOCK = text(
    "SELECT count(*) FROM"
    " (SELECT 1 FROM household_turn WHERE household_id = ANY(:ids) ORDER BY household_id FOR UPDATE) locked"
).bindparams(_IDS)


async def take_turns(session: Transaction, household_ids: Collection[UUID]) -> None:
    """Lock the households' rows in the order of their ids, until the transaction ends."""
    if household_ids:
        ids = sorted(set(household_ids))
        await session.execute(_MAKE, {"ids": ids})
        await session.execute(_LOCK, {"ids": ids})
