"""Priority groups: to which a person or a household belongs follows from what is registered, with the reason.

The groups are dated data. What is not established decides nothing: a group that hangs on it is undecided, never held.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registry.domain.deprivations import months_of_age
from services.registry.domain.ethnic_groups import ethnic_groups
from services.registry.domain.facts import PersonFacts
from shared.events.registry import Sex

_FILE = Path(__file__).parent.parent / "data" / "priority_groups.json"


class Somebody(Protocol):
    """What rules look at in a member of a household."""

    @property
    def id(self) -> UUID: ...
    @property
    def sex(self) -> Sex: ...
    @property
    def birth_date(self) -> date: ...
    @property
    def ethnicity(self) -> str: ...
    @property
    def relationship(self) -> str: ...
    @property
    def facts(self) -> PersonFacts: ...


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Because(_Part):
    """What decided about a person: a value as registered, and what the rule wants."""

    person_id: UUID
    criterion: str = Field(examples=["age_months"])
    value: str | None = Field(description="null where nothing is established")
    wanted: str = Field(examples=["from 720"])
    met: bool | None


class Who(_Part):
    """People whom a rule means: all that is given must hold. `accepted` empty is: any answer at all."""

    sex: Sex | None = None
    ethnic_kinds: tuple[str, ...] | None = None
    from_months: int | None = Field(default=None, ge=0)
    below_months: int | None = Field(default=None, gt=0)
    fact: str | None = None
    accepted: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _asks_for_something_known(self) -> Self:
        if self.fact is not None and self.fact not in PersonFacts.model_fields:
            raise ValueError(f"no fact is named {self.fact}")
        if self.model_fields_set <= {"accepted"}:
            raise ValueError("a rule that asks for nothing would mean everybody")
        return self

    def criteria(self, on: date) -> "Criteria":
        """Return what is asked of a person on a day, in its order: a rule asks for something."""
        asked: list[Criterion] = []
        if self.sex is not None:
            asked.append(Criterion("sex", partial(_of_sex, self.sex)))
        if self.ethnic_kinds is not None:
            asked.append(Criterion("ethnicity", partial(_of_kinds, frozenset(self.ethnic_kinds))))
        if self.from_months is not None or self.below_months is not None:
            asked.append(Criterion("age_months", partial(_of_age, self.from_months or 0, self.below_months, on)))
        if self.fact is not None:
            asked.append(Criterion(self.fact, partial(_with_fact, self.fact, frozenset(self.accepted), on)))
        return tuple(asked)

    def because(self, each: Somebody, criteria: "Criteria", on: date) -> Because:
        """Return what decides about a person: the first criterion that is not met, else the last one that is."""
        criterion, met = _decided(each, criteria)
        value, wanted = self._compared(criterion, each, on)
        return Because(person_id=each.id, criterion=criterion, value=value, wanted=wanted, met=met)

    def _compared(self, criterion: str, each: Somebody, on: date) -> tuple[str | None, str]:
        """Return a person's value of a criterion, and what the rule wants, as reasons tell them."""
        if criterion == "sex":
            return each.sex, str(self.sex)
        if criterion == "ethnicity":
            return each.ethnicity, " | ".join(self.ethnic_kinds or ())
        if criterion == "age_months":
            wanted = f"below {self.below_months}" if self.from_months is None else f"from {self.from_months}"
            return str(months_of_age(each.birth_date, on)), wanted
        answers = each.facts.answers(criterion, on)
        return None if answers is None else " | ".join(sorted(answers)), " | ".join(self.accepted) or "any"


class Criterion(NamedTuple):
    """One thing asked of a person: None is that it is not established."""

    name: str
    met: Callable[[Somebody], bool | None]


Criteria = tuple[Criterion, ...]


def _of_sex(wanted: Sex, each: Somebody) -> bool | None:
    return None if each.sex == "unknown" else each.sex == wanted


def _of_kinds(kinds: frozenset[str], each: Somebody) -> bool | None:
    kind = ethnic_groups().kind_of(each.ethnicity)
    return None if kind == "unknown" else kind in kinds


def _of_age(first: int, below: int | None, on: date, each: Somebody) -> bool:
    months = months_of_age(each.birth_date, on)
    return first <= months and (below is None or months < below)


def _with_fact(fact: str, accepted: frozenset[str], on: date, each: Somebody) -> bool | None:
    answers = each.facts.answers(fact, on)
    if answers is None:
        return None
    return bool(answers & accepted if accepted else answers)


def _is_meant(each: Somebody, criteria: Criteria) -> bool | None:
    for _, asked in criteria:
        met = asked(each)
        if not met:
            return met
    return True


def _decided(each: Somebody, criteria: Criteria) -> tuple[str, bool | None]:
    decided: tuple[str, bool | None] = ("", None)
    for name, asked in criteria:
        decided = name, asked(each)
        if not decided[1]:
            break
    return decided


class _Name(_Part):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class GroupRule(_Part):
    """When somebody is of a group: a person who is meant, or a household by its head, its people, or lack of them."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: _Name
    of: Literal["person", "household"]
    whom: Literal["any", "head", "head_or_spouse", "nobody"]
    who: Who
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = Field(min_length=1)
    confirmed: bool
    note: str | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.of == "person" and self.whom != "any":
            raise ValueError("a group of persons means any of them")
        if not self.confirmed and not self.note:
            raise ValueError("a rule that is not confirmed needs a note")
        return self

    def in_force(self, on: date) -> bool:
        """Return whether the rule applies on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def looked_at(self, members: Sequence[Somebody]) -> Sequence[Somebody]:
        """Return the members whom the rule looks at."""
        if self.whom == "head":
            return [each for each in members if each.relationship == "head"]
        if self.whom == "head_or_spouse":
            return [each for each in members if each.relationship in ("head", "spouse")]
        return members

    def held(self, met: Sequence[bool | None]) -> bool | None:
        """Return whether the group is held, by whether each of those looked at is meant; None where it is undecided."""
        if self.whom == "nobody":
            return False if True in met else None if None in met else bool(met)
        return True if True in met else None if None in met else False


class PriorityGroup(_Part):
    """A group with its reason. `held` is None where what it hangs on is not established."""

    code: str
    name: _Name
    of: Literal["person", "household"]
    held: bool | None
    because: tuple[Because, ...] = Field(
        description="of persons: who they are and why; what is missing where undecided"
    )
    legal_basis: str
    confirmed: bool

    @property
    def persons(self) -> tuple[UUID, ...]:
        """The people who are of the group, or for whose sake the household is."""
        return tuple(each.person_id for each in self.because if each.met) if self.held else ()


class _Rules(_Part):
    groups: tuple[GroupRule, ...]


@cache
def group_rules() -> tuple[GroupRule, ...]:
    """Return every rule of whatever time."""
    return _Rules.model_validate_json(_FILE.read_bytes()).groups


def rule_on(code: str, on: date) -> GroupRule | None:
    """Return the rule of a group on a day."""
    return next((rule for rule in group_rules() if rule.code == code and rule.in_force(on)), None)


def _asked(rules: Sequence[GroupRule], on: date) -> tuple[tuple[GroupRule, Criteria], ...]:
    """Return the rules that apply on a day, with what they ask."""
    return tuple((rule, rule.who.criteria(on)) for rule in rules if rule.in_force(on))


@lru_cache(maxsize=64)
def _asked_on(on: date) -> tuple[tuple[GroupRule, Criteria], ...]:
    return _asked(group_rules(), on)


def priority_groups(
    members: Sequence[Somebody], on: date, rules: Sequence[GroupRule] | None = None
) -> list[PriorityGroup]:
    """Return the groups held by a household or its members on a day, and those that are undecided."""
    found = []
    for rule, criteria in _asked_on(on) if rules is None else _asked(rules, on):
        looked_at = [rule.who.because(each, criteria, on) for each in rule.looked_at(members)]
        held = rule.held([each.met for each in looked_at])
        if held is False:
            continue
        if held is None:
            because = [each for each in looked_at if each.met is None]
        else:
            because = looked_at if rule.whom == "nobody" else [each for each in looked_at if each.met]
        found.append(
            PriorityGroup(
                code=rule.code,
                name=rule.name,
                of=rule.of,
                held=held,
                because=tuple(because),
                legal_basis=rule.legal_basis,
                confirmed=rule.confirmed,
            )
        )
    return found


@dataclass(frozen=True)
class HeldGroups:
    """The codes of the groups that a household holds, and of those of each of its members who is of any."""

    household: Sequence[str]
    persons: Mapping[UUID, Sequence[str]]


def held_groups(members: Sequence[Somebody], on: date) -> HeldGroups:
    """Return the groups that `priority_groups` has as held on a day, without the reasons: for very many households."""
    household: list[str] = []
    persons: dict[UUID, list[str]] = defaultdict(list)
    for rule, criteria in _asked_on(on):
        if rule.of == "person":
            for each in members:
                if _is_meant(each, criteria):
                    persons[each.id].append(rule.code)
        elif rule.held([_is_meant(each, criteria) for each in rule.looked_at(members)]):
            household.append(rule.code)
    return HeldGroups(household, persons)
