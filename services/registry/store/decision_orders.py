"""What communes order, and what is known of the households that they decide about."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import exists, select, tuple_

from services.registry.domain.areas import Name, cleaned
from services.registry.domain.decisions import Assessed, Decided
from services.registry.domain.movements import Presence, state_on
from services.registry.store.areas import CommunesByDay, communes
from services.registry.store.heirs import Heir, heirs_of
from services.registry.store.household_changes import lock
from services.registry.store.ledger import classes_of, presences
from services.registry.store.rounds import UnderReview, under_review
from services.registry.tables import ASSESSMENTS, CLASS_HISTORY, DECISIONS
from shared.db import Transaction, among

Number = Annotated[str, Field(min_length=1, max_length=60, examples=["215/QĐ-UBND"]), BeforeValidator(cleaned)]
MOST_HOUSEHOLDS = 1000


class DecisionOrder(BaseModel):
    """A decision of the chair of a commune's People's Committee, as signed on paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, examples=["08566"])
    number: Number
    decided_on: date = Field(examples=["2026-11-20"])
    signed_by: Name = Field(examples=["Nguyễn Văn Bình"])
    corrects: UUID | None = Field(
        default=None,
        description="the decision that this one corrects: the classes hold from that one's date, in place of its own",
    )
    round_id: UUID | None = Field(
        default=None,
        description="the review round that ends with the decision; without one it is taken over from paper",
    )
    assessment_ids: list[UUID] = Field(min_length=1, max_length=MOST_HOUSEHOLDS)

    @property
    def signed_as(self) -> tuple[str, date, str]:
        """What no two decisions have in common: the commune's code, the day and the number."""
        return self.area_code, self.decided_on, self.number


@dataclass(frozen=True)
class Ground:
    """What is known of all the households that decisions concern, whose rows are locked, and of the communes."""

    heirs: Sequence[Heir]
    presence: Mapping[UUID, Sequence[Presence]]
    assessments: Mapping[UUID, Mapping[Any, Any]]
    classes: Mapping[tuple[UUID, str], Sequence[Decided]]
    waiting: Sequence[UnderReview]
    communes: CommunesByDay
    numbers: Set[tuple[str, date, str]]  # of decisions that were taken: the commune's code, the day, the number

    def assessed(self, order: DecisionOrder) -> dict[UUID, Assessed]:
        """Return the assessments that an order names, with where their households are on its day."""
        found: dict[UUID, Assessed] = {}
        for key in order.assessment_ids:
            if (row := self.assessments.get(key)) is not None:
                place = state_on(self.presence[row["household_id"]], order.decided_on)
                found[key] = Assessed(
                    **{**row, "deprivations": tuple(row["deprivations"])},
                    area_code=place.area_code,
                    present=place.present,
                )
        return found

    def history(self, standard: str) -> dict[UUID, Sequence[Decided]]:
        """Return what was decided for each household under a standard."""
        return {household: classes for (household, code), classes in self.classes.items() if code == standard}


async def ground_of(session: Transaction, orders: Sequence[DecisionOrder]) -> Ground:
    """Lock the households that orders concern, and return what is known of them."""
    named = [each for order in orders for each in order.assessment_ids]
    ids, heirs = await _lock_households(session, named)
    everybody = {*ids, *(each.household_id for each in heirs)}
    assessments = await _assessments(session, named)
    return Ground(
        heirs=heirs,
        presence=await presences(session, everybody),
        assessments=assessments,
        classes=await classes_of(session, everybody, {each["standard"] for each in assessments.values()}),
        waiting=await under_review(session, ids),
        communes=await communes(session, {order.area_code for order in orders}),
        numbers=await _numbers(session, orders),
    )


async def _lock_households(
    session: Transaction, assessment_ids: Collection[UUID]
) -> tuple[Sequence[UUID], Sequence[Heir]]:
    """Lock the households that assessments are of, and those that were split off them; return both."""
    named = select(ASSESSMENTS.c.household_id).where(among(ASSESSMENTS.c.id, assessment_ids)).distinct()
    ids = sorted((await session.execute(named)).scalars())
    heirs = await heirs_of(session, ids)
    while True:
        await lock(session, {*ids, *(each.household_id for each in heirs)})
        known, heirs = heirs, await heirs_of(session, ids)
        if len(heirs) == len(known):  # else some were split off while we waited
            return ids, heirs


async def _assessments(session: Transaction, named: Collection[UUID]) -> dict[UUID, Mapping[Any, Any]]:
    given = exists().where(CLASS_HISTORY.c.assessment_id == ASSESSMENTS.c.id, CLASS_HISTORY.c.inherited_from.is_(None))
    # Without the reasons: of a thousand assessments they are most of what would be read.
    findings = [ASSESSMENTS.c[each.name] for each in fields(Assessed) if each.name in ASSESSMENTS.c]
    query = select(*findings, ASSESSMENTS.c.sample_form.label("by_sample_form"), given.label("decided"))
    rows = (await session.execute(query.where(among(ASSESSMENTS.c.id, named)))).mappings()
    return {row["id"]: row for row in rows}


async def _numbers(session: Transaction, orders: Sequence[DecisionOrder]) -> set[tuple[str, date, str]]:
    columns = (DECISIONS.c.area_code, DECISIONS.c.decided_on, DECISIONS.c.number)
    query = select(*columns).where(tuple_(*columns).in_([each.signed_as for each in orders]))
    return {(code, day, number) for code, day, number in await session.execute(query)}
