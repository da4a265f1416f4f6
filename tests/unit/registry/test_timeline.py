"""Versions of households: what is told late, told twice and undone, on every day, as known at every time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.household_state import HouseholdState
from services.registry.domain.timeline import BeforeRegistration, Version, after, at, revised, undone

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=number) for number in range(12)]


def _adding(mark: str) -> Callable[[HouseholdState], HouseholdState]:
    return lambda state: state.model_copy(update={"address": "".join(sorted((state.address or "") + mark))})


def _registered() -> list[Version]:
    return [Version(HouseholdState(area_code="08566"), START)]


def _numbered(versions: Sequence[Version], told: int) -> list[Version]:
    """Give new versions ids, as the database does."""
    return [
        each if each.id is not None else replace(each, id=told * 100 + index) for index, each in enumerate(versions)
    ]


def _addresses(versions: Sequence[Version]) -> list[str | None]:
    return [at(versions, day).state.address for day in DAYS]


@given(st.lists(st.sampled_from(DAYS), max_size=8))
def test_in_whatever_order_changes_are_told_each_holds_from_its_day_on(days: list[date]) -> None:
    versions = _registered()
    for told, day in enumerate(days):
        versions = _numbered(after(versions, revised(versions, day, _adding(chr(97 + told)), uuid4())), told + 1)
        known = list(enumerate(days[: told + 1]))
        expected = ["".join(chr(97 + number) for number, begins in known if begins <= on) or None for on in DAYS]
        assert _addresses(versions) == expected
        assert [each.valid_from for each in versions][1:] == [each.valid_until for each in versions][:-1], "no gap"


@given(st.lists(st.sampled_from(DAYS), min_size=1, max_size=6))
def test_undoing_from_the_last_change_back_leads_through_all_that_was_known(days: list[date]) -> None:
    versions = _registered()
    passed: list[tuple[UUID, list[Version], list[str | None]]] = []
    for told, day in enumerate(days):
        change_id, before = uuid4(), versions
        revision = revised(versions, day, _adding(chr(97 + told)), change_id)
        passed.append((change_id, list(revision.superseded), _addresses(before)))
        versions = _numbered(after(versions, revision), told + 1)
    for undoing, (change_id, superseded, known) in enumerate(reversed(passed)):
        versions = _numbered(after(versions, undone(versions, change_id, superseded)), 50 + undoing)
        assert _addresses(versions) == known


def test_before_the_registration_nothing_can_be_told() -> None:
    with pytest.raises(BeforeRegistration):
        revised(_registered(), START - timedelta(days=1), _adding("a"), uuid4())
