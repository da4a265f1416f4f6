"""Finding people: by name and the rest, in the Vietnamese order of names, whatever the size of the registry.

A list in order can be made in two ways, each slow where the other is quick. Walking the order and passing over who does
not match is quick where many match; gathering all who match and putting them in order is quick where few do. How many
match is not known beforehand, and the planner's guess is far off: those who bear a given name stand together in the
order. So a stretch of the order is walked, and only where it does not fill the page are all gathered. A commune is
walked to its end.

What is walked stands in the index of the order with what is asked of it, so that a long stretch is some hundred pages.
Facts stand in an index of those alone of whom any is known. What is asked of the household is looked up for each.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from services.registry.domain.households import Person
from services.registry.domain.priority_groups import GroupRule
from services.registry.store.group_search import holding, known, meant
from services.registry.store.households import people_of, standings_of
from services.registry.store.people import Number
from services.registry.tables import PEOPLE, STANDINGS
from shared.access import Access
from shared.db import Transaction
from shared.events.registry import HouseholdClass, Standing
from shared.names import typed_words

_WALKED = 40_000  # people
_WALKED_BY_FACTS = 20_000  # people of whom any fact is known; to look into facts takes longer
_LOOKED_UP = 2_000  # people, whose households are looked up
_IN_ORDER = (
    "id", "name_key", "name_words", "area_code", "household_id", "relationship", "sex", "ethnicity", "birth_date",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Whom to find; what is None does not matter. `standing` is a standard, and a class under it.

    `numbers` are blind indexes (`store.people.index_of`) by what they are of. `group` is the rule of a priority group
    and a day: who is of it then, or whose household is.
    """

    name: str | None = None
    area_code: str | None = None
    standing: tuple[str, HouseholdClass | None] | None = None
    heads: bool = False
    numbers: Mapping[Number, str] = field(default_factory=dict)
    group: tuple[GroupRule, date] | None = None


@dataclass(frozen=True)
class Found:
    """A person, the commune where the household lives, and the household's classes."""

    person: Person
    area_code: str
    standings: Sequence[Standing]


async def find_people(
    session: Transaction, access: Access, wanted: Wanted, *, after: UUID | None, limit: int
) -> list[Found]:
    """Return people of an access's areas in the order of given names, after a person."""
    ids: Sequence[UUID] = ()
    if not wanted.numbers:
        ids = list((await session.execute(walking(access, wanted, after=after, limit=limit))).scalars())
    if len(ids) < limit and (wanted.numbers or not _walks_to_the_end(access, wanted)):
        ids = list((await session.execute(gathering(access, wanted, after=after, limit=limit))).scalars())
    found = await found_people(session, ids)
    return [found[each] for each in ids]


def walking(access: Access, wanted: Wanted, *, after: UUID | None, limit: int) -> Select[Any]:
    """Return the query for who matches in the next stretch of the order."""
    by_facts = wanted.group is not None and wanted.group[0].who.fact is not None and wanted.group[0].of == "person"
    columns = (*_IN_ORDER, "facts") if by_facts else _IN_ORDER
    stretch = select(*(PEOPLE.c[name] for name in columns)).order_by(PEOPLE.c.name_key, PEOPLE.c.id)
    if by_facts:
        stretch = stretch.where(known(PEOPLE))
    if (commune := _only_commune(access, wanted)) is not None:
        stretch = stretch.where(PEOPLE.c.area_code == commune)
    if _walks_to_the_end(access, wanted):
        stretch = stretch.offset(0)  # a stretch all the same: nothing else is to be read than its index
    else:
        stretch = stretch.limit(_WALKED_BY_FACTS if by_facts else _WALKED)
    if after is not None:
        stretch = stretch.where(_after(after))
    walked = stretch.subquery("walked")
    matching = select(walked).where(*_own(walked, access, wanted), *_named(walked, wanted))
    of_household = _of_household(walked, access, wanted)
    if of_household and not _walks_to_the_end(access, wanted):
        walked = matching.order_by(walked.c.name_key, walked.c.id).limit(_LOOKED_UP).subquery("matching")
        matching, of_household = select(walked), _of_household(walked, access, wanted)
    query = matching.with_only_columns(walked.c.id).where(*of_household)
    return query.order_by(walked.c.name_key, walked.c.id).limit(limit)


def _walks_to_the_end(access: Access, wanted: Wanted) -> bool:
    """Return whether all who match are found by walking: in one commune, where no other members are to be looked up."""
    of_people = wanted.group is None or wanted.group[0].of == "person"
    return of_people and _only_commune(access, wanted) is not None


def gathering(access: Access, wanted: Wanted, *, after: UUID | None, limit: int) -> Select[Any]:
    """Return the query for everybody who matches."""
    everybody = select(PEOPLE.c.id, PEOPLE.c.name_key).where(*_conditions(PEOPLE, access, wanted))
    if after is not None:
        everybody = everybody.where(_after(after))
    gathered = everybody.cte("gathered").prefix_with("MATERIALIZED", dialect="postgresql")
    return select(gathered.c.id).order_by(gathered.c.name_key, gathered.c.id).limit(limit)


async def everybody_found(
    session: Transaction, access: Access, wanted: Wanted, *, page: int
) -> AsyncIterator[Sequence[Found]]:
    """Give everybody whom a search finds, by commune and in the order of given names, page by page."""
    people, place = PEOPLE.c, tuple_(PEOPLE.c.area_code, PEOPLE.c.name_key, PEOPLE.c.id)
    listed = select(people.id, people.area_code, people.name_key).where(*_conditions(PEOPLE, access, wanted))
    listed = listed.order_by(people.area_code, people.name_key, people.id).limit(page)
    rows = (await session.execute(listed)).all()
    while rows:
        found = await found_people(session, [row.id for row in rows])
        yield [found[row.id] for row in rows]
        last = rows[-1]
        rows = (await session.execute(listed.where(place > (last.area_code, last.name_key, last.id)))).all()


async def ids_found(
    session: Transaction, access: Access, wanted: Wanted, *, page: int
) -> AsyncIterator[Sequence[UUID]]:
    """Give the ids of everybody whom a search finds, in their order, page by page."""
    listed = select(PEOPLE.c.id).where(*_conditions(PEOPLE, access, wanted)).order_by(PEOPLE.c.id).limit(page)
    ids = (await session.execute(listed)).scalars().all()
    while ids:
        yield ids
        ids = (await session.execute(listed.where(PEOPLE.c.id > ids[-1]))).scalars().all()


def _only_commune(access: Access, wanted: Wanted) -> str | None:
    if wanted.area_code is not None or access.areas is None or len(access.areas) != 1:
        return wanted.area_code
    return next(iter(access.areas))


def _after(person_id: UUID) -> ColumnElement[bool]:
    """Return the condition of standing after a person. The place is looked up: cursors go through logs, names not."""
    last = PEOPLE.alias("last")
    place = select(last.c.name_key, last.c.id).where(last.c.id == person_id).scalar_subquery()
    return tuple_(PEOPLE.c.name_key, PEOPLE.c.id) > place


def _conditions(people: FromClause, access: Access, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return all that is asked, names also as `ix_people_name_words` finds them: where another index is used, reading
    them is quicker.
    """
    conditions = [*_own(people, access, wanted), *_named(people, wanted), *_of_household(people, access, wanted)]
    conditions += [people.c[f"{number}_index"] == index for number, index in wanted.numbers.items()]
    if wanted.name is not None:
        conditions.append(_lexemes(people).op("@@")(cast(literal(_starts(wanted.name)), TSQUERY)))
    return conditions


def _own(people: FromClause, access: Access, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what is asked of people themselves, but of names and numbers."""
    conditions = _where(people, access, wanted)
    if wanted.heads:
        conditions.append(people.c.relationship == "head")
    if wanted.group is not None and wanted.group[0].of == "person":
        conditions.append(meant(people, wanted.group[0].who, wanted.group[1]))
    return conditions


def _where(people: FromClause, access: Access, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [access.within(people.c.area_code)]
    if wanted.area_code is not None:
        conditions.append(people.c.area_code == wanted.area_code)
    return conditions


def _named(people: FromClause, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what is asked of names, told by reading them: what `_starts` asks of the index of their words."""
    words: ColumnElement[str] = literal_column("' '") + people.c.name_words
    typed = () if wanted.name is None else typed_words(wanted.name)
    return [or_(*(words.like(f"% {start}%") for start in sorted(starts))) for starts in typed]


def _of_household(people: FromClause, access: Access, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what is asked of the households of people."""
    conditions = []
    if wanted.group is not None and wanted.group[0].of == "household":
        conditions.append(holding(people, *wanted.group, where=partial(_where, access=access, wanted=wanted)))
    if wanted.standing is not None:
        standard, household_class = wanted.standing
        standing = exists().where(STANDINGS.c.household_id == people.c.household_id, STANDINGS.c.standard == standard)
        conditions.append(
            standing if household_class is None else standing.where(STANDINGS.c.household_class == household_class)
        )
    return conditions


def _lexemes(people: FromClause) -> ColumnElement[Any]:
    """Return the words of names as `ix_people_name_words` has them."""
    return func.array_to_tsvector(func.string_to_array(people.c.name_words, literal_column("' '")))


def _starts(name: str) -> str:
    """Return the query for names that have a word for each word that was typed, or one that begins with it."""
    return " & ".join(
        "(" + " | ".join(f"'{start}':*" for start in sorted(starts)) + ")" for starts in typed_words(name)
    )


async def found_people(session: Transaction, ids: Sequence[UUID]) -> dict[UUID, Found]:
    """Return people by id, with commune and classes."""
    people = await people_of(session, ids)
    standings = await standings_of(session, {each.household_id for each, _ in people.values()})
    return {
        key: Found(person, area_code, standings.get(person.household_id, ()))
        for key, (person, area_code) in people.items()
    }
