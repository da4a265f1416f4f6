"""What a figure is asked for by."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from services.indicators.domain.areas import Area
from services.indicators.store.figures import Ground, UnknownArea
from services.indicators.store.figures import ground as read_ground
from shared import clock
from shared.http import Problem, Tx, request_language
from shared.texts import Language

CODE_PATTERN = r"^[0-9A-Za-z]{1,16}$"
NAME_PATTERN = r"^[0-9A-Za-z._-]{1,64}$"

AreaCode = Annotated[str, Query(pattern=CODE_PATTERN, description="code of the unit", examples=["08566"])]
ParentCode = Annotated[str, Query(pattern=CODE_PATTERN, description="code of the unit above", examples=["25"])]
Standard = Annotated[str, Query(pattern=NAME_PATTERN, description="poverty standard", examples=["vn-2022-2025"])]
Programme = Annotated[str | None, Query(pattern=NAME_PATTERN, description="programme; all of them when not given")]
Month = Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month", examples=["2026-11"])]


def past_day(day: date | None) -> date:
    """Return the day of a figure, today when none is given.

    Raises:
        Problem: 400 `day_in_future`; decisions to come are not known.
    """
    today = clock.today()
    if day is not None and day > today:
        raise Problem(400, "day_in_future")
    return day or today


async def _on(
    on: Annotated[date | None, Query(description="day, Asia/Ho_Chi_Minh; today when not given")] = None,
) -> date:
    return past_day(on)


async def _ground(tx: Tx) -> Ground:
    return await read_ground(tx)


async def _language(request: Request) -> Language:
    return request_language(request)


On = Annotated[date, Depends(_on)]
MapOn = Annotated[
    date | None,
    Query(description="the day whose map of units it is shown on; that of each figure's own day when not given"),
]
OnGround = Annotated[Ground, Depends(_ground)]
ReaderLanguage = Annotated[Language, Depends(_language)]


def area_on(ground: Ground, code: str, on: date) -> Area:
    """Return the unit of a code on a day.

    Raises:
        Problem: 404 `area_unknown`.
    """
    try:
        return ground.area(code, on)
    except UnknownArea as error:
        raise Problem(404, "area_unknown") from error
