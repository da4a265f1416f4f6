"""What the page draws and how it writes, without a page."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.domain.rates import Rate
from services.indicators.pages.boundaries import BoundariesUnreadable, load_boundaries
from services.indicators.pages.charts import HEIGHT, line_chart, nice_step
from services.indicators.pages.formats import Formats
from services.indicators.pages.state import PageState

VI, EN = Formats("vi"), Formats("en")


def test_each_language_writes_its_own_way() -> None:
    assert (VI.number(1_234_567), EN.number(1_234_567)) == ("1.234.567", "1,234,567")
    assert (VI.percent(Rate(657)), EN.percent(Rate(657))) == ("6,57\u00a0%", "6.57%")
    assert (VI.day(date(2026, 11, 4)), EN.day(date(2026, 11, 4))) == ("04/11/2026", "4 November 2026")
    assert (VI.money(1_500_000), EN.money(1_500_000)) == ("1.500.000 đồng", "1,500,000 VND")
    assert VI.number(-1500) == "−1.500"


@pytest.mark.parametrize(
    ("seconds", "words"), [(14, "14 giây"), (150, "2 phút"), (7200, "2 giờ"), (400_000, "4 ngày"), (-3, "0 giây")]
)
def test_age_is_told_in_the_largest_unit_that_fits(seconds: int, words: str) -> None:
    assert VI.age(seconds) == words


@pytest.mark.parametrize(("largest", "step"), [(1, 1), (4, 1), (5, 2), (9, 5), (657, 200), (2001, 1000)])
def test_axes_have_round_steps(largest: int, step: int) -> None:
    assert nice_step(largest) == step


def test_a_missing_value_breaks_the_line_and_is_not_0() -> None:
    chart = line_chart([("together", [None, 300, 310, None, 290]), ("poor", [None, 100, 90, None, 80])])
    assert chart is not None
    together = chart.lines[0]
    assert [dot.index for dot in together.dots] == [1, 2, 4]
    assert len(together.paths) == 2


def test_one_value_is_no_trend() -> None:
    assert line_chart([("together", [None, 300])]) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=2, max_size=60))
def test_lines_stay_in_the_box_and_labels_apart(values: list[tuple[int, int]]) -> None:
    chart = line_chart([("a", [a for a, _ in values]), ("b", [b for _, b in values])])
    assert chart is not None
    assert all(0 <= dot.y <= chart.bottom and chart.left <= dot.x <= chart.right for x in chart.lines for dot in x.dots)
    assert abs(chart.lines[0].label_y - chart.lines[1].label_y) > 37.9
    assert all(line.label_y <= HEIGHT for line in chart.lines)


def test_an_address_holds_the_whole_choice_but_not_today() -> None:
    today = date(2026, 11, 24)
    state = PageState("vi", "25", "vn-2022-2025", today, "poor", True, "map", today)
    assert state.url() == "/?lang=vi&area=25&standard=vn-2022-2025&sort=poor&view=map&order=down"
    assert "on=2026-01-01" in state.url(on=date(2026, 1, 1))
    assert "sort=poor&view=map&order=up" in state.sorted_by("poor")
    assert "sort=name&view=map&order=up" in state.sorted_by("name")


def _square(code: str, west: float) -> dict[str, object]:
    ring = [[west, 21.0], [west + 0.1, 21.0], [west + 0.1, 21.1], [west, 21.1], [west, 21.0]]
    return {"properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def test_boundaries_become_outlines_that_fit_the_box(tmp_path: Path) -> None:
    file = tmp_path / "communes.geojson"
    file.write_text(json.dumps({"features": [_square("08566", 105.0), _square("08338", 105.1)]}), encoding="utf-8")
    found = load_boundaries(file)
    assert found.covers(["08566", "08338"])
    assert not found.covers(["08566", "07900"])
    numbers = [
        float(n) for path in found.paths.values() for n in path.replace("M", " ").replace("L", " ").strip("Z").split()
    ]
    assert min(numbers) >= 0
    assert max(numbers[::2]) <= found.width
    assert max(numbers[1::2]) <= found.height


@pytest.mark.parametrize("content", ["", "[]", '{"features": [{"properties": {"code": "1"}, "geometry": null}]}'])
def test_unreadable_boundaries_are_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "communes.geojson"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BoundariesUnreadable, match=str(file)):
        load_boundaries(file)
