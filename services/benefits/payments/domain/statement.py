"""A bank's statement of one account: what it says, and whether it follows from the one before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Side = Literal["debit", "credit"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a bank says of several payments that it booked in one sum: which of ours they are, and how many."""

    message_id: str | None
    payment_information_id: str | None
    count: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked line: an entry, or one of the payments that an entry books together.

    `ordinal` counts the lines of a statement, `number` its entries. `amount` is VND over zero; `is_return` marks money
    that comes back (or a reversed booking). `batch` is set where the entry's payments are not told apart; `by_file`,
    where our own file told them. `fault` says what could not be read of a line whose amount and side could.
    """

    ordinal: int
    side: Side
    amount: int
    booked_on: date
    end_to_end_id: str | None
    bank_reference: str | None
    narrative: str | None
    is_return: bool
    return_reason: str | None
    uetr: str | None = None
    instruction_id: str | None = None
    number: int | None = None
    batch: Batch | None = None
    by_file: bool = False
    is_fee: bool = False
    is_loan: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What a bank tells of entries beside the statement that books them. It moves nothing."""

    advice_id: str
    account: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """What the entries of a statement add up to: on each side how many there are, and how much (VND)."""

    credits: tuple[int, int]
    debits: tuple[int, int]

    @property
    def signed(self) -> int:
        """What they add to the balance, below zero when more left the account than came."""
        return self.credits[1] - self.debits[1]


def totals_of(sums: Iterable[tuple[Side, int]]) -> Totals:
    """Return what entries add up to, each given by its side and amount (VND)."""
    counts, amounts = {"credit": 0, "debit": 0}, {"credit": 0, "debit": 0}
    for side, amount in sums:
        counts[side] += 1
        amounts[side] += amount
    return Totals((counts["credit"], amounts["credit"]), (counts["debit"], amounts["debit"]))


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its booked entries. `day` is that of the opening balance.

    Balances are VND; declared sums are (count, VND) where the bank gives them.

    `entries` may be gone through more than once, and may be read anew each time: a statement can have a hundred
    thousand of them. `totals` is what they add up to.

    `closed_through` is the last day (Asia/Ho_Chi_Minh) of which nothing can be booked any more, None where none is.
    """

    statement_id: str
    sequence: int
    account: str
    day: date
    opening: int
    closing: int
    declared_credits: tuple[int, int] | None
    declared_debits: tuple[int, int] | None
    totals: Totals
    entries: Iterable[Entry]
    closed_through: date | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Up to where an account is reconciled: the last statement's sequence and closing balance (VND)."""

    sequence: int
    closing: int


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
    totals = statement.totals
    if statement.opening + totals.signed != statement.closing:
        return "the entries do not lead from the opening to the closing balance"
    declared = ((statement.declared_credits, totals.credits), (statement.declared_debits, totals.debits))
    if any(given is not None and given != found for given, found in declared):
        return "the declared sums are not those of the entries"
    return None


def told_apart(entry: Entry, parts: Sequence[Entry]) -> tuple[Entry, ...] | None:
    """Return an entry as the parts that an advice gives of it, None where they are not the whole of it."""
    if not parts or any(part.side != entry.side for part in parts):
        return None
    if sum(part.amount for part in parts) != entry.amount:
        return None
    return tuple(
        replace(part, number=entry.number, booked_on=entry.booked_on, bank_reference=entry.bank_reference)
        for part in parts
    )


def numbered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the lines of a statement counted from 1."""
    return tuple(replace(entry, ordinal=ordinal) for ordinal, entry in enumerate(entries, 1))
