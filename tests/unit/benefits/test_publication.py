"""What is published of money given tells of no few households, not even by subtraction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.ledger.domain.publication import LEAST, Published, published

_FOUND = st.dictionaries(st.sampled_from("ABCDEFGH"), st.tuples(st.integers(1, 12), st.integers(1, 10**9)), max_size=8)


@pytest.mark.parametrize(
    ("households", "shown", "total"),
    [
        ([], [], None),
        ([4], [None], None),
        ([5], [5], 5),
        ([5, 6], [5, 6], 11),
        ([3, 6, 7], [None, None, 7], 16),
        ([2, 2, 9], [None, None, 9], None),
        ([3, 3, 9], [None, None, 9], 15),
        ([3, 9], [None, None], 12),
    ],
)
def test_worked_cases(households: list[int], shown: list[int | None], total: int | None) -> None:
    found = published([(f"{number}", count, count * 750_000) for number, count in enumerate(households)])
    assert [cell.households for cell in found.cells] == shown
    assert found.households == total


def _told_by_subtraction(found: Published) -> int | None:
    """Return how many households the total less the shown cells tells of, None when nothing is hidden or told."""
    if found.households is None or not any(cell.is_hidden for cell in found.cells):
        return None
    return found.households - sum(cell.households or 0 for cell in found.cells)


@given(_FOUND)
def test_nothing_small_is_shown_or_told_and_what_is_shown_is_true(found: dict[str, tuple[int, int]]) -> None:
    report = published((area, *figures) for area, figures in found.items())
    for cell in report.cells:
        assert cell.is_hidden or (cell.households, cell.amount) == found[cell.area_code]
        assert cell.is_hidden == (cell.amount is None)
        assert cell.households is None or cell.households >= LEAST
    told = _told_by_subtraction(report)
    assert told is None or told >= LEAST
    hidden = [cell for cell in report.cells if cell.is_hidden]
    assert report.households is None or len(hidden) != 1
    assert {cell.area_code for cell in report.cells} == set(found)
