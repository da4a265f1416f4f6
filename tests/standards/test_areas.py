"""The real lists of administrative units, which the project does not carry."""

import os
from datetime import date
from pathlib import Path

import pytest

from services.registry.domain.area_csv import read_areas
from services.registry.domain.areas import Area, faults_among
from services.registry.official_areas import official_areas


def areas(name: str) -> list[Area]:
    folder = os.environ.get("ANSINH_STANDARDS_DIR")
    if not folder:
        pytest.fail("ANSINH_STANDARDS_DIR must name the folder that holds reference/areas_*.csv")
    return list(read_areas((Path(folder) / "reference" / name).read_text(encoding="utf-8")).values())


def test_both_real_lists_read_and_follow_each_other() -> None:
    before, since = areas("areas_until_2025-06-30.csv"), areas("areas_from_2025-07-01.csv")
    assert (len(before), len(since)) == (514, 149)
    assert faults_among([*before, *since], []) == []
    codes = [{each.code for each in listed if each.level == "commune"} for listed in (before, since)]
    assert codes[1] <= codes[0]  # every code of today was some other unit's before
    assert not [each for each in before if each.valid_on(date(2025, 7, 1))]


def test_the_packaged_list_of_the_province_is_the_real_one() -> None:
    assert sorted(official_areas("25"), key=lambda area: area.code) == sorted(
        areas("areas_from_2025-07-01.csv"), key=lambda area: area.code
    )
