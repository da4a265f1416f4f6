"""A bank's statement of one account: what it says, and whether it follows from the one before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked entry. `amount` is VND over zero; `is_return` marks money that comes back (or a reversed booking)."""

    ordinal: int
    side: Literal["debit", "credit"]
    amount: int
    booked_on: date
    end_to_end_id: str | None
    bank_reference: str | None
    narrative: str | None
    is_return: bool
    return_reason: str | None

    @property
    def signed(self) -> int:
        """The amount, below zero when it left the account."""
        return self.amount if self.side == "credit" else -self.amount


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its booked entries. `day` is that of the opening
    balance. Balances are VND; declared sums are (count, VND) where the bank gives them."""

    statement_id: str
    sequence: int
    account: str
    day: date
    opening: int
    closing: int
    declared_credits: tuple[int, int] | None
    declared_debits: tuple[int, int] | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Up to where an account is reconciled: the last statement's sequence and closing balance (VND)."""

    sequence: int
    closing: int


def _sum(entries: Iterable[Entry], side: str) -> tuple[int, int]:
    amounts = [entry.amount for entry in entries if entry.side == side]
    return len(amounts), sum(amounts)


def refusal(statement: Statement, account: str, before: Reconciled | None) -> str | None:
    """Return why a statement must not be booked, None when it may.

    It is of this account, comes next in sequence, opens with the balance that the one before closed with, and its
    entries lead from the opening to the closing balance. The first statement of an account may have any number.
    """
    if statement.account != account:
        return "a statement of another account"
    if before is not None and statement.sequence != before.sequence + 1:
        return f"sequence {statement.sequence} where {before.sequence + 1} is next"
    if before is not None and statement.opening != before.closing:
        return "the opening balance is not the closing balance of the statement before"
    if statement.opening + sum(entry.signed for entry in statement.entries) != statement.closing:
        return "the entries do not lead from the opening to the closing balance"
    declared = ((statement.declared_credits, "credit"), (statement.declared_debits, "debit"))
    if any(given is not None and given != _sum(statement.entries, side) for given, side in declared):
        return "the declared sums are not those of the entries"
    return None
