"""Who may receive a programme, with the reasons: one rule sheet a person and day.

A criterion is met, not met, or cannot be decided because a fact is missing. One that is not met decides; otherwise a
missing fact makes the whole undecided: nobody is eligible by a gap, and nobody is denied for one.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.programmes.domain.terms import HouseholdClass, Programme, Recognition, Terms, Words, in_force

Verdict = Literal["eligible", "not_eligible", "undecided"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Standing(_Frozen):
    """The class of a household under a standard from the day of a decision on."""

    standard: str
    household_class: HouseholdClass
    decided_on: date


class Facts(_Frozen):
    """What is known of a person in a household; None is not known (yet)."""

    standings: tuple[Standing, ...] | None
    is_member: Literal[True] | None
    birth_year: int | None
    birth_date: date | None


class Reason(_Frozen):
    """One criterion. `met` is None while a fact is missing; `threshold` says what was asked for."""

    criterion: Literal["programme_in_force", "member_of_household", "household_class", "age"]
    value: str | None
    threshold: str
    met: bool | None
    legal_basis: str


class Assessment(_Frozen):
    """The reason sheet. `amount` is VND a month, None unless eligible; `attested` is what who approves vouches for."""

    verdict: Verdict
    on: date
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...] = ()
    attested: tuple[Words, ...] = ()
    amount: int | None = Field(default=None, description="VND a month")


def age_bounds(facts: Facts, on: date) -> tuple[int, int] | None:
    """Return the least and greatest age in completed years that the person may have on a day, None when unknown."""
    if facts.birth_date is not None:
        born = facts.birth_date
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        return age, age
    if facts.birth_year is None:
        return None
    # On the last day of a year the birthday has passed, whatever it is.
    oldest = on.year - facts.birth_year
    return (oldest if (on.month, on.day) == (12, 31) else oldest - 1), oldest


def _membership(facts: Facts, terms: Terms) -> Reason:
    return Reason(
        criterion="member_of_household",
        value="member" if facts.is_member else None,
        threshold="member",
        met=facts.is_member,
        legal_basis=terms.legal_basis,
    )


def _household_class(facts: Facts, terms: Terms, recognition: Recognition, on: date) -> Reason:
    decided = [
        standing
        for standing in facts.standings or ()
        if standing.standard == recognition.standard and standing.decided_on <= on
    ]
    latest = max(decided, key=lambda standing: standing.decided_on, default=None)
    return Reason(
        criterion="household_class",
        value=latest.household_class if latest else None,
        threshold=f"{' | '.join(terms.household_classes)} ({recognition.standard})",
        met=None if latest is None else latest.household_class in terms.household_classes,
        legal_basis=recognition.legal_basis,
    )


def _age(facts: Facts, terms: Terms, on: date) -> tuple[Reason, int | None]:
    bounds = age_bounds(facts, on)
    bands = {terms.band(age) for age in bounds} if bounds else set()
    certain = len(bands) == 1
    band = next(iter(bands)) if certain else None
    value = None if bounds is None else "-".join(str(age) for age in sorted(set(bounds)))
    reason = Reason(
        criterion="age",
        value=value,
        threshold=f">= {min(band.from_age for band in terms.coefficients)}",
        met=band is not None if certain else None,
        legal_basis=terms.legal_basis,
    )
    return reason, None if band is None else terms.amount(band)


_MISSING = {"member_of_household": "household_membership", "household_class": "decision_on_class", "age": "birth_date"}


def assess(programme: Programme, recognition: Sequence[Recognition], facts: Facts, on: date) -> Assessment:
    """Judge a person on a day by the terms and the poverty standard that are law on that day."""
    terms, recognised = in_force(programme.terms, on), in_force(recognition, on)
    if terms is None or recognised is None:
        reason = Reason(
            criterion="programme_in_force", value=on.isoformat(), threshold="in force", met=False, legal_basis="—"
        )
        return Assessment(verdict="not_eligible", on=on, reasons=(reason,))
    age, amount = _age(facts, terms, on)
    reasons = (_membership(facts, terms), _household_class(facts, terms, recognised, on), age)
    missing = tuple(_MISSING[reason.criterion] for reason in reasons if reason.met is None)
    verdict: Verdict = "eligible"
    if any(reason.met is False for reason in reasons):
        verdict = "not_eligible"
    elif missing:
        verdict = "undecided"
    return Assessment(
        verdict=verdict,
        on=on,
        reasons=reasons,
        missing=missing,
        attested=terms.attested,
        amount=amount if verdict == "eligible" else None,
    )
