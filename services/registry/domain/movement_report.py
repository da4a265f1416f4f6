"""The movement tables: how many were on a list at the start, what came and went, how many at the end.

`poor at end = poor at start - became near-poor - rose above near-poor - other decrease + near-poor that became poor +
re-poor + new + other increase`, and the same for the near-poor (Circular 07/2021/TT-BLĐTBXH, Annex VII). It holds for
households and for people (hộ, nhân khẩu).
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.movements import Line
from shared.events.registry import HouseholdClass

# In the order of the tables: the lines that take away from a list, and those that add to it.
DECREASES: Mapping[HouseholdClass, tuple[Line, ...]] = {
    "poor": ("escaped_to_near_poor", "escaped_above_near_poor", "other_decrease"),
    "near_poor": ("near_poor_to_poor", "rose_above_near_poor", "other_decrease"),
}
INCREASES: Mapping[HouseholdClass, tuple[Line, ...]] = {
    "poor": ("near_poor_to_poor", "re_poor", "new_poor", "other_increase"),
    "near_poor": ("escaped_to_near_poor", "re_near_poor", "new_near_poor", "other_increase"),
}


class Count(BaseModel):
    """A number of households and of the people in them."""

    model_config = ConfigDict(frozen=True)

    households: int = 0
    people: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(households=self.households + other.households, people=self.people + other.people)

    def __sub__(self, other: "Count") -> "Count":
        return Count(households=self.households - other.households, people=self.people - other.people)


Lines = Mapping[tuple[Line, HouseholdClass], Count]


class ListMovement(BaseModel):
    """One list over a period: `end` is `start` less the decreases and with the increases."""

    model_config = ConfigDict(frozen=True)

    start: Count = Field(description="on the list when the first day began")
    decreases: dict[Line, Count]
    increases: dict[Line, Count]
    end: Count = Field(description="on the list when the last day ended")

    @classmethod
    def of(cls, household_class: HouseholdClass, before: Lines, within: Lines) -> Self:
        """Return the movement of a list from the sums of entries before the period and within it."""
        decreases = _lines(DECREASES[household_class], household_class, within)
        increases = _lines(INCREASES[household_class], household_class, within)
        start = _net(household_class, before)
        return cls(start=start, decreases=decreases, increases=increases, end=start + _net(household_class, within))


def _net(household_class: HouseholdClass, sums: Lines) -> Count:
    gained = _lines(INCREASES[household_class], household_class, sums).values()
    lost = _lines(DECREASES[household_class], household_class, sums).values()
    return sum(gained, Count()) - sum(lost, Count())


def _lines(lines: tuple[Line, ...], household_class: HouseholdClass, sums: Lines) -> dict[Line, Count]:
    return {line: _sum(line, household_class, sums) for line in lines}


def _sum(line: Line, household_class: HouseholdClass, sums: Lines) -> Count:
    """Return the sum of a line; one of a transition counts for both lists that it is about, an other for its own."""
    mine = (
        count for (of, after), count in sums.items()
        if of == line and (after == household_class or not line.startswith("other_"))
    )  # fmt: skip
    return sum(mine, Count())
