"""Review rounds: applications, opening with the list of who must be reviewed, cases and progress."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping, Select, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from services.registry.domain.review_rules import rules_on
from services.registry.domain.rounds import Case, Period, Round, RoundKind, Stage, period_named, period_of_application
from services.registry.domain.standards import NoStandardInForce, Standards, standards
from services.registry.store.areas import communes
from services.registry.tables import (
    ASSESSMENTS,
    HOUSEHOLDS,
    PEOPLE,
    REVIEW_APPLICATIONS,
    REVIEW_CASES,
    REVIEW_OBJECTIONS,
    REVIEW_ROUNDS,
    STANDINGS,
)
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.registry import HouseholdClass
from shared.http import FieldProblem, Problem
from shared.ids import new_id

Channel = Literal["in_person", "post", "portal"]


class Application(BaseModel):
    """A household asks to be reviewed (form 01)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    household_id: UUID
    received_on: date = Field(examples=["2026-07-20"])
    channel: Channel = Field(description="handed in, by post, or through the public service portal")


class ApplicationTaken(Application):
    """An application, with the round that it belongs to."""

    id: UUID
    area_code: str
    period: str = Field(examples=["2026-08"])


class RoundOrder(BaseModel):
    """A round to be opened in a commune, with how many households are meant to leave each list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, examples=["08566"])
    standard: str = Field(max_length=40, examples=["vn-2022-2025"])
    period: str = Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2]))?$", description="a year, or a month", examples=["2026"])
    target_poor: int | None = Field(default=None, ge=0, le=1_000_000, description="households to leave poverty")
    target_near_poor: int | None = Field(default=None, ge=0, le=1_000_000, description="to leave near-poverty")


class Progress(BaseModel):
    """How many households of a round are where, and what decisions made of them so far."""

    stages: dict[Stage, int]
    poor: int = Field(description="decided as poor")
    near_poor: int
    not_poor: int


class RoundView(BaseModel):
    """A round of a commune with its targets and progress."""

    id: UUID
    area_code: str
    standard: str
    kind: RoundKind
    period: str
    starts_on: date
    ends_on: date
    target_poor: int | None
    target_near_poor: int | None
    progress: Progress


class CaseView(BaseModel):
    """A household in a round, and how far it has come."""

    household_id: UUID
    head_name: str
    listed_for: Literal["on_list", "applied"]
    stage: Stage
    village: str | None
    screened_on: date | None
    screening_reason: str | None
    assessment_id: UUID | None
    proposed_class: HouseholdClass | None
    meeting_id: UUID | None
    met_on: date | None
    agreed: bool | None
    posting_id: UUID | None
    posted_on: date | None
    posted_until: date | None
    objected_on: date | None
    objection_id: UUID | None = Field(description="the objection that waits for its re-check")
    decision_id: UUID | None
    decided_on: date | None
    certificate: str | None


async def take_application(
    session: Transaction, access: Access, application: Application, *, by: str, now: datetime
) -> ApplicationTaken:
    """Take an application; it joins the round that it belongs to, at once where that one is open.

    Raises:
        Problem: 404 `household_not_found`, it is not in the access's areas; 422 `validation_failed`, the day is not yet
            come; 409 `applied_already`.
    """
    home = select(HOUSEHOLDS.c.area_code).where(HOUSEHOLDS.c.id == application.household_id)
    area_code: str | None = (await session.execute(home)).scalar_one_or_none()
    if area_code is None or not access.covers(area_code):
        access.note_attempt([] if area_code is None else [area_code])
        raise Problem(404, "household_not_found")
    if application.received_on > legal_date(now):
        raise Problem(422, "validation_failed", errors=[FieldProblem("/body/received_on", "not_yet")], count=1)
    period = period_of_application(application.received_on, rules_on(application.received_on))
    taken = ApplicationTaken(**application.model_dump(), id=new_id(), area_code=area_code, period=period.name)
    row = taken.model_dump() | {"recorded_by": by, "recorded_at": now}
    await session.execute(insert(REVIEW_APPLICATIONS).values(row))
    rounds = select(REVIEW_ROUNDS.c.id).where(
        REVIEW_ROUNDS.c.area_code == area_code, REVIEW_ROUNDS.c.period == period.name
    )
    for round_id in (await session.execute(rounds)).scalars():
        case = {"round_id": round_id, "household_id": taken.household_id, "listed_for": "applied", "stage": "listed"}
        await session.execute(postgres_insert(REVIEW_CASES).values(case).on_conflict_do_nothing())
    return taken


async def applications_of(
    session: Transaction, access: Access, *, area_code: str | None, period: str | None, after: UUID | None, limit: int
) -> list[ApplicationTaken]:
    """Return applications in an access's areas, in the order in which they were taken."""
    table = REVIEW_APPLICATIONS.c
    query = select(REVIEW_APPLICATIONS).where(access.within(table.area_code)).order_by(table.id).limit(limit)
    for column, value in ((table.area_code, area_code), (table.period, period)):
        query = query if value is None else query.where(column == value)
    query = query if after is None else query.where(table.id > after)
    rows = (await session.execute(query)).mappings()
    return [ApplicationTaken(**{name: row[name] for name in ApplicationTaken.model_fields}) for row in rows]


async def open_round(session: Transaction, order: RoundOrder, *, by: str, now: datetime) -> RoundView:
    """Open a round: every household on the poor or near-poor list of the commune is in it, and all that applied.

    Raises:
        Problem: 422 `round_refused`, no such round, not begun, no commune then, or the standard is not in use; 409
            `round_open`, it is open already.
    """
    period = await _period_of(session, order, today=legal_date(now))
    row = {
        "id": new_id(),
        **order.model_dump(),
        "kind": period.kind,
        "starts_on": period.starts_on,
        "ends_on": period.ends_on,
        "opened_by": by,
        "opened_at": now,
    }
    await session.execute(insert(REVIEW_ROUNDS).values(row))
    await _list_households(session, row["id"], order, _on_lists_of(order.standard, period.starts_on, standards()))
    return (await rounds_of(session, [row["id"]]))[0]


async def _period_of(session: Transaction, order: RoundOrder, *, today: date) -> Period:
    errors = []
    rules = rules_on(date(int(order.period[:4]), int(order.period[5:] or 12), 1))
    period = period_named(order.period, rules)
    if period is None:
        fields = {"legal_basis": rules.annual.legal_basis}
        errors.append(FieldProblem("/body/period", "no_such_round", fields))
    else:
        rule = rules.annual if period.kind == "annual" else rules.regular
        if today < period.starts_on:
            fields = {"legal_basis": rule.legal_basis, "starts_on": f"{period.starts_on:%d/%m/%Y}"}
            errors.append(FieldProblem("/body/period", "round_not_begun", fields))
        if (await communes(session, [order.area_code])).on(order.area_code, period.starts_on) is None:
            errors.append(FieldProblem("/body/area_code", "not_a_commune_then"))
        known = [each for each in standards().standards if each.code == order.standard]
        if not known:
            errors.append(FieldProblem("/body/standard", "standard_unknown"))
        elif not known[0].usable_on(period.starts_on):
            errors.append(FieldProblem("/body/standard", "standard_not_in_use"))
    if errors or period is None:
        raise Problem(422, "round_refused", errors=errors, count=len(errors))
    return period


def _on_lists_of(standard: str, day: date, known: Standards) -> set[str]:
    """Return the standards whose lists are reviewed: the round's, and the one in force."""
    try:
        return {standard, known.in_force(day).code}
    except NoStandardInForce:
        return {standard}


async def _list_households(session: Transaction, round_id: UUID, order: RoundOrder, lists: Collection[str]) -> None:
    columns = ["round_id", "household_id", "listed_for", "stage"]
    on_list = (
        select(literal(round_id), STANDINGS.c.household_id, literal("on_list"), literal("listed"))
        .join(HOUSEHOLDS, HOUSEHOLDS.c.id == STANDINGS.c.household_id)
        .where(HOUSEHOLDS.c.area_code == order.area_code, STANDINGS.c.household_class != "not_poor")
        .where(among(STANDINGS.c.standard, lists))
        .distinct()
    )
    applied = select(
        literal(round_id), REVIEW_APPLICATIONS.c.household_id, literal("applied"), literal("listed")
    ).where(REVIEW_APPLICATIONS.c.area_code == order.area_code, REVIEW_APPLICATIONS.c.period == order.period)
    for listed in (on_list, applied):
        await session.execute(postgres_insert(REVIEW_CASES).from_select(columns, listed).on_conflict_do_nothing())


async def rounds_of(session: Transaction, ids: Sequence[UUID]) -> list[RoundView]:
    """Return rounds with their progress, in the order of the ids."""
    rows = (await session.execute(select(REVIEW_ROUNDS).where(among(REVIEW_ROUNDS.c.id, ids)))).mappings()
    found = {row["id"]: row for row in rows}
    stages, classes = await _progress(session, ids)
    return [
        RoundView(
            **{name: found[each][name] for name in RoundView.model_fields if name != "progress"},
            progress=Progress(
                stages=stages[each],
                **{name: classes[each][name] for name in ("poor", "near_poor", "not_poor")},
            ),
        )
        for each in ids
    ]


async def _progress(
    session: Transaction, ids: Sequence[UUID]
) -> tuple[Mapping[UUID, Counter[Stage]], Mapping[UUID, Counter[str]]]:
    stages: dict[UUID, Counter[Stage]] = {each: Counter() for each in ids}
    classes: dict[UUID, Counter[str]] = {each: Counter() for each in ids}
    decided = REVIEW_CASES.c.decision_id.is_not(None).label("decided")
    query = (
        select(REVIEW_CASES.c.round_id, REVIEW_CASES.c.stage, ASSESSMENTS.c.proposed_class, decided)
        .add_columns(func.count().label("count"))
        .outerjoin(ASSESSMENTS, ASSESSMENTS.c.id == REVIEW_CASES.c.assessment_id)
        .where(among(REVIEW_CASES.c.round_id, ids))
        .group_by(REVIEW_CASES.c.round_id, REVIEW_CASES.c.stage, ASSESSMENTS.c.proposed_class, decided)
    )
    for round_id, stage, proposed, is_decided, count in await session.execute(query):
        stages[round_id][stage] += count
        if is_decided:
            classes[round_id][proposed] += count
    return stages, classes


async def find_rounds(
    session: Transaction,
    access: Access,
    *,
    area_code: str | None,
    period: str | None,
    standard: str | None,
    after: UUID | None,
    limit: int,
) -> list[RoundView]:
    """Return rounds of an access's areas in the order in which they were opened."""
    table = REVIEW_ROUNDS.c
    query = select(table.id).where(access.within(table.area_code)).order_by(table.id).limit(limit)
    for column, value in ((table.area_code, area_code), (table.period, period), (table.standard, standard)):
        query = query if value is None else query.where(column == value)
    query = query if after is None else query.where(table.id > after)
    return await rounds_of(session, list((await session.execute(query)).scalars()))


async def round_by_id(session: Transaction, round_id: UUID, access: Access) -> Round:
    """Return a round of an access's areas.

    Raises:
        Problem: 404 `round_not_found`.
    """
    row = (await session.execute(select(REVIEW_ROUNDS).where(REVIEW_ROUNDS.c.id == round_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "round_not_found")
    access.admit(row["area_code"], Problem(404, "round_not_found"))
    return as_round(row)


def as_round(row: RowMapping) -> Round:
    """Return a round as its rules look at it."""
    period = Period(row["kind"], row["period"], row["starts_on"], row["ends_on"])
    return Round(row["id"], row["area_code"], row["standard"], period)


def _cases() -> Select[Any]:
    return select(REVIEW_CASES, ASSESSMENTS.c.assessed_on, ASSESSMENTS.c.proposed_class).outerjoin(
        ASSESSMENTS, ASSESSMENTS.c.id == REVIEW_CASES.c.assessment_id
    )


async def locked_cases(session: Transaction, round_id: UUID, households: Collection[UUID]) -> dict[UUID, Case]:
    """Return cases of a round for a step, their rows locked in the order of ids."""
    query = _cases().where(REVIEW_CASES.c.round_id == round_id, among(REVIEW_CASES.c.household_id, households))
    locked = query.order_by(REVIEW_CASES.c.household_id).with_for_update(of=REVIEW_CASES)
    names = Case.__dataclass_fields__
    rows = (await session.execute(locked)).mappings()
    return {row["household_id"]: Case(**{name: row[name] for name in names}) for row in rows}


async def cases_of(
    session: Transaction, round_id: UUID, *, stage: Stage | None, after: UUID | None, limit: int | None
) -> list[CaseView]:
    """Return the cases of a round by household, of one stage where asked; every one without a limit."""
    cases = REVIEW_CASES.c
    head = select(PEOPLE.c.full_name).where(
        PEOPLE.c.household_id == cases.household_id, PEOPLE.c.relationship == "head"
    )
    objection = select(REVIEW_OBJECTIONS.c.id).where(
        REVIEW_OBJECTIONS.c.round_id == cases.round_id,
        REVIEW_OBJECTIONS.c.household_id == cases.household_id,
        REVIEW_OBJECTIONS.c.rechecked_on.is_(None),
    )
    shown = _cases().add_columns(
        func.coalesce(head.limit(1).scalar_subquery(), "—").label("head_name"),
        objection.limit(1).scalar_subquery().label("objection_id"),
    )
    query = shown.where(REVIEW_CASES.c.round_id == round_id).order_by(REVIEW_CASES.c.household_id).limit(limit)
    query = query if stage is None else query.where(REVIEW_CASES.c.stage == stage)
    query = query if after is None else query.where(REVIEW_CASES.c.household_id > after)
    return [CaseView.model_validate(dict(row)) for row in (await session.execute(query)).mappings()]


@dataclass(frozen=True)
class UnderReview:
    """A household that waits for the decision of a round under a standard, to which these days belong."""

    household_id: UUID
    standard: str
    starts_on: date
    ends_on: date


async def under_review(session: Transaction, households: Collection[UUID]) -> list[UnderReview]:
    """Return what some households wait for."""
    query = (
        select(REVIEW_CASES.c.household_id, *(REVIEW_ROUNDS.c[name] for name in ("standard", "starts_on", "ends_on")))
        .join(REVIEW_ROUNDS, REVIEW_ROUNDS.c.id == REVIEW_CASES.c.round_id)
        .where(among(REVIEW_CASES.c.household_id, households))
        .where(REVIEW_CASES.c.decision_id.is_(None), REVIEW_CASES.c.screened_out.is_(False))
    )
    return [UnderReview(*row) for row in await session.execute(query)]


async def decide_cases(
    session: Transaction, round_id: UUID, households: Collection[UUID], decision_id: UUID, decided_on: date
) -> None:
    """Note in the cases of a round that a decision ended their review."""
    cases = REVIEW_CASES.c
    noted = {"decision_id": decision_id, "decided_on": decided_on, "stage": "decided"}
    await session.execute(
        update(REVIEW_CASES).where(cases.round_id == round_id, among(cases.household_id, households)).values(noted)
    )
