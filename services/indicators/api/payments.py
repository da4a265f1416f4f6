"""Money paid, by unit, programme and month."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from services.indicators.api.models import DataOut, PaymentsOut
from services.indicators.api.parameters import AreaCode, MapOn, Month, OnGround, Programme, ReaderLanguage, area_on
from services.indicators.api.tables import payments_csv
from services.indicators.domain.payments import PaymentFigure
from services.indicators.domain.periods import TooManyPoints, month_of
from services.indicators.store.figures import payments
from services.indicators.store.freshness import data_version
from shared import clock
from shared.http import Problem, Router, Tx, needs

router = Router(prefix="/indicators/v1", tags=["payments"], dependencies=[needs("figures.read")])

_First = Annotated[Month | None, Query(alias="from", description="first month; January of the last one's year")]
_Last = Annotated[Month | None, Query(alias="to", description="last month; this month when not given")]


async def _figure(
    tx: Tx,
    ground: OnGround,
    area_code: AreaCode,
    programme: Programme = None,
    first: _First = None,
    last: _Last = None,
    map_on: MapOn = None,
) -> PaymentFigure:
    today = clock.today()
    end = last or month_of(today)
    begin = first or f"{end[:4]}-01"
    if begin > end:
        raise Problem(400, "period_reversed")
    area = area_on(ground, area_code, map_on or today)
    try:
        return await payments(tx, ground, area=area, programme=programme, first=begin, last=end, map_on=map_on)
    except TooManyPoints as error:
        raise Problem(400, "period_too_long") from error


Figure = Annotated[PaymentFigure, Depends(_figure)]


@router.get("/payments")
async def get_payments(tx: Tx, figure: Figure, language: ReaderLanguage) -> PaymentsOut:
    """Money of a unit for the months that it is owed for: awarded, settled by bank statements, returned, and paid.

    It stays where it was booked, unless it is asked for on the map of a day: then it is where the unit went, or was.
    """
    return PaymentsOut.of(figure, DataOut.of("payments", await data_version(tx), language))


@router.get("/payments.csv", response_class=Response)
async def get_payments_csv(tx: Tx, figure: Figure, language: ReaderLanguage) -> Response:
    """Money of a unit by programme and month."""
    name = f"payments-{figure.area.code}-{figure.first}-{figure.last}"
    return payments_csv(figure, await data_version(tx), language, name=name)
