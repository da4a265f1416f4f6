"""Money by code, programme and month."""

from collections.abc import Collection, Sequence

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.indicators.domain.payments import Booked, Money
from shared.db import Transaction

_BOOKED = text(
    """
    SELECT area_code, programme, period, booked_on,
           coalesce(sum(amount) FILTER (WHERE kind = 'settled'), 0)::bigint AS settled,
           count(*) FILTER (WHERE kind = 'settled') AS settlements,
           coalesce(sum(amount) FILTER (WHERE kind = 'returned'), 0)::bigint AS returned,
           count(*) FILTER (WHERE kind = 'returned') AS returns
    FROM bookings
    WHERE period = ANY(:months) AND area_code = ANY(:codes) AND (:programme IS NULL OR programme = :programme)
    GROUP BY area_code, programme, period, booked_on
    """
)
_AWARDED = text(
    """
    SELECT area_code, programme, period, granted_on, sum(monthly_amount)::bigint AS awarded, count(*) AS awards
    FROM awards, unnest(:months) AS period
    WHERE first_month <= period AND (last_month IS NULL OR last_month >= period)
      AND area_code = ANY(:codes) AND (:programme IS NULL OR programme = :programme)
    GROUP BY area_code, programme, period, granted_on
    """
)
_PARAMETERS = (
    bindparam("months", type_=ARRAY(Text)),
    bindparam("codes", type_=ARRAY(Text)),
    bindparam("programme", type_=Text),
)


async def booked(
    session: Transaction, months: Sequence[str], codes: Collection[str], programme: str | None
) -> list[Booked]:
    """Return what awards promise for these months and what was settled and returned for them, where and when."""
    parameters = {"months": list(months), "codes": sorted(codes), "programme": programme}
    paid = await session.execute(_BOOKED.bindparams(*_PARAMETERS), parameters)
    found = [
        Booked(
            row.area_code,
            row.programme,
            row.period,
            row.booked_on,
            Money(settled=row.settled, settlements=row.settlements, returned=row.returned, returns=row.returns),
        )
        for row in paid
    ]
    awarded = await session.execute(_AWARDED.bindparams(*_PARAMETERS), parameters)
    found += [
        Booked(row.area_code, row.programme, row.period, row.granted_on, Money(awarded=row.awarded, awards=row.awards))
        for row in awarded
    ]
    return found
