"""The transition ledger: worked histories, and the identity of the movement tables over random ones."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.movement_report import DECREASES, INCREASES, Count, ListMovement
from services.registry.domain.movements import (
    LISTS,
    Cause,
    ClassGiven,
    Line,
    Movement,
    Presence,
    movements,
    restated,
    state_on,
)
from shared.events.registry import HouseholdClass

FIRST_DAY = date(2024, 1, 1)
AREAS = ("08566", "08593", "08545")
CLASSES: tuple[HouseholdClass, ...] = ("poor", "near_poor", "not_poor")


def recorded(minute: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def there(people: int = 4, area: str = "08566", on: date = FIRST_DAY, cause: Cause = "registered") -> Presence:
    return Presence(on, people, cause, recorded(0), area, present=True)


def given_class(household_class: HouseholdClass, on: date, minute: int = 1) -> ClassGiven:
    return ClassGiven(on, household_class, UUID(int=minute), recorded(minute))


MARCH, MAY, JULY = date(2024, 3, 10), date(2024, 5, 20), date(2024, 7, 1)


@pytest.mark.parametrize(
    ("presence", "classes", "expected"),
    [
        pytest.param(
            [there()],
            [given_class("poor", MARCH), given_class("near_poor", MAY, 2), given_class("poor", JULY, 3)],
            [(MARCH, "new_poor", "08566", 1, 4), (MAY, "escaped_to_near_poor", "08566", 1, 4),
             (JULY, "near_poor_to_poor", "08566", 1, 4)],
            id="between the lists",
        ),
        pytest.param(
            [there(on=MAY)],
            [given_class("poor", MARCH), given_class("not_poor", JULY, 2)],
            [(MARCH, "new_poor", "08566", 1, 4), (JULY, "escaped_above_near_poor", "08566", 1, 4)],
            id="decided on paper before it was registered",
        ),
        pytest.param(
            [there(), Presence(MAY, 1, "member_joined", recorded(2)), Presence(JULY, -2, "member_left", recorded(3))],
            [given_class("poor", MARCH)],
            [(MARCH, "new_poor", "08566", 1, 4), (MAY, "other_increase", "08566", 0, 1),
             (JULY, "other_decrease", "08566", 0, 2)],
            id="people come and go, the household stays",
        ),
        pytest.param(
            [there(), Presence(MAY, -1, "moved", recorded(2), area_code="08593")],
            [given_class("near_poor", MARCH)],
            [(MARCH, "new_near_poor", "08566", 1, 4), (MAY, "other_decrease", "08566", 0, 1),
             (MAY, "other_decrease", "08566", 1, 3), (MAY, "other_increase", "08593", 1, 3)],
            id="moves away, one stays behind",
        ),
        pytest.param(
            [there(), Presence(MAY, 0, "merged", recorded(2), present=False),
             Presence(JULY, 0, "restored", recorded(3), present=True)],
            [given_class("poor", MARCH)],
            [(MARCH, "new_poor", "08566", 1, 4), (MAY, "other_decrease", "08566", 1, 4),
             (JULY, "other_increase", "08566", 1, 4)],
            id="merged into another, and the merger undone",
        ),
        pytest.param(
            [there(2, on=MAY, cause="split")],
            [given_class("poor", MARCH), given_class("not_poor", JULY, 2)],
            [(MAY, "other_increase", "08566", 1, 2), (JULY, "escaped_above_near_poor", "08566", 1, 2)],
            id="split off a poor household",
        ),
        pytest.param(
            [there(), Presence(MAY, 0, "moved", recorded(2), area_code="08593")],
            [given_class("not_poor", MARCH)],
            [],
            id="on no list nothing is counted",
        ),
        pytest.param(
            [there(), Presence(MARCH, 1, "member_joined", recorded(2))],
            [given_class("poor", MARCH, 1)],
            [(MARCH, "new_poor", "08566", 1, 4), (MARCH, "other_increase", "08566", 0, 1)],
            id="one day, in the order of recording",
        ),
    ],
)  # fmt: skip
def test_worked_histories(
    presence: list[Presence], classes: list[ClassGiven], expected: list[tuple[date, str, str, int, int]]
) -> None:
    found = movements(presence, classes)
    assert [(each.on, each.line, each.area_code, each.households, each.people) for each in found] == expected


def test_a_late_decision_takes_back_what_it_made_untrue_and_adds_what_holds() -> None:
    before = {uuid4(): each for each in movements([there()], [given_class("poor", JULY)])}
    late = given_class("near_poor", MARCH, 2)
    reversals, new = restated(before, movements([there()], [given_class("poor", JULY), late]))
    assert [(each.line, each.on, each.households, each.people) for _, each in reversals] == [("new_poor", JULY, -1, -4)]
    assert [entry for entry, _ in reversals] == list(before)
    assert [(each.line, each.on) for each in new] == [("new_near_poor", MARCH), ("near_poor_to_poor", JULY)]


def test_a_ledger_that_is_right_stays_as_it_is() -> None:
    entries = movements([there()], [given_class("poor", MARCH), given_class("not_poor", MAY, 2)])
    assert restated({uuid4(): each for each in entries}, entries) == ([], [])


@dataclass
class Household:
    """What was recorded about one household, and its ledger, kept as the registry keeps it."""

    presence: list[Presence]
    classes: list[ClassGiven] = field(default_factory=list)
    ledger: dict[UUID, Movement] = field(default_factory=dict)
    standing: dict[UUID, Movement] = field(default_factory=dict)

    def write(self) -> None:
        reversals, new = restated(self.standing, movements(self.presence, self.classes))
        before = dict(self.ledger)
        for entry_id, reversal in reversals:
            del self.standing[entry_id]
            self.ledger[uuid4()] = reversal
        for entry in new:
            key = uuid4()
            self.ledger[key] = self.standing[key] = entry
        assert {key: self.ledger[key] for key in before} == before  # entries are added, none is changed

    def on_list(self, day: date) -> tuple[str, HouseholdClass, int] | None:
        """Return (area, list, people) on the evening of a day, worked out from what was recorded alone."""
        first = self.presence[0]
        if first.cause != "registered" and day < first.on:
            return None
        facts = sorted((each for each in self.classes if each.on <= day), key=lambda each: (each.on, each.recorded_at))
        known = state_on(self.presence, day)
        if not facts or not known.present or facts[-1].household_class not in LISTS:
            return None
        return known.area_code, facts[-1].household_class, known.people


days = st.integers(0, 200).map(lambda offset: FIRST_DAY + timedelta(days=offset))
steps = st.tuples(
    st.integers(0, 3),
    days,
    st.one_of(
        st.tuples(st.just("class"), st.sampled_from(CLASSES)),
        st.tuples(st.just("correct"), st.sampled_from(CLASSES)),
        st.tuples(st.just("move"), st.sampled_from(AREAS)),
        st.tuples(st.just("people"), st.integers(-2, 3)),
        st.tuples(st.just("exists"), st.booleans()),
    ),
)


def _take(household: Household, day: date, kind: str, value: object, minute: int) -> None:
    match kind, value:
        case "class", str(given_now):
            household.classes.append(given_class(given_now, day, minute))  # type: ignore[arg-type]
        case "correct", str(right) if household.classes:
            wrong = household.classes.pop()
            household.classes.append(given_class(right, wrong.on, minute))  # type: ignore[arg-type]
        case "move", str(area):
            household.presence.append(Presence(day, 0, "moved", recorded(minute), area_code=area))
        case "people", int(gained):
            household.presence.append(Presence(day, gained, "member_joined", recorded(minute)))
        case "exists", bool(exists):
            household.presence.append(Presence(day, 0, "restored", recorded(minute), present=exists))
        case _:
            return
    household.write()


def _sums(
    entries: list[Movement], area: set[str], wanted: Callable[[date], bool]
) -> dict[tuple[Line, HouseholdClass], Count]:
    sums: dict[tuple[Line, HouseholdClass], Count] = defaultdict(Count)
    for each in entries:
        if each.area_code in area and each.other_area not in area and wanted(each.on):
            counted = Count(households=each.households, people=each.people)
            sums[each.line, each.household_class] = sums[each.line, each.household_class] + counted
    return sums


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["registered", "split"]), min_size=4, max_size=4),
    st.lists(steps, max_size=40),
    st.sets(st.sampled_from(AREAS), min_size=1),
    days,
    days,
)
def test_the_movement_identity_holds_for_every_area_period_and_unit(
    causes: list[Cause], history: list[tuple[int, date, tuple[str, object]]], area: set[str], one: date, other: date
) -> None:
    begin, end = min(one, other), max(one, other)
    households = [
        Household([there(people + 1, AREAS[people % 3], FIRST_DAY + timedelta(days=20), cause)])
        for people, cause in enumerate(causes)
    ]
    for minute, (number, day, (kind, value)) in enumerate(history, start=1):
        _take(households[number], day, kind, value, minute)
    entries = [entry for household in households for entry in household.ledger.values()]
    before = _sums(entries, area, lambda day: day < begin)
    within = _sums(entries, area, lambda day: begin <= day <= end)
    for of in LISTS:
        report = ListMovement.of(of, before, within)
        counted = {
            when: [
                found for each in households
                if (found := each.on_list(day)) is not None and found[0] in area and found[1] == of
            ]
            for when, day in (("start", begin - timedelta(days=1)), ("end", end))
        }  # fmt: skip
        for unit, amount in (("households", lambda _: 1), ("people", lambda found: found[2])):
            at_start, at_end = (sum(map(amount, counted[when])) for when in ("start", "end"))
            assert getattr(report.start, unit) == at_start
            assert getattr(report.end, unit) == at_end
            lost = sum(getattr(report.decreases[line], unit) for line in DECREASES[of])
            gained = sum(getattr(report.increases[line], unit) for line in INCREASES[of])
            assert at_end == at_start - lost + gained


def test_a_commune_adds_up_a_year() -> None:
    """Six households, worked by hand: the table that a commune sends."""
    year = date(2025, 1, 1)
    histories: list[tuple[Presence, list[tuple[HouseholdClass, date]], list[Presence]]] = [
        (there(5), [("poor", MARCH), ("near_poor", date(2025, 11, 20))], []),
        (there(4), [("poor", MARCH), ("not_poor", date(2025, 11, 20))], []),
        (there(3), [("poor", MARCH), ("not_poor", MAY), ("poor", date(2025, 6, 20))], []),
        (there(2), [("near_poor", MARCH), ("poor", date(2025, 6, 20))], []),
        (there(6), [("poor", date(2025, 11, 20))], []),
        (there(1), [("poor", MARCH)], [Presence(date(2025, 8, 1), 0, "dissolved", recorded(9), present=False)]),
        (there(7, "08593"), [("poor", MARCH)], [Presence(date(2025, 9, 1), 0, "moved", recorded(9), "08566")]),
    ]
    entries = [
        entry
        for first, classes, changes in histories
        for entry in movements([first, *changes], [given_class(each, on, at) for at, (each, on) in enumerate(classes)])
    ]
    before = _sums(entries, {"08566"}, lambda day: day < year)
    report = ListMovement.of("poor", before, _sums(entries, {"08566"}, lambda day: day >= year))
    pairs = {name: (each.households, each.people) for name, each in (report.decreases | report.increases).items()}
    assert (report.start, report.end) == (Count(households=3, people=10), Count(households=4, people=18))
    assert pairs == {
        "escaped_to_near_poor": (1, 5),
        "escaped_above_near_poor": (1, 4),
        "other_decrease": (1, 1),
        "near_poor_to_poor": (1, 2),
        "re_poor": (1, 3),
        "new_poor": (1, 6),
        "other_increase": (1, 7),
    }


def test_within_an_area_that_holds_both_ends_nothing_moved() -> None:
    entries = movements(
        [there(), Presence(MAY, 0, "moved", recorded(2), area_code="08593")], [given_class("poor", MARCH)]
    )
    both = ListMovement.of(
        "poor", _sums(entries, {"08566", "08593"}, lambda _: False), _sums(entries, {"08566", "08593"}, lambda _: True)
    )
    assert (both.increases["other_increase"], both.decreases["other_decrease"]) == (Count(), Count())
    assert both.end == Count(households=1, people=4)


def test_a_reversal_counts_the_same_the_other_way() -> None:
    (entry,) = movements([there()], [given_class("poor", MARCH)])
    assert entry.reversed == replace(entry, households=-1, people=-4)
