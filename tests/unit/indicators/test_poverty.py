"""Figures of areas: sums over what lies under them that day, over numbers that were published."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.domain.areas import Area, AreaTree, Succession
from services.indicators.domain.payments import Booked, Money, payment_figure
from services.indicators.domain.poverty import Base, PublishedTotals, Tallies, Tally, Totals, figure

MERGER = date(2025, 7, 1)
BEFORE, AFTER = date(2025, 6, 30), MERGER


def _area(code: str, level: str, parent: str | None, begin: date, end: date | None = None, name: str = "Xã A") -> Area:
    return Area(code, begin, end, name, level, name.split()[0].lower(), parent)


OLD = date(2020, 1, 1)
# Before the merger: province 25 with district 240 and two communes; a foreign province 26 with one. After it: all
# communes right under 25, code 08566 with another territory, 08551 gone.
TREE = AreaTree(
    [
        _area("25", "province", None, OLD, BEFORE, "Tỉnh Phú Thọ"),
        _area("240", "district", "25", OLD, BEFORE, "Huyện Tân Sơn"),
        _area("08566", "commune", "240", OLD, BEFORE, "Thị trấn Tân Phú"),
        _area("08551", "commune", "240", OLD, BEFORE, "Xã Thu Ngạc"),
        _area("26", "province", None, OLD, BEFORE, "Tỉnh Vĩnh Phúc"),
        _area("08824", "commune", "26", OLD, BEFORE, "Xã Cũ"),
        _area("25", "province", None, AFTER, None, "Tỉnh Phú Thọ"),
        _area("08566", "commune", "25", AFTER, None, "Xã Tân Sơn"),
        _area("08824", "commune", "25", AFTER, None, "Xã Tam Sơn"),
    ]
)
POOR = Tallies(poor=Tally(1, 4))


def test_a_province_holds_what_lay_under_it_that_day() -> None:
    assert TREE.codes_under("25", BEFORE) == {"25", "240", "08566", "08551"}
    assert TREE.codes_under("25", AFTER) == {"25", "08566", "08824"}
    assert TREE.codes_under("26", AFTER) == frozenset()
    assert [area.name for area in TREE.tops(AFTER)] == ["Tỉnh Phú Thọ"]


def test_a_code_means_another_unit_after_the_merger() -> None:
    before, after = TREE.at("08566", BEFORE), TREE.at("08566", AFTER)
    assert before is not None
    assert after is not None
    assert (before.name, after.name) == ("Thị trấn Tân Phú", "Xã Tân Sơn")


def test_units_that_are_their_own_parents_are_counted_once() -> None:
    tree = AreaTree([_area("1", "province", "2", OLD), _area("2", "commune", "1", OLD)])
    assert tree.codes_under("1", AFTER) == {"1", "2"}


def _figure_households(code: str, on: date, by_code: dict[str, Tallies]) -> int:
    area = TREE.at(code, on)
    assert area is not None
    found = figure(TREE, PublishedTotals([]), by_code, area=area, standard="s", on=on)
    return found.together.tally.households


@given(
    st.dictionaries(
        st.sampled_from(["08566", "08551", "08824"]),
        st.builds(
            Tallies,
            poor=st.builds(Tally, st.integers(0, 99), st.integers(0, 400)),
            near_poor=st.builds(Tally, st.integers(0, 99), st.integers(0, 400)),
        ),
    ),
    st.sampled_from([BEFORE, AFTER]),
)
def test_communes_add_up_to_their_province(by_code: dict[str, Tallies], on: date) -> None:
    parts = [_figure_households(area.code, on, by_code) for area in TREE.communes("25", on)]
    assert sum(parts) == _figure_households("25", on, by_code)


def test_a_household_counts_in_the_class_and_its_people_too() -> None:
    area = TREE.at("08566", AFTER)
    assert area is not None
    totals = PublishedTotals([Totals("08566", 2025, 100, 400, "Niên giám")])
    found = figure(TREE, totals, {"08566": POOR}, area=area, standard="s", on=AFTER)
    assert found.poor.households_rate.percent == 1.0
    assert found.poor.people_rate.percent == 1.0
    assert found.near_poor.households_rate.percent == 0.0
    assert found.together.tally == Tally(1, 4)
    assert (found.communes, found.reporting) == (1, 1)


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        pytest.param("25", date(2026, 3, 1), Base(900, 3600, 2026, "P26"), id="own number of the year"),
        pytest.param("25", date(2027, 3, 1), Base(900, 3600, 2026, "P26"), id="own number of the latest year"),
        pytest.param("25", AFTER, Base(500, 2000, 2025, "A; B", communes=2), id="sum of the communes"),
        pytest.param("08824", date(2026, 3, 1), Base(200, 800, 2025, "B"), id="a commune's latest"),
        pytest.param("08824", date(2024, 12, 31), None, id="nothing published yet"),
        pytest.param("25", BEFORE, None, id="a commune without a number"),
    ],
)
def test_the_base_is_the_latest_published_number_up_to_the_year(code: str, on: date, expected: Base | None) -> None:
    totals = PublishedTotals(
        [
            Totals("08566", 2025, 300, 1200, "A"),
            Totals("08824", 2025, 200, 800, "B"),
            Totals("25", 2026, 900, 3600, "P26"),
        ]
    )
    assert totals.base(TREE, code, on) == expected


# 08566 was a township until the merger, is a commune of more land since: two units, in 2025 both.
REUSED = [
    Totals("08566", 2024, 100, 400, "N24", OLD),
    Totals("08566", 2025, 110, 440, "N25", OLD),
    Totals("08566", 2025, 700, 2800, "N25", AFTER),
    Totals("08824", 2024, 50, 200, "N24", AFTER),
    Totals("08824", 2027, 60, 240, "N27", AFTER),
]


@pytest.mark.parametrize(
    ("code", "on", "map_on", "expected"),
    [
        pytest.param("08566", BEFORE, None, Base(110, 440, 2025, "N25"), id="the township on its last day"),
        pytest.param("08566", AFTER, None, Base(700, 2800, 2025, "N25"), id="the commune on its first"),
        pytest.param("08566", date(2024, 6, 1), None, Base(100, 400, 2024, "N24"), id="the township the year before"),
        pytest.param("08566", date(2024, 6, 1), AFTER, Base(700, 2800, 2025, "N25"), id="then, on the new map"),
        pytest.param("08566", date(2026, 6, 1), BEFORE, Base(110, 440, 2025, "N25"), id="since, on the old map"),
        pytest.param("08824", date(2023, 6, 1), AFTER, Base(50, 200, 2024, "N24"), id="the first year after the day"),
        pytest.param("08824", AFTER, None, Base(50, 200, 2024, "N24"), id="published anew for the new map"),
        pytest.param("08824", BEFORE, None, None, id="nothing of the unit that had the code before"),
        pytest.param("08551", AFTER, None, None, id="no unit"),
    ],
)
def test_in_its_year_of_change_a_code_has_the_numbers_of_the_unit_that_is_meant(
    code: str, on: date, map_on: date | None, expected: Base | None
) -> None:
    assert PublishedTotals(REUSED).base(TREE, code, on, map_on) == expected


def test_a_number_that_names_no_unit_is_that_of_the_year_end() -> None:
    totals = PublishedTotals([Totals("08566", 2025, 700, 2800, "N25")])
    assert totals.base(TREE, "08566", AFTER) == Base(700, 2800, 2025, "N25")
    assert totals.base(TREE, "08566", BEFORE) is None


def test_a_unit_without_numbers_has_those_of_the_units_that_it_took_over_whole() -> None:
    old = [Totals("08566", 2024, 100, 400, "N24", OLD), Totals("08551", 2024, 80, 320, "N24", OLD)]
    whole = [Succession("08566", "08566", AFTER), Succession("08551", "08566", AFTER)]
    assert PublishedTotals(old, whole).base(TREE, "08566", AFTER) == Base(180, 720, 2024, "N24", merged=2)
    assert PublishedTotals(old[:1], whole).base(TREE, "08566", AFTER) is None, "of one of them nothing is known"
    split = [*whole, Succession("08551", "08824", AFTER)]
    assert PublishedTotals(old, split).base(TREE, "08566", AFTER) is None, "nobody knows which part came here"
    anew = [*old, Totals("08566", 2025, 190, 760, "N25", AFTER)]
    assert PublishedTotals(anew, whole).base(TREE, "08566", AFTER) == Base(190, 760, 2025, "N25")


def test_money_stays_where_it_was_booked() -> None:
    booked = [
        Booked("08551", "cash", "2025-05", BEFORE, Money(settled=5, settlements=1)),
        Booked("08824", "cash", "2025-05", BEFORE, Money(settled=7, settlements=1)),
        Booked("08824", "cash", "2025-07", AFTER, Money(settled=9, settlements=1)),
        Booked("08566", "cash", "2025-07", AFTER, Money(settled=3, settlements=1)),
        Booked("08566", "cash", "2025-07", AFTER, Money(returned=3, returns=1)),
    ]
    area = TREE.at("25", AFTER)
    assert area is not None
    found = payment_figure(TREE, booked, area=area, first="2025-01", last="2025-12")
    assert [(line.period, line.money.paid, line.money.payments) for line in found.lines] == [
        ("2025-05", 5, 1),
        ("2025-07", 9, 1),
    ]
    assert found.total.paid == 14
