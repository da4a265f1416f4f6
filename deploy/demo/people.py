"""Who lives in a made-up household: ages, sexes and kinship that go together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from deploy.demo.names import family_name, full_name
from deploy.demo.plan import Household
from deploy.demo.published import KINH

Sex = Literal["male", "female"]
Relationship = Literal["head", "spouse", "child", "parent"]

MOST_MEMBERS = 8
BANK = "970405"
_NO_PROVINCE = "999"  # no province has this code: nobody bears such a personal number
_MIXED = 0.06
_LARGE_FAMILIES = frozenset({"08", "09"})
_KINDS = ("alone", "old_couple", "family", "three_generations", "one_parent")
_OFTEN = (12, 13, 45, 18, 12)


@dataclass(frozen=True, slots=True)
class Member:
    """A made-up person. Phone and account belong to heads alone; the phone's range is given to no operator."""

    full_name: str
    sex: Sex
    born: date
    ethnicity: str
    relationship: Relationship
    personal_number: str
    phone: str | None = None
    account: str | None = None

    def age(self, on: date) -> int:
        """Return the age in completed years."""
        return age_on(self.born, on)


def age_on(born: date, on: date) -> int:
    """Return an age in completed years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def members_of(household: Household, on: date) -> Sequence[Member]:
    """Return the members of a household as registered on a day, the head first; the same at every call."""
    chance = household.chance("people")
    home = _Home(chance, household, on)
    kind = chance.choices(_KINDS, _OFTEN)[0]
    head = home.head(kind)
    spouse = home.spouse(head) if kind in ("old_couple", "family", "three_generations") else None
    if kind in ("family", "three_generations", "one_parent"):
        home.children(head, spouse)
    if kind == "three_generations":
        home.parents(head)
    return home.members


class _Home:
    """A household that fills up."""

    def __init__(self, chance: Random, household: Household, on: date) -> None:
        self.members: list[Member] = []
        self._chance = chance
        self._household = household
        self._on = on
        self._family = family_name(chance, household.group)

    def head(self, kind: str) -> Member:
        youngest, oldest, women = {
            "alone": (61, 90, 0.7),
            "old_couple": (60, 84, 0.12),
            "family": (24, 56, 0.15),
            "three_generations": (33, 56, 0.15),
            "one_parent": (24, 54, 0.8),
        }[kind]
        sex: Sex = "female" if self._chance.random() < women else "male"
        return self._add("head", sex, self._chance.randint(youngest, oldest), self._household.group, self._family)

    def spouse(self, head: Member) -> Member:
        """Husbands are mostly some years the elder; now and then one of the two is Kinh or Mường."""
        older, group = self._chance.randint(-2, 6), self._household.group
        if self._chance.random() < _MIXED:
            group = "06" if group == KINH else KINH
        family, age = family_name(self._chance, group), head.age(self._on)
        if head.sex == "male":
            return self._add("spouse", "female", max(18, age - older), group, family)
        return self._add("spouse", "male", max(20, age + older), group, family)

    def children(self, head: Member, spouse: Member | None) -> None:
        """Born to a mother of 19 to 40 and a father of 19 or more; who is over 25 lives elsewhere."""
        mother = spouse if spouse is not None and head.sex == "male" else head
        youngest_parent = min(each.age(self._on) for each in (head, spouse) if each is not None)
        family = self._family if spouse is None or head.sex == "male" else spouse.full_name.split()[0]
        most = 5 if self._household.group in _LARGE_FAMILIES else 3
        at = self._chance.randint(19, 27)
        for _ in range(min(self._chance.randint(1, most), 4)):
            age = mother.age(self._on) - at
            if at > 40 or age < 0:
                break
            if age <= min(25, youngest_parent - 19):
                sex: Sex = "male" if self._chance.random() < 0.51 else "female"
                self._add("child", sex, age, self._household.group, family)
            at += self._chance.randint(2, 5)

    def parents(self, head: Member) -> None:
        """The mother of the head, and the father where he lives."""
        age = head.age(self._on) + self._chance.randint(19, 30)
        self._add("parent", "female", age, self._household.group, family_name(self._chance, self._household.group))
        if self._chance.random() < 0.4:
            self._add("parent", "male", age + self._chance.randint(0, 6), self._household.group, self._family)

    def _add(self, relationship: Relationship, sex: Sex, age: int, group: str, family: str) -> Member:
        birthday = self._on.replace(year=self._on.year - age)
        born = birthday - timedelta(days=self._chance.randint(1, 360))
        serial, index = self._household.serial, len(self.members)
        century_and_sex = (born.year - 1900) // 100 * 2 + (sex == "female")
        is_head = relationship == "head"
        member = Member(
            full_name=full_name(self._chance, group, family, sex, born.year),
            sex=sex,
            born=born,
            ethnicity=group,
            relationship=relationship,
            personal_number=f"{_NO_PROVINCE}{century_and_sex}{born.year % 100:02}{serial * MOST_MEMBERS + index:06}",
            phone=f"051{serial:07}" if is_head and self._chance.random() < 0.7 else None,
            account=f"27{serial:06}90001" if is_head and self._chance.random() < 0.6 else None,
        )
        self.members.append(member)
        return member
