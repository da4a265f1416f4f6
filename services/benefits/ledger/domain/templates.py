"""Which accounts each happening moves. "X → Y" is debit X, credit Y.

Budget and money are two books: a commitment and an expenditure move the budget; an obligation, an attempt and what the
bank's statement shows move the money.
"""

from typing import Literal

from services.benefits.ledger.domain.journal import Account, Posting, Purpose, transfer

# What an unpaid order stands on: L1 until it was first paid, L2 once the bank gave its money back.
Payable = Literal["L1", "L2"]


def allotment(amount: int, purpose: Purpose) -> tuple[Posting, ...]:
    """A budget was allotted: B1 → B0."""
    return transfer(Account.BUDGET_AVAILABLE, Account.BUDGET_SOURCE, amount, purpose)


def commitment(amount: int, purpose: Purpose) -> tuple[Posting, ...]:
    """An award was approved: B2 → B1."""
    return transfer(Account.ENCUMBERED, Account.BUDGET_AVAILABLE, amount, purpose)


def released_commitment(amount: int, purpose: Purpose) -> tuple[Posting, ...]:
    """What was set aside will not be paid: an award ended, an order was cancelled. B1 → B2."""
    return transfer(Account.BUDGET_AVAILABLE, Account.ENCUMBERED, amount, purpose)


def cancelled_obligation(amount: int, purpose: Purpose, payable: Payable, *, same_year: bool) -> tuple[Posting, ...]:
    """What was owed is owed no more: L1 or L2 → E1, or in a later fiscal year, whose expense it is not, → F1."""
    return transfer(Account(payable), Account.BENEFIT_EXPENSE if same_year else Account.FUND_BALANCE, amount, purpose)


def obligation(amount: int, purpose: Purpose) -> tuple[Posting, ...]:
    """An order was approved for the first time, it is now owed: E1 → L1."""
    return transfer(Account.BENEFIT_EXPENSE, Account.BENEFITS_PAYABLE, amount, purpose)


def reservation(amount: int, purpose: Purpose, payable: Payable) -> tuple[Posting, ...]:
    """An attempt was handed over for sending: L1 or L2 → A2. Cash has not moved."""
    return transfer(Account(payable), Account.IN_TRANSIT, amount, purpose)


def voided_reservation(amount: int, purpose: Purpose, payable: Payable) -> tuple[Posting, ...]:
    """The attempt is proven unpaid: A2 → L1 or L2."""
    return transfer(Account.IN_TRANSIT, Account(payable), amount, purpose)


def booked_debit(amount: int, purpose: Purpose, bank_account: str) -> tuple[Posting, ...]:
    """The statement shows the debit: B3 → B2, A2 → A1."""
    return (
        *transfer(Account.EXPENDED, Account.ENCUMBERED, amount, purpose),
        *transfer(Account.IN_TRANSIT, Account.CASH, amount, purpose, bank_account=bank_account),
    )


def booked_return(amount: int, purpose: Purpose, bank_account: str) -> tuple[Posting, ...]:
    """The statement shows that paid money came back: B2 → B3, A1 → L2."""
    return (
        *transfer(Account.ENCUMBERED, Account.EXPENDED, amount, purpose),
        *transfer(Account.CASH, Account.RETURNED_PAYABLE, amount, purpose, bank_account=bank_account),
    )


def partial_return(amount: int, returned: int, purpose: Purpose, bank_account: str) -> tuple[Posting, ...]:
    """Paid money came back less what the bank kept, which it owes us: B2 → B3, A1 and A4 → L2."""
    return (
        *transfer(Account.ENCUMBERED, Account.EXPENDED, amount, purpose),
        *transfer(Account.CASH, Account.RETURNED_PAYABLE, returned, purpose, bank_account=bank_account),
        *transfer(Account.CLAIMS_ON_BANK, Account.RETURNED_PAYABLE, amount - returned, purpose),
    )


def bank_fee(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """The bank took its fee from the account that pays, and from nobody who is helped: E2 → A1."""
    return transfer(Account.BANK_FEE, Account.CASH, amount, Purpose(fund), bank_account=bank_account)


def contribution(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """Money that a fund declared has arrived: A1 → F1."""
    return transfer(Account.CASH, Account.FUND_BALANCE, amount, Purpose(fund), bank_account=bank_account)


def unknown_credit(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """Money arrived and nothing says why: A1 → L3."""
    return transfer(Account.CASH, Account.UNMATCHED_CREDIT, amount, Purpose(fund), bank_account=bank_account)


def unknown_debit(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """Money left and no instruction of ours says why: S1 → A1."""
    return transfer(Account.UNMATCHED_DEBIT, Account.CASH, amount, Purpose(fund), bank_account=bank_account)


def wrong_debit(amount: int, purpose: Purpose, bank_account: str) -> tuple[Posting, ...]:
    """The bank debited an instruction twice, or with another amount: a claim on the bank, A4 → A1."""
    return transfer(Account.CLAIMS_ON_BANK, Account.CASH, amount, purpose, bank_account=bank_account)


def loan_disbursed(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """The Social Policy Bank lent of the capital that a fund entrusted to it: A3 → A1."""
    return transfer(Account.LOANS_RECEIVABLE, Account.CASH, amount, Purpose(fund), bank_account=bank_account)


def loan_repaid(amount: int, fund: str, bank_account: str) -> tuple[Posting, ...]:
    """What was lent came back: A1 → A3."""
    return transfer(Account.CASH, Account.LOANS_RECEIVABLE, amount, Purpose(fund), bank_account=bank_account)


def explained_credit(amount: int, fund: str, becomes: Literal["F1", "L4", "A4"]) -> tuple[Posting, ...]:
    """People said what money in suspense is: the fund's (F1), due back to its owner (L4), a claim repaid (A4)."""
    return transfer(Account.UNMATCHED_CREDIT, Account(becomes), amount, Purpose(fund))


def explained_return(amount: int, fund: str, purpose: Purpose) -> tuple[Posting, ...]:
    """People said that money in suspense is that of a payment which came back: B2 → B3, L3 → L2."""
    return (
        *transfer(Account.ENCUMBERED, Account.EXPENDED, amount, purpose),
        Posting(Account.UNMATCHED_CREDIT, "debit", amount, Purpose(fund)),
        Posting(Account.RETURNED_PAYABLE, "credit", amount, purpose),
    )


def explained_payment(amount: int, fund: str, purpose: Purpose, payable: Payable) -> tuple[Posting, ...]:
    """People said which order a debit paid that nobody here had ordered any more: B3 → B2, L1 or L2 → S1."""
    return (
        *transfer(Account.EXPENDED, Account.ENCUMBERED, amount, purpose),
        Posting(Account(payable), "debit", amount, purpose),
        Posting(Account.UNMATCHED_DEBIT, "credit", amount, Purpose(fund)),
    )


def explained_debit(amount: int, fund: str, becomes: Literal["A4", "E2"]) -> tuple[Posting, ...]:
    """People said what a debit that nobody ordered is: a claim on the bank (A4), or its fee (E2)."""
    return transfer(Account(becomes), Account.UNMATCHED_DEBIT, amount, Purpose(fund))
