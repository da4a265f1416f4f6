"""A journal: postings with one cause that balance, or no journal at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

Side = Literal["debit", "credit"]


class Account(StrEnum):
    """The accounts in use. B: budget; A: asset; L: liability; E: expense; F: fund balance; S: suspense."""

    BUDGET_SOURCE = "B0"
    BUDGET_AVAILABLE = "B1"
    ENCUMBERED = "B2"
    EXPENDED = "B3"
    CASH = "A1"
    IN_TRANSIT = "A2"
    LOANS_RECEIVABLE = "A3"
    CLAIMS_ON_BANK = "A4"
    BENEFITS_PAYABLE = "L1"
    RETURNED_PAYABLE = "L2"
    UNMATCHED_CREDIT = "L3"
    DUE_TO_OWNER = "L4"
    BENEFIT_EXPENSE = "E1"
    BANK_FEE = "E2"
    FUND_BALANCE = "F1"
    UNMATCHED_DEBIT = "S1"

    @property
    def is_budgetary(self) -> bool:
        """Budget postings balance among themselves, apart from those of money."""
        return self.value.startswith("B")


class Unbalanced(ValueError):
    """The debits of a journal are not its credits, in a fund and book."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What money is for: the fund that gives it, and the programme and fiscal year that it is spent under."""

    fund: str
    programme: str | None = None
    fiscal_year: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of a journal. `amount` is integer VND, over zero; `bank_account` is the payer account's code of A1."""

    account: Account
    side: Side
    amount: int
    purpose: Purpose
    bank_account: str | None = None
    order_id: UUID | None = None
    instruction_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError("a posting is over zero; what goes the other way stands on the other side")
        if (self.account is Account.CASH) != (self.bank_account is not None):
            raise ValueError("cash, and only cash, is at a bank account")


@dataclass(frozen=True, slots=True)
class Journal:
    """Postings that happen together. `cause` is unique over all journals: the same cause is never booked twice.

    Raises:
        Unbalanced: Σ debit ≠ Σ credit within a fund and book (budget, money).
    """

    cause: str
    kind: str
    value_date: date
    posted_by: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        sums: dict[tuple[str, bool], int] = {}
        for posting in self.postings:
            key = (posting.purpose.fund, posting.account.is_budgetary)
            signed = posting.amount if posting.side == "debit" else -posting.amount
            sums[key] = sums.get(key, 0) + signed
        if not self.postings or any(sums.values()):
            raise Unbalanced(self.kind)


def transfer(
    debit: Account, credit: Account, amount: int, purpose: Purpose, *, bank_account: str | None = None
) -> tuple[Posting, Posting]:
    """Return "debit → credit": the two postings of one amount. `bank_account` goes to the side that is cash."""
    return (
        Posting(debit, "debit", amount, purpose, bank_account if debit is Account.CASH else None),
        Posting(credit, "credit", amount, purpose, bank_account if credit is Account.CASH else None),
    )


def of_instruction(postings: Iterable[Posting], order_id: UUID, instruction_id: UUID | None) -> tuple[Posting, ...]:
    """Return the postings marked with the order, and the attempt, that they are of."""
    return tuple(
        Posting(each.account, each.side, each.amount, each.purpose, each.bank_account, order_id, instruction_id)
        for each in postings
    )
