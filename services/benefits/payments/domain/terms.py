"""What is agreed with banks and who must sign what, as dated data with its legal basis."""

import json
from collections.abc import Sequence
from datetime import date, time
from importlib import resources
from itertools import pairwise
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from services.benefits.programmes.domain.terms import Dated, in_force, refuse_overlaps

ANY_BANK = "*"


class DaysOff(Dated):
    """The days of a year on which banks are closed beside weekends, and the weekends that are worked in lieu."""

    days: frozenset[date]
    worked_weekends: frozenset[date] = frozenset()


class BankTerms(Dated):
    """How a bank takes files. Times are of Asia/Ho_Chi_Minh; `check_valid_days` is how long an account check holds.

    `cut_off` is until when a file is carried out the same day; in the last `month_end_days` banking days of a month it
    is `month_end_cut_off`. `senders` files may be on their way at once. After `failures_before_rest` failed calls in a
    row the bank is left alone for a while. A bank that checks accounts is asked before each cycle; whether a run may be
    approved before it has answered is agreed too. Where it tells the holder's name and gives no verdict, a name that is
    like ours in `close_name` of its letters is for a person to decide, and one that is less is another's.
    `largest_kept` (VND) is what the bank may have kept of money that it gives back.

    `refusal_is_final`: the bank answers by contract for never debiting what it has refused or cancelled, so that the
    order may be paid anew at its word; else once a statement has shown the days without that debit.
    """

    bank: str
    banking_days_only: bool
    cut_off: time | None
    month_end_cut_off: time | None
    month_end_days: int = Field(ge=0, le=10)
    largest_file: int = Field(ge=1, le=100_000)
    senders: int = Field(ge=1, le=32)
    failures_before_rest: int = Field(ge=1)
    checks_accounts: bool
    unchecked_may_be_paid: bool
    check_valid_days: int = Field(ge=1)
    refusal_is_final: bool
    close_name: float = Field(gt=0, le=1)
    largest_kept: int = Field(ge=0)


class Band(BaseModel):
    """Who must approve a run of up to a sum (VND): so many people, so many of them with the right everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up_to: int | None = Field(gt=0)
    approvers: int = Field(ge=1)
    of_province: int = Field(ge=0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.of_province > self.approvers:
            raise ValueError("more people of the province than people")
        return self


class ApprovalBands(Dated):
    """The bands that hold in a period, from the smallest sum on; the last one has no end, so every sum has a band."""

    bands: tuple[Band, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _cover_every_sum(self) -> Self:
        sums = [band.up_to for band in self.bands]
        if sums[-1] is not None or None in sums[:-1]:
            raise ValueError("only the last band has no upper end")
        if any(first >= second for first, second in pairwise(one for one in sums if one is not None)):
            raise ValueError("the bands do not rise")
        if any((a.approvers, a.of_province) > (b.approvers, b.of_province) for a, b in pairwise(self.bands)):
            raise ValueError("a larger sum needs no fewer people")
        return self

    def band(self, total: int) -> Band:
        """Return the band of a sum in VND."""
        return next(band for band in self.bands if band.up_to is None or total <= band.up_to)


class AccountSharing(Dated):
    """How many people may name one account as their own before two people must look at it."""

    people_at_most: int = Field(ge=1)


T = TypeVar("T")


def _read(name: str, of: type[T]) -> T:
    text = (resources.files("services.benefits.payments") / "data" / name).read_text(encoding="utf-8")
    return TypeAdapter(of).validate_python(json.loads(text))


def _banks() -> tuple[BankTerms, ...]:
    found = _read("banks.json", tuple[BankTerms, ...])
    for bank in {terms.bank for terms in found}:
        refuse_overlaps([terms for terms in found if terms.bank == bank])
    return found


def _in_turn(found: Sequence[T]) -> Sequence[T]:
    refuse_overlaps([one for one in found if isinstance(one, Dated)])
    return found


DAYS_OFF: Sequence[DaysOff] = _in_turn(_read("days_off.json", tuple[DaysOff, ...]))
BANKS: Sequence[BankTerms] = _banks()
ACCOUNT_SHARING: Sequence[AccountSharing] = _in_turn(_read("account_sharing.json", tuple[AccountSharing, ...]))
APPROVAL_BANDS: Sequence[ApprovalBands] = _in_turn(_read("approval_bands.json", tuple[ApprovalBands, ...]))


class TermsMissing(LookupError):
    """Nothing is law, or agreed, on a day."""


def terms_of(bank: str, day: date) -> BankTerms:
    """Return what is agreed with a bank on a day, or what holds for any bank.

    Raises:
        TermsMissing: neither.
    """
    for name in (bank, ANY_BANK):
        found = in_force([terms for terms in BANKS if terms.bank == name], day)
        if found is not None:
            return found
    raise TermsMissing(bank)


def bands_on(day: date) -> ApprovalBands:
    """Return the approval bands of a day.

    Raises:
        TermsMissing: there are none.
    """
    found = in_force(APPROVAL_BANDS, day)
    if found is None:
        raise TermsMissing("approval bands")
    return found


def sharing_on(day: date) -> AccountSharing:
    """Return the rule of a day about accounts that serve several people.

    Raises:
        TermsMissing: there is none.
    """
    found = in_force(ACCOUNT_SHARING, day)
    if found is None:
        raise TermsMissing("account sharing")
    return found
