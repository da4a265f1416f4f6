"""Areas with validity, the lists they come from, and what a list may not hold."""

from datetime import date
from importlib.resources import files

import pytest

from services.registry.domain.area_csv import AreaFileRefused, LineFault, read_areas
from services.registry.domain.areas import UNKNOWN_START, Area, faults_among
from services.registry.official_areas import official_areas
from shared.events.registry import AreaLevel, Setting

HEADER = "code,name,level,parent_code,kind,valid_from,valid_to\n"
SAMPLE = (files("services.registry") / "data" / "areas_sample.csv").read_text(encoding="utf-8")


def area(code: str, first: date, last: date | None = None, *, level: AreaLevel = "commune") -> Area:
    kind, parent = {"province": ("tỉnh", None), "district": ("huyện", "25")}.get(level, ("xã", "25"))
    return Area(code=code, name=code, level=level, kind=kind, parent_code=parent, valid_from=first, valid_to=last)


PROVINCE = area("25", UNKNOWN_START, level="province")


def test_the_sample_list_reads_and_agrees_with_itself() -> None:
    areas = list(read_areas(SAMPLE).values())
    assert len(areas) == 10
    assert faults_among(areas, []) == []


def test_the_official_list_has_15_wards_and_133_communes() -> None:
    province, *communes = official_areas("25")
    assert (province.name, province.kind) == ("Tỉnh Phú Thọ", "tỉnh")
    assert [sum(each.kind == kind for each in communes) for kind in ("phường", "xã")] == [15, 133]
    assert all(each.name.lower().startswith(each.kind) for each in communes)
    assert faults_among([province, *communes], []) == []
    with pytest.raises(LookupError):
        official_areas("26")


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("phường", "urban"), ("thị trấn", "urban"), ("xã", "rural"), ("đặc khu", None)],
)
def test_the_legal_kind_decides_urban_or_rural(kind: str, setting: Setting | None) -> None:
    made = Area(code="00001", name="A", level="commune", kind=kind, parent_code="25", valid_from=UNKNOWN_START)
    assert made.setting == setting


def test_validity_includes_both_days() -> None:
    made = area("08566", date(2025, 1, 1), date(2025, 6, 30))
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]
    assert [made.valid_on(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("stated", "known", "expected"),
    [
        pytest.param(
            [area("08566", date(2025, 7, 1))],
            [area("08566", UNKNOWN_START, date(2025, 6, 30))],
            [],
            id="a code passes on from one day to the next",
        ),
        pytest.param(
            [area("08566", date(2025, 7, 1))],
            [area("08566", UNKNOWN_START, date(2025, 7, 1))],
            ["area_overlap"],
            id="one day is shared",
        ),
        pytest.param(
            [area("08566", date(2025, 7, 1)), area("08566", UNKNOWN_START, date(2025, 6, 30))],
            [area("08566", UNKNOWN_START)],
            [],
            id="the old unit is ended in the same list",
        ),
        pytest.param(
            [area("08566", UNKNOWN_START, date(2025, 6, 30))],
            [area("08566", date(2024, 1, 1), date(2024, 2, 1))],
            ["area_overlap"],
            id="one period inside the other",
        ),
    ],
)
def test_units_of_one_code_never_overlap(stated: list[Area], known: list[Area], expected: list[str]) -> None:
    assert [fault.code for fault in faults_among(stated, [PROVINCE, *known])] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param("08566,A,commune,25,xã,2025-13-01,", (2, "valid_from", "date_from_datetime_parsing"), id="date"),
        pytest.param("08566,A,town,25,xã,2025-07-01,", (2, "level", "literal_error"), id="level"),
        pytest.param("8566,A,commune,25,xã,2025-07-01,", (2, None, "area_code"), id="a lost leading zero"),
        pytest.param("08566,A,commune,25,huyện,2025-07-01,", (2, None, "area_kind"), id="kind of another level"),
        pytest.param("08566,A,commune,,xã,2025-07-01,", (2, None, "area_parent"), id="no parent"),
        pytest.param("08566,A,commune,25,xã,2025-07-01,2025-06-30", (2, None, "area_period"), id="ends before"),
        pytest.param('\n08566,"A,commune', (3, None, "csv_syntax"), id="open quotation mark"),
        pytest.param("08566,  ,commune,25,xã,2025-07-01,", (2, "name", "string_too_short"), id="no name"),
    ],
)
def test_a_broken_line_is_named(lines: str, expected: tuple[int, str | None, str]) -> None:
    with pytest.raises(AreaFileRefused) as refusal:
        read_areas(HEADER + lines)
    (fault,) = refusal.value.faults
    assert (fault.line, fault.column, fault.code) == expected


def test_another_header_and_an_endless_list_are_refused() -> None:
    with pytest.raises(AreaFileRefused) as refusal:
        read_areas("ma,ten\n1,2\n")
    assert refusal.value.faults == (LineFault(1, None, "csv_header"),)
    with pytest.raises(AreaFileRefused) as refusal:
        read_areas(HEADER + "".join(f"{n:05},A,commune,25,xã,2025-07-01,\n" for n in range(1001)))
    assert refusal.value.faults[-1].code == "csv_too_long"


def test_names_are_kept_in_one_normal_form() -> None:
    decomposed = "Xa\u0303 Ta\u0302n So\u031bn"
    assert read_areas("\ufeff" + HEADER + f"08566, {decomposed} ,commune,25,xã,,\n")[2].name == "Xã Tân Sơn"
