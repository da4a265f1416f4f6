"""The standards that a release carries, and what a file of standards may not hold."""

import json
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from services.registry.domain.standards import NoStandardInForce, UnknownStandard, read_standards, standards


@pytest.mark.parametrize(
    ("day", "code"),
    [
        pytest.param(date(2022, 1, 1), "vn-2022-2025", id="first day"),
        pytest.param(date(2026, 12, 31), "vn-2022-2025", id="2026 is still recognised by the standard before"),
        pytest.param(date(2027, 1, 1), "vn-2026-2030", id="from 2027 the new one"),
    ],
)
def test_one_standard_recognises_households_on_a_day(day: date, code: str) -> None:
    assert standards().in_force(day).code == code


def test_the_opening_review_runs_before_the_standard_is_in_force() -> None:
    day = date(2026, 11, 23)
    assert [standard.code for standard in standards().standards if standard.usable_on(day)] == [
        "vn-2022-2025",
        "vn-2026-2030",
    ]
    assert not standards().named("vn-2026-2030").usable_on(date(2026, 8, 31))
    assert not standards().named("vn-2022-2025").usable_on(date(2027, 1, 1))


def test_the_next_standard_trades_information_means_for_waste_treatment() -> None:
    old, new = (set(standard.indicator_codes) for standard in standards().standards)
    assert (old - new, new - old) == ({"information_means"}, {"waste_treatment"})
    assert standards().named("vn-2026-2030").score_cutoffs is None


def test_what_does_not_exist_is_said() -> None:
    with pytest.raises(UnknownStandard):
        standards().named("vn-2016-2020")
    with pytest.raises(NoStandardInForce):
        standards().in_force(date(2021, 12, 31))


def _without_an_indicator(content: Any) -> None:
    del content["standards"][0]["dimensions"][0]["indicators"][0]


def _an_indicator_twice(content: Any) -> None:
    indicators = content["standards"][0]["dimensions"][0]["indicators"]
    indicators[1]["code"] = indicators[0]["code"]


def _overlapping(content: Any) -> None:
    content["standards"][0]["recognition"]["valid_to"] = "2027-01-01"


def _doubt_without_a_note(content: Any) -> None:
    del content["standards"][1]["income_lines"]["note"]


def _unknown_field(content: Any) -> None:
    content["standards"][0]["poverty_line"] = 1


def _no_line(content: Any) -> None:
    del content["standards"][0]["income_lines"]


def _line_as_text(content: Any) -> None:
    content["standards"][0]["income_lines"]["rural"] = "1500000"


def _same_code(content: Any) -> None:
    content["standards"][1]["code"] = content["standards"][0]["code"]


def _ends_before(content: Any) -> None:
    content["standards"][1]["recognition"]["valid_to"] = "2026-01-01"


def _review_too_late(content: Any) -> None:
    content["standards"][0]["review"]["valid_from"] = "2022-01-02"


@pytest.mark.parametrize(
    "damage",
    [
        _without_an_indicator,
        _an_indicator_twice,
        _overlapping,
        _doubt_without_a_note,
        _unknown_field,
        _no_line,
        _line_as_text,
        _same_code,
        _ends_before,
        _review_too_late,
    ],
)
def test_a_damaged_file_is_refused(damage: Callable[[Any], None]) -> None:
    content = json.loads((files("services.registry") / "data" / "standards.json").read_text(encoding="utf-8"))
    read_standards(json.dumps(content))
    damage(content)
    with pytest.raises(ValidationError):
        read_standards(json.dumps(content))
