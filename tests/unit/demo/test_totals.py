"""The published totals of the 2024 review, at every scale."""

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.apportion import apportion
from deploy.demo.cells import ScaleRefused, cells, read_scale, scaled
from deploy.demo.plan import Plan
from deploy.demo.published import KINH, PROVINCE, SOURCE
from deploy.demo.reviews import Review, reviews
from deploy.demo.totals import area_totals
from tests.unit.demo.conftest import COMMUNES, TODAY, planned


def _review(plan: Plan, name: str) -> Review:
    return next(review for review in plan.reviews if review.name == name)


def test_the_whole_province_has_exactly_the_published_households(whole: Plan) -> None:
    counted: Counter[tuple[str, bool]] = Counter()
    for household, now in whole.standing_after(_review(whole, "yearly-2024")):
        counted[now, household.group != KINH] += 1
    assert counted["poor", True] == 20_113
    assert counted["poor", False] == 31_488 - 20_113
    assert counted["near_poor", True] == 20_834
    assert counted["near_poor", False] == 34_036 - 20_834


def test_the_whole_province_has_exactly_the_published_denominators(whole: Plan) -> None:
    assert sum(cell.households for cell in whole.cells) == 997_683
    assert sum(cell.households for cell in whole.cells if cell.group != KINH) == 244_465
    provinces = [row for row in area_totals(whole) if row["code"] == PROVINCE and row["year"] == 2024]
    assert [(row["valid_from"], row["households"], row["source"]) for row in provinces] == [
        ("2022-01-01", 997_683, SOURCE),
        ("2025-07-01", 997_683, SOURCE),
    ]


def test_groups_that_were_published_by_themselves_are_exact(whole: Plan) -> None:
    found: Counter[str] = Counter()
    listed: Counter[str] = Counter()
    for cell in whole.cells:
        found[cell.group] += cell.households
        listed[cell.group] += cell.poor + cell.near_poor
    assert [(found[each], listed[each]) for each in ("02", "08", "09", "17")] == [
        (8_507, 3_297), (1_740, 668), (8_672, 2_707), (1, 1),
    ]  # fmt: skip


def test_communes_of_the_uplands_are_poorer_than_those_of_the_plain(whole: Plan) -> None:
    def rate(codes: set[str]) -> float:
        inside = [cell for cell in whole.cells if cell.commune in codes]
        return sum(cell.poor + cell.near_poor for cell in inside) / sum(cell.households for cell in inside)

    assert rate({"05212", "08620", "04849"}) > 0.2
    assert rate({"09076", "08716", "07900"}) < 0.03


@settings(max_examples=25, deadline=None)
@given(st.decimals("0.01", "1", places=4))
def test_at_every_scale_parts_add_up_and_nobody_is_counted_over_the_households(written: Decimal) -> None:
    scale = read_scale(str(written))
    found = cells(COMMUNES, scale)
    minority = [cell for cell in found if cell.group != KINH]
    assert sum(cell.households for cell in found) == scaled(997_683, scale)
    assert sum(cell.poor for cell in found) == scaled(31_488, scale)
    assert sum(cell.near_poor for cell in found) == scaled(34_036, scale)
    assert abs(sum(cell.poor for cell in minority) - 20_113 * scale) <= 1
    assert abs(sum(cell.near_poor for cell in minority) - 20_834 * scale) <= 1
    assert abs(sum(cell.households for cell in minority) - 244_465 * scale) <= 1
    assert all(cell.poor + cell.near_poor <= cell.households for cell in found)


@settings(max_examples=6, deadline=None)
@given(st.decimals("0.01", "0.1", places=3))
def test_in_every_review_no_commune_has_more_on_its_lists_than_households(written: Decimal) -> None:
    plan = planned(str(written))
    totals = {(row["code"], row["year"]): row["households"] for row in area_totals(plan)}
    for review in plan.reviews:
        year = min(review.decided_to.year, 2024)
        counts = plan.counts_after(review)
        listed = {code: each["poor"] + each["near_poor"] for code, each in counts.items()}
        assert all(count <= totals[code, year] for code, count in listed.items())
        assert sum(totals[code, year] for code in COMMUNES) == totals[PROVINCE, year]


def test_only_the_published_number_is_not_labelled_as_generated(whole: Plan, small: Plan) -> None:
    own = [row["source"] for row in area_totals(whole) if not row["source"].startswith("Dữ liệu trình diễn")]
    assert own == [SOURCE, SOURCE], "of the province as it was told before, and of that of today"
    assert all(row["source"].startswith("Dữ liệu trình diễn") for row in area_totals(small))


@pytest.mark.parametrize("refused", ["0", "0.009", "1.01", "-1", "1/0", "all", "nan"])
def test_a_scale_that_cannot_be_shown_is_refused(refused: str) -> None:
    with pytest.raises(ScaleRefused, match="The scale goes from"):
        read_scale(refused)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), min_size=1, max_size=30), st.integers(0, 300))
def test_a_number_is_divided_without_rest_and_within_caps(places: list[tuple[int, int]], total: int) -> None:
    weights, caps = [weight for weight, _ in places], [cap for _, cap in places]
    if total > sum(cap for weight, cap in places if weight):
        with pytest.raises(ValueError, match="fit nowhere"):
            apportion(total, weights, caps)
        return
    parts = apportion(total, weights, caps)
    assert sum(parts) == total
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30).filter(any), st.integers(0, 10_000))
def test_without_caps_every_part_is_its_share_rounded_down_or_up(weights: list[int], total: int) -> None:
    for part, weight in zip(apportion(total, weights), weights, strict=True):
        assert abs(Fraction(part) - Fraction(total * weight, sum(weights))) < 1


def test_reviews_follow_the_clock() -> None:
    names = [review.name for review in reviews(TODAY)]
    assert names[:3] == ["yearly-2022", "yearly-2023", "yearly-2024"]
    assert names[-1] == "regular-2026-08"
    assert [review.name for review in reviews(date(2026, 12, 12))][-2:] == ["yearly-2026", "opening-2026"]
    assert reviews(date(2022, 12, 11)) == []
    assert {review.standard for review in reviews(date(2030, 1, 1)) if review.decided_from.year > 2026} == {
        "vn-2026-2030"
    }


def test_every_commune_decides_within_the_review_and_after_its_visits() -> None:
    for review in reviews(date(2031, 1, 1)):
        for code in COMMUNES:
            assert review.decided_from <= review.decided_on(code) <= review.decided_to
            assert review.decided_on(code).weekday() < 5
        assert review.registered_on <= review.assessed_from <= review.assessed_to < review.decided_from
        assert {review.assessed_from, review.assessed_to} >= {
            min(days := [review.assessed_on(index) for index in range(200)]), max(days)
        }  # fmt: skip
