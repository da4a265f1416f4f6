"""Reading the decisions of communes."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping, select

from services.registry.store.ledger import Entry, entries_for
from services.registry.tables import CLASS_HISTORY, DECISIONS
from shared.db import Transaction
from shared.events.registry import HouseholdClass, Transition
from shared.http import Problem


class ClassDecided(BaseModel):
    """A class that a decision gave a household, from `decided_on` on, told as it was known then."""

    model_config = ConfigDict(frozen=True)

    household_id: UUID
    standard: str
    number: int = Field(description="counts the household's decisions under the standard as recorded, from 1")
    decision_id: UUID
    assessment_id: UUID
    household_class: HouseholdClass
    previous_class: HouseholdClass | None
    transition: Transition | None
    decided_on: date
    people: int
    corrects: int | None = Field(description="the number of the class in whose place this one stands")
    inherited_from: UUID | None = Field(description="the household that this one was split off with its classes")


class Decision(BaseModel):
    """A decision that was taken, with what it did to each household."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    area_code: str
    number: str
    decided_on: date
    signed_by: str
    standard: str
    corrects: UUID | None
    round_id: UUID | None
    classes: tuple[ClassDecided, ...]
    movements: tuple[Entry, ...] = Field(description="what the decision added to the ledger; reversals say of what")


async def decision_by_id(session: Transaction, decision_id: UUID) -> Decision:
    """Return a decision with the classes it gave, in the order of the households' ids.

    Raises:
        Problem: 404 `decision_not_found`.
    """
    row = (await session.execute(select(DECISIONS).where(DECISIONS.c.id == decision_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "decision_not_found")
    own = CLASS_HISTORY.c.inherited_from.is_(None)
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.decision_id == decision_id, own)
    classes = (await session.execute(query.order_by(CLASS_HISTORY.c.household_id))).mappings()
    known: dict[str, Any] = {name: row[name] for name in Decision.model_fields if name in row}
    entries = await entries_for(session, decision_id)
    return Decision(**known, classes=tuple(map(_class, classes)), movements=tuple(entries))


async def history_of(session: Transaction, household_id: UUID) -> Sequence[ClassDecided]:
    """Return every class that was decided for a household, oldest first, over all standards."""
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.household_id == household_id)
    ordered = query.order_by(CLASS_HISTORY.c.decided_on, CLASS_HISTORY.c.standard, CLASS_HISTORY.c.number)
    return [_class(row) for row in (await session.execute(ordered)).mappings()]


def _class(row: RowMapping) -> ClassDecided:
    return ClassDecided.model_validate(dict(row))
