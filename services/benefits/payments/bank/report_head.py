"""The two rows with which every report that is a statement too begins: whose money, through which day, from and to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.benefits.payments.bank.csv_rows import cells, day, whole
from services.benefits.payments.domain.statement import Entry, Statement, totals_of
from services.benefits.payments.iso20022.reading import Unreadable

HEAD = ["account", "sequence", "date", "opening", "closing"]


@dataclass(frozen=True, slots=True)
class ReportHead:
    """What a report says of its account; `opening` and `closing` are VND, nothing is booked later on `closed_on`."""

    account: str
    sequence: int
    closed_on: date
    opening: int
    closing: int

    def statement(self, entries: Sequence[Entry]) -> Statement:
        """Return the statement that the report makes."""
        return Statement(
            statement_id=f"{self.account}-{self.sequence}",
            sequence=self.sequence,
            account=self.account,
            day=self.closed_on,
            opening=self.opening,
            closing=self.closing,
            declared_credits=None,
            declared_debits=None,
            totals=totals_of((entry.side, entry.amount) for entry in entries),
            entries=entries,
            closed_through=self.closed_on,
        )


def read_head(rows: Iterator[Sequence[str]], columns: Sequence[str]) -> ReportHead:
    """Take the head off a report's rows, and the row that names its `columns`.

    Raises:
        Unreadable: the rows do not begin so.
    """
    if next(rows, None) != HEAD:
        raise Unreadable("the first row is not that of a report")
    account, sequence, on, opening, closing = cells(next(rows, []), len(HEAD))
    if next(rows, None) != columns:
        raise Unreadable("the third row does not name the columns of this report")
    return ReportHead(account, whole(sequence), day(on), whole(opening), whole(closing))
