"""Priority groups: to which a person or a household belongs follows from what is registered, with the reason.

The groups are dated data. What is not established decides nothing: a group that hangs on it is undecided, never held.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, Protocol, Self
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

    def of(self, each: Somebody, on: date) -> Because:
        """Return what decides about a person: the first criterion that is not met, else the last one that is."""
        decided = None
        for decided in self._criteria(each, on):
            if not decided.met:
                return decided
        assert decided is not None  # noqa: S101 - a rule asks for something
        return decided

    def _criteria(self, each: Somebody, on: date) -> Iterator[Because]:
        if self.sex is not None:
            met = None if each.sex == "unknown" else each.sex == self.sex
            yield Because(person_id=each.id, criterion="sex", value=each.sex, wanted=self.sex, met=met)
        if self.ethnic_kinds is not None:
            kind = ethnic_groups().kind_of(each.ethnicity)
            met = None if kind == "unknown" else kind in self.ethnic_kinds
            wanted = " | ".join(self.ethnic_kinds)
            yield Because(person_id=each.id, criterion="ethnicity", value=each.ethnicity, wanted=wanted, met=met)
        if self.from_months is not None or self.below_months is not None:
            months = months_of_age(each.birth_date, on)
            met = (self.from_months or 0) <= months and (self.below_months is None or months < self.below_months)
            wanted = f"below {self.below_months}" if self.from_months is None else f"from {self.from_months}"
            yield Because(person_id=each.id, criterion="age_months", value=str(months), wanted=wanted, met=met)
        if self.fact is not None:
            answers = each.facts.answers(self.fact, on)
            met = None if answers is None else bool(answers & set(self.accepted) if self.accepted else answers)
            value = None if answers is None else " | ".join(sorted(answers))
            wanted = " | ".join(self.accepted) or "any"
            yield Because(person_id=each.id, criterion=self.fact, value=value, wanted=wanted, met=met)


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


def priority_groups(
    members: Sequence[Somebody], on: date, rules: Sequence[GroupRule] | None = None
) -> list[PriorityGroup]:
    """Return the groups held by a household or its members on a day, and those that are undecided."""
    found = []
    for rule in group_rules() if rules is None else rules:
        if not rule.in_force(on):
            continue
        looked_at = [rule.who.of(each, on) for each in rule.looked_at(members)]
        met = [each for each in looked_at if each.met]
        open_ = [each for each in looked_at if each.met is None]
        if rule.whom == "nobody":
            held, because = (False, met) if met else (None, open_) if open_ else (bool(looked_at), looked_at)
        else:
            held, because = (True, met) if met else (None if open_ else False, open_)
        if held is not False:
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
