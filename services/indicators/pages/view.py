"""From figures to what the template prints: every number as people read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.indicators.domain.map_classes import LOWER_ENDS, map_class
from services.indicators.domain.poverty import Figure, Share
from services.indicators.domain.rates import Rate, change
from services.indicators.pages.boundaries import Boundaries
from services.indicators.pages.facts import Facts
from services.indicators.pages.formats import Formats
from services.indicators.pages.state import PageState, Sort
from services.indicators.pages.trend import trend
from shared.text import fold
from shared.texts import has_text, text

_SHARES: tuple[tuple[str, Callable[[Figure], Share]], ...] = (
    ("poor", lambda figure: figure.poor),
    ("near_poor", lambda figure: figure.near_poor),
    ("together", lambda figure: figure.together),
)


@dataclass(frozen=True)
class Tile:
    """A headline: households, people, rate or why there is none, and the change in a year."""

    kind: str
    households: str
    people: str
    rate: str | None
    missing: str | None
    way: str
    change: str


@dataclass(frozen=True)
class Unit:
    """A commune on the map and in the table."""

    figure: Figure
    short_name: str
    map_class: int | None
    rates: tuple[str, str, str]
    here: bool


def page(facts: Facts, state: PageState, boundaries: Boundaries | None) -> dict[str, Any]:
    """Return what the template needs."""
    formats = Formats(state.lang)
    units = [_unit(figure, facts, formats) for figure in facts.communes]
    newest = facts.version.newest
    return {
        "t": partial(_say, state),
        "f": formats,
        "state": state,
        "facts": facts,
        "tiles": [_tile(kind, share, facts, formats) for kind, share in _SHARES],
        "base": facts.now.base,
        "trend": trend(facts.series, formats),
        "units": units,
        "rows": _sorted(units, state),
        "legend": _legend(formats),
        "boundaries": boundaries if boundaries and boundaries.covers(unit.figure.area.code for unit in units) else None,
        "drawn": sorted(units, key=lambda unit: unit.here),
        "programmes": [
            (_name("programme", programme, formats), money)
            for programme, money in sorted(facts.payments.by_programme().items())
        ],
        "standard_name": partial(_name, "standard", formats=formats),
        "newest": None if newest is None else formats.instant(newest),
        "age": None if newest is None else formats.age(int((facts.read_at - newest).total_seconds())),
        "missing": partial(_missing, formats=formats),
    }


def _say(state: PageState, key: str, **fields: object) -> str:
    return text(f"indicators.{key}", state.lang, **fields)


def _name(kind: str, code: str, formats: Formats) -> str:
    """Return the name of a code where the catalogue has one: codes are data and may be newer than this release."""
    key = f"{kind}.{code}"
    return text(key, formats.language) if has_text(key) else code


def _missing(rate: Rate, formats: Formats) -> str | None:
    return None if rate.reason is None else text(f"indicators.missing.{rate.reason}", formats.language)


def _tile(kind: str, share_of: Callable[[Figure], Share], facts: Facts, formats: Formats) -> Tile:
    now = share_of(facts.now)
    moved = Rate(None)
    if facts.year_ago is not None:
        moved = change(now.households_rate, share_of(facts.year_ago).households_rate)
    points = moved.hundredths
    way = "none" if points is None else "same" if points == 0 else "fell" if points < 0 else "rose"
    return Tile(
        kind=kind,
        households=formats.number(now.tally.households),
        people=formats.number(now.tally.people),
        rate=formats.percent(now.households_rate),
        missing=_missing(now.households_rate, formats),
        way=way,
        change=text(f"indicators.page.change.{way}", formats.language, points=formats.hundredths(points or 0)),
    )


def _unit(figure: Figure, facts: Facts, formats: Formats) -> Unit:
    rates = [formats.percent(share(figure).households_rate) or "–" for _, share in _SHARES]
    return Unit(
        figure=figure,
        short_name=_short(figure.area.name, figure.area.kind),
        map_class=map_class(figure.together.households_rate),
        rates=(rates[0], rates[1], rates[2]),
        here=figure.area.code == facts.area.code,
    )


def _short(name: str, kind: str) -> str:
    """Return a unit's name without its kind: Tân Sơn for Xã Tân Sơn."""
    return name[len(kind) :].strip() if kind and name.casefold().startswith(f"{kind.casefold()} ") else name


def _key(unit: Unit, sort: Sort) -> int | str | None:
    figure = unit.figure
    match sort:
        case "code":
            return figure.area.code
        case "name":
            return fold(unit.short_name)
        case "base":
            return None if figure.base is None else figure.base.households
        case "poor" | "near_poor" | "together":
            return dict(_SHARES)[sort](figure).tally.households
        case _:
            return dict(_SHARES)[sort.removesuffix("_rate")](figure).households_rate.hundredths


def _sorted(units: Sequence[Unit], state: PageState) -> list[Unit]:
    """Return the rows in the chosen order; what has no value comes last either way."""
    keyed = [(_key(unit, state.sort), unit) for unit in units]
    known = [each for each in keyed if each[0] is not None]
    unknown = [unit for key, unit in keyed if key is None]
    known.sort(key=lambda each: each[0], reverse=state.down)  # type: ignore[arg-type,return-value]
    return [unit for _, unit in known] + unknown


def _legend(formats: Formats) -> list[tuple[int, str]]:
    """Return the classes of the map with their ranges in words."""
    ends = [formats.number(end // 100) for end in LOWER_ENDS]
    last = len(ends)
    words = [text("indicators.page.map.under", formats.language, end=ends[1])]
    words += [
        text("indicators.page.map.between", formats.language, begin=ends[i], end=ends[i + 1])
        for i in range(1, last - 1)
    ]
    words.append(text("indicators.page.map.over", formats.language, begin=ends[-1]))
    return list(enumerate(words, start=1))
