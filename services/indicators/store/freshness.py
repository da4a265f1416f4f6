"""How far the figures reach: the time of the newest event that is counted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared.db import Transaction

_NEWEST = text(
    """
    SELECT (SELECT max(recorded_at) FROM decisions) AS decisions,
           greatest((SELECT max(recorded_at) FROM awards), (SELECT max(recorded_at) FROM bookings)) AS payments,
           greatest((SELECT max(recorded_at) FROM areas), (SELECT max(recorded_at) FROM area_totals)) AS areas
    """
)


@dataclass(frozen=True, slots=True)
class DataVersion:
    """The newest event that is counted, by what it tells of; None where there was none yet. Aware, UTC."""

    decisions: datetime | None
    payments: datetime | None
    areas: datetime | None

    @property
    def newest(self) -> datetime | None:
        """The newest of all."""
        return max((at for at in (self.decisions, self.payments, self.areas) if at is not None), default=None)


async def data_version(session: Transaction) -> DataVersion:
    """Return how far events are applied."""
    row = (await session.execute(_NEWEST)).one()
    return DataVersion(row.decisions, row.payments, row.areas)
