"""The five classes of the map: fixed steps of the rate, the same for every year, so that maps can be compared."""

from bisect import bisect_right

from services.indicators.domain.rates import Rate

# Lower ends in hundredths of a per cent. The province stood at 6.57 % in 2024, its communes between 0 and about 40 %.
LOWER_ENDS = (0, 200, 500, 1000, 2000)


def map_class(rate: Rate) -> int | None:
    """Return the class of a rate, 1 (lowest) to 5, or None where there is no rate."""
    return None if rate.hundredths is None else bisect_right(LOWER_ENDS, rate.hundredths)
