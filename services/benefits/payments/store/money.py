"""What a payer account may spend: money that is known to have arrived, less what is on its way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text, update

from services.benefits.ledger.store import contribution_table
from shared.db import Transaction


@dataclass(frozen=True)
class Money:
    """The money of a payer account, in VND.

    `booked` is the balance that statements show, `unexplained` the part of it that nobody has said what it is,
    `confirmed` what two people saw arrive and no statement has shown yet, `out` what attempts may still take.
    """

    booked: int
    unexplained: int
    confirmed: int
    out: int

    @property
    def available(self) -> int:
        """What a new run may take."""
        return self.booked - self.unexplained + self.confirmed - self.out


_MONEY = text(
    """
    SELECT
      (SELECT coalesce(sum(CASE side WHEN 'debit' THEN amount ELSE -amount END), 0)::bigint FROM ledger_entry
       WHERE account = 'A1' AND bank_account = :payer) AS booked,
      (SELECT coalesce(sum(e.amount), 0)::bigint FROM statement_entry e
       WHERE e.payer_account = :payer AND e.side = 'credit'
         AND e.outcome IN ('unknown_credit', 'return_unmatched', 'opening_balance')
         AND NOT EXISTS (SELECT 1 FROM suspense_clearing s WHERE s.payer_account = e.payer_account
                         AND s.sequence = e.sequence AND s.ordinal = e.ordinal AND s.becomes <> 'owner')
      ) AS unexplained,
      (SELECT coalesce(sum(amount), 0)::bigint FROM contribution
       WHERE payer_account = :payer AND confirmed_on IS NOT NULL AND received_on IS NULL) AS confirmed,
      (SELECT coalesce(sum(i.amount), 0)::bigint FROM payment_instruction i
       JOIN payment_file f ON f.message_id = i.message_id
       WHERE f.payer_account = :payer AND i.booked_on IS NULL
         AND i.state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED')) AS out
    """
)


async def money_of(session: Transaction, payer: str) -> Money:
    """Return what a payer account has; who spends by it holds the account's lock, so that two do not spend it twice."""
    row = (await session.execute(_MONEY, {"payer": payer})).one()
    return Money(row.booked, row.unexplained, row.confirmed, row.out)


async def confirm_arrival(session: Transaction, contribution_id: UUID, confirmed: Mapping[str, Any], on: date) -> bool:
    """Note that two people saw a contribution arrive, in which account and by which voucher; say whether it was open.

    Nothing is booked: that is the statement's to show.
    """
    c = contribution_table.c
    statement = (
        update(contribution_table)
        .where(c.id == contribution_id, c.received_on.is_(None), c.confirmed_on.is_(None))
        .values(payer_account=confirmed["payer_account"], voucher=confirmed["voucher"], confirmed_on=on)
    )
    return (await (await session.connection()).execute(statement)).rowcount == 1
