"""Banks and providers of wallets by their NAPAS number, as dated data: names and owners change, accounts stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_FILE = Path(__file__).parent.parent / "data" / "banks.json"

BankKind = Literal["bank", "wallet"]


class Bank(BaseModel):
    """What a six-digit NAPAS number stands for in a period, both days inclusive; null is open.

    `continued_in` is the number under which it goes on: its own where it was renamed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[a-z0-9-]+$", examples=["agribank"])
    bin: str = Field(pattern=r"^[0-9]{6}$", examples=["970405"])
    short_name: str = Field(min_length=1, examples=["Agribank"])
    kind: BankKind
    valid_from: date | None
    valid_to: date | None
    continued_in: str | None = Field(pattern=r"^[0-9]{6}$")
    confirmed: bool
    note: str | None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("ends before it begins")
        if not self.confirmed and not self.note:
            raise ValueError("what is not confirmed needs a note")
        return self

    def holds_on(self, day: date) -> bool:
        """Return whether the row holds on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Banks(BaseModel):
    """The list with its source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    note: str
    banks: tuple[Bank, ...]

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        numbers = {each.bin for each in self.banks}
        if {each.continued_in for each in self.banks} - numbers - {None}:
            raise ValueError("a bank goes on under a number that is not in the list")
        for one, other in _neighbours(self.banks):
            if (other.valid_from or date.min) <= (one.valid_to or date.max):
                raise ValueError(f"{one.bin}: two rows hold on one day")
        return self

    def known(self, number: str) -> bool:
        """Return whether a number is or was anybody's."""
        return number in _by_number()

    def kind_of(self, number: str) -> BankKind | None:
        """Return what stands behind a number, now or before; None for one that the list does not have."""
        return next((each.kind for each in _by_number().get(number, ())), None)

    def on(self, number: str, day: date) -> Bank | None:
        """Return what a number stands for on a day, None for nobody then."""
        return next((each for each in _by_number().get(number, ()) if each.holds_on(day)), None)


def _neighbours(rows: Sequence[Bank]) -> list[tuple[Bank, Bank]]:
    ordered = sorted(rows, key=lambda each: (each.bin, each.valid_from or date.min))
    return [(one, other) for one, other in pairwise(ordered) if one.bin == other.bin]


@cache
def banks() -> Banks:
    """Return the list of this release."""
    return Banks.model_validate_json(_FILE.read_bytes())


@cache
def _by_number() -> Mapping[str, Sequence[Bank]]:
    rows: dict[str, list[Bank]] = defaultdict(list)
    for each in banks().banks:
        rows[each.bin].append(each)
    return rows
