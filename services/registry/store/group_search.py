"""Priority groups as conditions of queries: who holds one, or lives in a household that does.

They say of everybody what `domain/priority_groups.py` says of one household with its reasons; a test holds them
together. What is not established never makes anybody hold a group.
"""

import calendar
from collections.abc import Callable, Sequence
from datetime import date
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, literal_column, or_

from services.registry.domain.ethnic_groups import ethnic_groups
from services.registry.domain.facts import Disability, DisabilityDegree, PersonFacts
from services.registry.domain.priority_groups import GroupRule, Who
from services.registry.tables import PEOPLE

Where = Callable[[FromClause], Sequence[ColumnElement[bool]]]


def _anywhere(_people: FromClause) -> Sequence[ColumnElement[bool]]:
    return ()


_RELATIONSHIPS = {"head": ("head",), "head_or_spouse": ("head", "spouse")}


def holding(people: FromClause, rule: GroupRule, on: date, *, where: Where = _anywhere) -> ColumnElement[bool]:
    """Return the condition that somebody is of a group on a day; of a group of households, that theirs is.

    `where` are conditions that the people looked for meet anyway, and who lives with them too: those who live elsewhere
    need not be looked at.
    """
    if rule.of == "person":
        return meant(people, rule.who, on)
    other = PEOPLE.alias("other")
    if rule.whom != "nobody":
        same = exists().where(other.c.household_id == people.c.household_id, *where(other))
        if rule.whom in _RELATIONSHIPS:
            same = same.where(other.c.relationship.in_(_RELATIONSHIPS[rule.whom]))
        return same.where(meant(other, rule.who, on))
    # A household without a head is none; of few heads it can be said that they are not meant, and of those alone the
    # others are looked at.
    head = PEOPLE.alias("head")
    of_head = exists().where(head.c.household_id == people.c.household_id, head.c.relationship == "head", *where(head))
    with_head = exists().where(other.c.household_id == head.c.household_id, ~_not_meant(other, rule.who, on))
    return of_head.where(_not_meant(head, rule.who, on), ~with_head)


class _Criterion(NamedTuple):
    """When a criterion is met, and when it is established that it is not."""

    met: ColumnElement[bool]
    unmet: ColumnElement[bool]


def meant(people: FromClause, who: Who, on: date) -> ColumnElement[bool]:
    """Return the condition that a rule means somebody on a day."""
    return and_(*(each.met for each in _criteria(people, who, on)))


def _not_meant(people: FromClause, who: Who, on: date) -> ColumnElement[bool]:
    """Return the condition that somebody is established not to be meant: by the first criterion that is not met."""
    criteria = _criteria(people, who, on)
    return or_(*(and_(*(earlier.met for earlier in criteria[:at]), each.unmet) for at, each in enumerate(criteria)))


def _criteria(people: FromClause, who: Who, on: date) -> list[_Criterion]:
    """Return what a rule asks for, in its order."""
    criteria: list[_Criterion] = []
    if who.sex is not None:
        sex = people.c.sex
        criteria.append(_Criterion(sex == who.sex, sex.not_in((who.sex, "unknown"))))
    if who.ethnic_kinds is not None:
        kinds = {each.code: each.kind for each in ethnic_groups().groups if each.kind != "unknown"}
        wanted = [code for code, kind in kinds.items() if kind in who.ethnic_kinds]
        others = [code for code in kinds if code not in wanted]
        ethnicity = people.c.ethnicity
        criteria.append(_Criterion(ethnicity.in_(wanted), ethnicity.in_(others)))
    if who.from_months is not None or who.below_months is not None:
        met = _of_age(people, who.from_months, who.below_months, on)
        criteria.append(_Criterion(met, ~met))
    if who.fact is not None:
        criteria.append(_with_fact(people, who.fact, who.accepted, on))
    return criteria


def _of_age(people: FromClause, first: int | None, below: int | None, on: date) -> ColumnElement[bool]:
    born = people.c.birth_date
    return and_(
        *([] if first is None else [born <= born_by(on, first)]),
        *([] if below is None else [born > born_by(on, below)]),
    )


def born_by(on: date, months: int) -> date:
    """Return the last day of birth of who has lived whole months by a day, as `months_of_age` counts."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))


def _with_fact(people: FromClause, fact: str, accepted: tuple[str, ...], on: date) -> _Criterion:
    facts = people.c.facts
    established = and_(known(people), facts.has_key(fact))
    if _kind(fact) is date:
        until, today = facts[fact].astext, on.isoformat()
        answers = {"yes": until >= today, "no": until < today}
        met: ColumnElement[bool] = or_(false(), *(answers[each] for each in accepted or answers))
    else:
        met = or_(*(facts.contains(each) for each in _documents(fact, accepted)))
    return _Criterion(and_(established, met), and_(established, ~met))


def known(people: FromClause) -> ColumnElement[bool]:
    """Return the condition that anything is established of somebody, as the indexes of facts have it."""
    condition: ColumnElement[bool] = people.c.facts != literal_column("'{}'::jsonb")
    return condition


def _documents(fact: str, accepted: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what facts contain that have one of some answers; of none named, any answer at all."""
    kind = _kind(fact)
    if kind is bool:
        return [{fact: answer == "yes"} for answer in accepted or ("yes", "no")]
    if get_origin(kind) is not tuple:
        return [{fact: answer} for answer in accepted or get_args(kind)]
    element = get_args(kind)[0]
    if element is Disability:
        return [{fact: [{"degree": answer}]} for answer in accepted or get_args(DisabilityDegree)]
    return [{fact: [answer]} for answer in accepted or get_args(element)]


def _kind(fact: str) -> Any:
    """Return what a fact of a person is where it is established."""
    (kind,) = (each for each in get_args(PersonFacts.model_fields[fact].annotation) if each is not NoneType)
    return kind
