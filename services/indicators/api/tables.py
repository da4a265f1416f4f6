"""Figures as CSV: UTF-8 with a byte order mark, so that spreadsheets read Vietnamese; numbers as in the JSON."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from starlette.responses import Response

from services.indicators.domain.payments import PaymentFigure
from services.indicators.domain.poverty import Figure, Share
from services.indicators.store.freshness import DataVersion
from shared.texts import Language, text

Cell = str | int | float | date | None

_POVERTY = (
    "code", "name", "on", "map_on", "standard", "class", "households", "people", "rate", "people_rate", "rate_missing",
    "base_households", "base_people", "base_year", "base_source", "last_event_at",
)  # fmt: skip
_PAYMENTS = (
    "code", "name", "programme", "period", "awarded", "settled", "returned", "paid", "payments", "last_event_at",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def poverty_csv(figures: Iterable[Figure], version: DataVersion, language: Language, *, name: str) -> Response:
    """Return figures as a file of that name: a row a unit, day and class."""
    rows = [
        _poverty_row(figure, share, kind, version, language)
        for figure in figures
        for kind, share in (("poor", figure.poor), ("near_poor", figure.near_poor), ("together", figure.together))
    ]
    return _file(_POVERTY, rows, language, name)


def payments_csv(figure: PaymentFigure, version: DataVersion, language: Language, *, name: str) -> Response:
    """Return money as a file of that name: a row a programme and month, amounts in VND."""
    rows: list[Sequence[Cell]] = [
        (
            figure.area.code,
            figure.area.name,
            line.programme,
            line.period,
            line.money.awarded,
            line.money.settled,
            line.money.returned,
            line.money.paid,
            line.money.payments,
            _instant(version),
        )
        for line in figure.lines
    ]
    return _file(_PAYMENTS, rows, language, name)


def _poverty_row(figure: Figure, share: Share, kind: str, version: DataVersion, language: Language) -> Sequence[Cell]:
    base = figure.base
    missing = share.households_rate.reason
    return (
        figure.area.code,
        figure.area.name,
        figure.on,
        figure.map_on,
        figure.standard,
        text(f"indicators.class.{kind}", language),
        share.tally.households,
        share.tally.people,
        share.households_rate.percent,
        share.people_rate.percent,
        None if missing is None else text(f"indicators.missing.{missing}", language),
        None if base is None else base.households,
        None if base is None else base.people,
        None if base is None else base.year,
        None if base is None else base.source,
        _instant(version),
    )


def _instant(version: DataVersion) -> str | None:
    return None if version.newest is None else version.newest.isoformat()


def _file(columns: Sequence[str], rows: Iterable[Sequence[Cell]], language: Language, name: str) -> Response:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([text(f"indicators.column.{column}", language) for column in columns])
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    return Response(
        buffer.getvalue().encode("utf-8-sig"), headers=headers, media_type="text/csv; charset=utf-8; header=present"
    )


def _safe(cell: Cell) -> Cell:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
