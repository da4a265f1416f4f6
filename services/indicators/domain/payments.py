"""Money paid, by programme and month: what the bank's statements show as settled, less what came back. VND."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.indicators.domain.areas import Area, AreaTree


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts in VND and how many of each: awarded (owed by awards in force), settled, returned."""

    awarded: int = 0
    awards: int = 0
    settled: int = 0
    settlements: int = 0
    returned: int = 0
    returns: int = 0

    @property
    def paid(self) -> int:
        """Settled less returned."""
        return self.settled - self.returned

    @property
    def payments(self) -> int:
        """How many payments stand: settled less returned."""
        return self.settlements - self.returns

    def __add__(self, other: "Money") -> "Money":
        return Money(
            self.awarded + other.awarded,
            self.awards + other.awards,
            self.settled + other.settled,
            self.settlements + other.settlements,
            self.returned + other.returned,
            self.returns + other.returns,
        )


_NOTHING = Money()


@dataclass(frozen=True, slots=True)
class Booked:
    """Money of one code, programme and month, and the day by which its area is judged.

    Without code: on the map that it is shown on it is in no unit that is known.
    """

    code: str | None
    programme: str
    period: str
    placed_on: date
    money: Money


@dataclass(frozen=True, slots=True)
class Line:
    """Money of an area in one programme and month; `period` is the month that the money is owed for."""

    programme: str
    period: str
    money: Money


@dataclass(frozen=True, slots=True)
class PaymentFigure:
    """Money of an area from one month to another, by programme and month.

    On the map of another day (`map_on`) `unplaced` is the money of the whole platform that is in none of its units.
    """

    area: Area
    first: str
    last: str
    lines: tuple[Line, ...]
    map_on: date | None = None
    unplaced: Money = _NOTHING

    @property
    def total(self) -> Money:
        """The sum of all lines."""
        return sum((line.money for line in self.lines), Money())

    def by_programme(self) -> dict[str, Money]:
        """Return the sums of programmes over all months."""
        sums: dict[str, Money] = defaultdict(Money)
        for line in self.lines:
            sums[line.programme] += line.money
        return dict(sums)


def payment_figure(
    tree: AreaTree, booked: Iterable[Booked], *, area: Area, first: str, last: str, map_on: date | None = None
) -> PaymentFigure:
    """Return the figure of an area: what was booked where a code lay under it on the day of booking.

    A payment stays where it was made when the commune merges into another later. What is `booked` on the map of a day
    is what lies under the area on that day.
    """
    sums: dict[tuple[str, str], Money] = defaultdict(Money)
    unplaced = Money()
    for each in booked:
        if each.code is None:
            unplaced += each.money
        elif each.code in tree.codes_under(area.code, map_on or each.placed_on):
            sums[each.programme, each.period] += each.money
    lines = tuple(Line(programme, period, money) for (programme, period), money in sorted(sums.items()))
    return PaymentFigure(area, first, last, lines, map_on, unplaced)
