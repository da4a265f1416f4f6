"""What may be published of money given: counts and sums, and none from which a household could be told.

A cell of few households is hidden. Where a total is published beside its cells and one cell alone is hidden, it could
be computed; then the next smallest is hidden too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """Money (VND) that reached households of a commune. Both are None where it is hidden."""

    area_code: str
    households: int | None
    amount: int | None

    @property
    def is_hidden(self) -> bool:
        """Whether it may not be shown."""
        return self.households is None


@dataclass(frozen=True, slots=True)
class Published:
    """A total and its cells by area; the total is hidden where it is itself too small, or would tell a cell."""

    households: int | None
    amount: int | None
    cells: tuple[Cell, ...]


def published(found: Iterable[tuple[str, int, int]], least: int = LEAST) -> Published:
    """Return what may be shown of (area, households, VND); every area has at least one household."""
    cells = sorted(found)
    households, amount = sum(count for _, count, _ in cells), sum(sum_ for _, _, sum_ in cells)
    hidden = _hidden(cells, least)
    shown = tuple(
        Cell(area, None, None) if area in hidden else Cell(area, count, total) for area, count, total in cells
    )
    out = sum(count for area, count, _ in cells if area in hidden)
    # What the total less the shown cells tells is the sum of the hidden ones: it too must be of enough households.
    tells = bool(hidden) and (len(hidden) == 1 or out < least)
    if households < least or tells:
        return Published(None, None, shown)
    return Published(households, amount, shown)


def _hidden(cells: Sequence[tuple[str, int, int]], least: int) -> set[str]:
    hidden = {area for area, count, _ in cells if count < least}
    rest = sorted((count, area) for area, count, _ in cells if area not in hidden)
    if len(hidden) == 1 and rest:
        hidden.add(rest[0][1])
    return hidden
