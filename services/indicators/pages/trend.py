"""The trend: a chart whose title says what it shows, and the sentence under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.domain.poverty import Figure
from services.indicators.domain.rates import Rate
from services.indicators.pages.charts import LineChart, line_chart
from services.indicators.pages.formats import Formats
from shared.texts import text

_KINDS: tuple[tuple[str, Callable[[Figure], Rate], Callable[[Figure], int]], ...] = (
    ("together", lambda f: f.together.households_rate, lambda f: f.together.tally.households),
    ("poor", lambda f: f.poor.households_rate, lambda f: f.poor.tally.households),
)


@dataclass(frozen=True)
class Trend:
    """The chart, or None where two points are missing; in rates, or in households where no rate is published."""

    title: str
    summary: str
    chart: LineChart | None
    in_rates: bool
    days: tuple[date, ...]

    def label(self, value: int, formats: Formats) -> str:
        """Return a value of the chart as people read it."""
        return (formats.percent(Rate(value)) or "") if self.in_rates else formats.number(value)


def trend(figures: Sequence[Figure], formats: Formats) -> Trend:
    """Return the trend of a unit's figures. Days before the first decision have no value, which is not 0."""
    in_rates = any(figure.together.households_rate.hundredths is not None for figure in figures)
    series: list[tuple[str, list[int | None]]] = []
    for name, rate, count in _KINDS:
        if in_rates:
            series.append((name, [rate(figure).hundredths for figure in figures]))
        else:
            series.append((name, [count(figure) if figure.tallies.decided else None for figure in figures]))
    days = tuple(figure.on for figure in figures)
    known = [(day, value) for day, value in zip(days, series[0][1], strict=True) if value is not None]
    if len(known) < 2:
        say = text("indicators.page.trend.too_short", formats.language)
        return Trend(say, text("indicators.page.trend.too_short_why", formats.language), None, in_rates, days)
    bare = Trend("", "", line_chart(series), in_rates, days)
    summary = _summary(bare, known, formats) + _coverage(figures, formats)
    return Trend(_finding(bare, known, formats), summary, bare.chart, in_rates, days)


def _finding(bare: Trend, known: Sequence[tuple[date, int]], formats: Formats) -> str:
    (since, first), (_, last) = known[0], known[-1]
    way = "same" if first == last else "fell" if last < first else "rose"
    unit = "rate" if bare.in_rates else "count"
    amount = abs(last - first)
    return text(
        f"indicators.page.trend.{unit}.{way}",
        formats.language,
        change=formats.hundredths(amount) if bare.in_rates else formats.number(amount),
        since=formats.day(since),
        now=bare.label(last, formats),
    )


def _coverage(figures: Sequence[Figure], formats: Formats) -> str:
    """Return a sentence where more communes have decisions at the end than at the begin: the rise is theirs too."""
    begin, end = (each.reporting for each in (next(f for f in figures if f.tallies.decided), figures[-1]))
    if begin >= end:
        return ""
    return " " + text(
        "indicators.page.trend.coverage", formats.language, begin=formats.number(begin), end=formats.number(end)
    )


def _summary(bare: Trend, known: Sequence[tuple[date, int]], formats: Formats) -> str:
    highest, lowest = max(known, key=lambda each: each[1]), min(known, key=lambda each: each[1])
    return text(
        "indicators.page.trend.summary",
        formats.language,
        highest=bare.label(highest[1], formats),
        highest_on=formats.day(highest[0]),
        lowest=bare.label(lowest[1], formats),
        lowest_on=formats.day(lowest[0]),
    )
