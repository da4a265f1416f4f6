"""Which communes a unit covers, through the reform of 1 July 2025 and into days to come."""

from datetime import date

import pytest

from services.registry.domain.areas import UNKNOWN_START, Area
from services.registry.domain.coverage import covered_communes
from services.registry.domain.successions import Succession
from services.registry.official_areas import official_areas

LAST_OLD, FIRST_NEW = date(2025, 6, 30), date(2025, 7, 1)


def unit(code: str, level: str, parent: str | None, begin: date, end: date | None = None) -> Area:
    kind = {"province": "tỉnh", "district": "huyện", "commune": "xã", "village": "thôn"}[level]
    values = {"code": code, "name": code, "level": level, "parent_code": parent, "kind": kind}
    return Area.model_validate({**values, "valid_from": begin, "valid_to": end})


UNITS = [
    unit("25", "province", None, UNKNOWN_START, LAST_OLD),
    unit("240", "district", "25", UNKNOWN_START, LAST_OLD),
    unit("08566", "commune", "240", UNKNOWN_START, LAST_OLD),
    unit("08548", "commune", "240", UNKNOWN_START, LAST_OLD),
    unit("25", "province", None, FIRST_NEW),
    unit("08566", "commune", "25", FIRST_NEW),
    unit("08593", "commune", "25", FIRST_NEW),
    unit("08566-01", "village", "08566", FIRST_NEW),
    unit("08999", "commune", "25", date(2027, 1, 1)),
    unit("26", "province", None, UNKNOWN_START, LAST_OLD),
    unit("00001", "commune", "01", FIRST_NEW),
    unit("01", "province", None, FIRST_NEW),
]


@pytest.mark.parametrize(
    ("code", "on", "covered"),
    [
        pytest.param("08566", date(2026, 1, 1), ("08566",), id="a commune covers itself"),
        pytest.param("25", date(2026, 1, 1), ("08548", "08566", "08593"), id="a province, with what was below it"),
        pytest.param("25", LAST_OLD, ("08548", "08566"), id="not what began later"),
        pytest.param("25", date(2027, 1, 1), ("08548", "08566", "08593", "08999"), id="from its first day on"),
        pytest.param("240", LAST_OLD, ("08548", "08566"), id="a district, while there are districts"),
        pytest.param("240", FIRST_NEW, (), id="a district that is gone"),
        pytest.param("26", FIRST_NEW, (), id="a province that is gone"),
        pytest.param("08566-01", date(2026, 1, 1), (), id="a village covers no commune"),
        pytest.param("99", date(2026, 1, 1), (), id="no unit"),
    ],
)
def test_a_unit_covers_what_is_and_was_below_it(code: str, on: date, covered: tuple[str, ...]) -> None:
    assert covered_communes(UNITS, code, on) == covered


TAKEN_OVER = [
    Succession(old_code=old, new_code=new, effective=FIRST_NEW)
    for old, new in (("08548", "08566"), ("08551", "08566"), ("08551", "08593"), ("00001", "08593"), ("08542", "08548"))
]


@pytest.mark.parametrize(
    ("code", "on", "covered"),
    [
        pytest.param("08566", FIRST_NEW, ("08542", "08548", "08566"), id="what it took over, and what that took over"),
        pytest.param("08566", LAST_OLD, ("08566",), id="not before the day"),
        pytest.param("08593", FIRST_NEW, ("08593",), id="no part of what was split, no code given away since"),
        pytest.param(
            "25", FIRST_NEW, ("08542", "08548", "08551", "08551?", "08566", "08593"), id="every part is the whole"
        ),
    ],
)
def test_a_commune_covers_what_it_has_taken_over(code: str, on: date, covered: tuple[str, ...]) -> None:
    assert covered_communes(UNITS, code, on, TAKEN_OVER) == covered


def test_the_province_covers_its_148_communes() -> None:
    covered = covered_communes(official_areas("25"), "25", date(2026, 1, 1))
    assert len(covered) == 148
    assert list(covered) == sorted(covered)
