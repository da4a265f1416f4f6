"""What a request may see and touch: the areas in which its actor holds a permission today."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, any_, literal, true
from sqlalchemy.dialects.postgresql import ARRAY
from structlog import get_logger

_log = get_logger("shared.access")


class AreaNotGranted(Exception):
    """A request names an area in which its actor does not hold the permission; the client is answered 403."""


@dataclass(frozen=True)
class Access:
    """A permission in somebody's hands. `areas` are codes, None means everywhere."""

    subject: str
    permission: str
    areas: frozenset[str] | None

    def covers(self, *area_codes: str | None) -> bool:
        """Return whether all these areas are covered; an area that is not known is covered only by everywhere."""
        return self.areas is None or all(code in self.areas for code in area_codes)

    def within(self, area_code: ColumnElement[str]) -> ColumnElement[bool]:
        """Return the condition of a query that a row's area is covered; of an unknown area it is not true."""
        return true() if self.areas is None else area_code == any_(self._codes())

    def admit(self, area_code: str | None, refusal: Exception) -> None:
        """Pass for a record of a covered area; raise `refusal`, as if there were no record, for another's.

        The attempt is logged.
        """
        if not self.covers(area_code):
            self.note_attempt([area_code])
            raise refusal

    def admit_own(self, subject: str, refusal: Exception) -> None:
        """Pass for what the actor began; raise `refusal`, as if there were nothing, for what somebody else did.

        The attempt is logged.
        """
        if subject != self.subject:
            _log.warning("access_to_anothers", subject=self.subject, permission=self.permission)
            raise refusal

    def require(self, *area_codes: str) -> None:
        """Pass when the areas that a request names are covered; the attempt on others is logged.

        Raises:
            AreaNotGranted: some are not.
        """
        if not self.covers(*area_codes):
            self.note_attempt(area_codes)
            raise AreaNotGranted

    def require_everywhere(self) -> None:
        """Pass when the permission is held without an area.

        Raises:
            AreaNotGranted: it is not.
        """
        if self.areas is not None:
            self.note_attempt([None])
            raise AreaNotGranted

    def note_attempt(self, area_codes: Iterable[str | None]) -> None:
        """Log that the actor reached for areas that are not covered, if some are not."""
        foreign = sorted({code or "" for code in area_codes if not self.covers(code)})
        if not foreign:
            return
        _log.warning("access_outside_area", subject=self.subject, permission=self.permission, areas=foreign[:10])

    def _codes(self) -> ColumnElement[list[str]]:
        return literal(sorted(self.areas or ()), ARRAY(Text))
