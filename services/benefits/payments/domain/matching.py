"""What each entry of a statement means for our instructions and books. The statement decides; nothing is guessed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Posting, Purpose, of_instruction
from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.domain.states import CLOSED, PROVEN, InstructionState


class Outcome(StrEnum):
    """What was made of an entry. The first six are the ordinary course; all others are for a person to look at."""

    PAID = "paid"
    RETURNED = "returned"
    CONTRIBUTION = "contribution"
    FEE = "fee"
    LOAN_DISBURSED = "loan_disbursed"
    LOAN_REPAID = "loan_repaid"
    RETURNED_PARTIAL = "returned_partial"
    UNKNOWN_CREDIT = "unknown_credit"
    UNKNOWN_DEBIT = "unknown_debit"
    AMOUNT_MISMATCH = "amount_mismatch"
    DOUBLE_DEBIT = "double_debit"
    DEBIT_AFTER_CLOSE = "debit_after_close"
    RETURN_UNMATCHED = "return_unmatched"
    OPENING_BALANCE = "opening_balance"

    @property
    def is_exception(self) -> bool:
        """Whether somebody must decide what it was."""
        return self not in _ORDINARY


_ORDINARY = (
    Outcome.PAID,
    Outcome.RETURNED,
    Outcome.CONTRIBUTION,
    Outcome.FEE,
    Outcome.LOAN_DISBURSED,
    Outcome.LOAN_REPAID,
    Outcome.OPENING_BALANCE,
)
REOPENING = frozenset({Outcome.RETURNED, Outcome.RETURNED_PARTIAL})


class Rung(StrEnum):
    """By what an entry was found to be an attempt's. All but the bank's own reference are ids that we gave."""

    END_TO_END_ID = "end_to_end_id"
    UETR = "uetr"
    BANK_REFERENCE = "bank_reference"
    INSTRUCTION_ID = "instruction_id"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An instruction as it is when the statement comes. `amount` is VND; `booked_on` is set once a debit was shown.

    `bank_reference` is what the bank reported as its own reference of it.
    """

    instruction_id: UUID
    order_id: UUID
    amount: int
    purpose: Purpose
    state: InstructionState
    booked_on: date | None
    uetr: str | None = None
    bank_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Pledge:
    """A contribution that a fund declared and that has not arrived. `amount` is VND."""

    contribution_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do for an entry: its postings, and the state that the instruction takes, if any.

    `rung` says by what it was matched.
    """

    entry: Entry
    outcome: Outcome
    postings: tuple[Posting, ...]
    attempt: Attempt | None = None
    contribution_id: UUID | None = None
    rung: Rung | None = None


class Matcher:
    """Judges the entries of one account's statement in their order; what it judged changes what comes after.

    `largest_kept` (VND) is what the bank may have kept of money that it gives back; what is more is for a person.
    """

    def __init__(
        self,
        *,
        fund: str,
        bank_account: str,
        attempts: Mapping[str, Attempt],
        pledges: Mapping[str, Pledge],
        largest_kept: int,
    ) -> None:
        self._largest_kept = largest_kept
        self._fund = fund
        self._bank_account = bank_account
        self._attempts = dict(attempts)
        self._by_uetr = _unique((one.uetr, key) for key, one in attempts.items())
        self._by_reference = _unique((one.bank_reference, key) for key, one in attempts.items())
        self._pledges = dict(pledges)

    def judge(self, entries: Sequence[Entry]) -> list[Judgement]:
        """Return what each entry means, in order."""
        return [self._judged(entry) for entry in entries]

    def _judged(self, entry: Entry) -> Judgement:
        if entry.is_loan:
            return self._loan(entry)
        return self._debit(entry) if entry.side == "debit" else self._credit(entry)

    def _loan(self, entry: Entry) -> Judgement:
        if entry.side == "debit":
            lent = templates.loan_disbursed(entry.amount, self._fund, self._bank_account)
            return Judgement(entry, Outcome.LOAN_DISBURSED, lent)
        repaid = templates.loan_repaid(entry.amount, self._fund, self._bank_account)
        return Judgement(entry, Outcome.LOAN_REPAID, repaid)

    def _found(self, entry: Entry) -> tuple[str, Rung] | None:
        """Climb the ladder: return the end-to-end id of the attempt that an entry is of, and by what it was found.

        Ids of ours that name different attempts name none.
        """
        ours = (
            (
                entry.end_to_end_id if entry.end_to_end_id in self._attempts else None,
                Rung.BATCH if entry.by_file else Rung.END_TO_END_ID,
            ),
            (self._by_uetr.get(entry.uetr or ""), Rung.UETR),
            (entry.instruction_id if entry.instruction_id in self._attempts else None, Rung.INSTRUCTION_ID),
        )
        named = [(key, rung) for key, rung in ours if key is not None]
        if len({key for key, _ in named}) > 1:
            return None
        if named and named[0][1] is not Rung.INSTRUCTION_ID:
            return named[0]
        by_reference = self._by_reference.get(entry.bank_reference or "") if entry.end_to_end_id is None else None
        if by_reference is not None and self._attempts[by_reference].amount == entry.amount:
            return by_reference, Rung.BANK_REFERENCE
        return named[0] if named else None

    def _debit(self, entry: Entry) -> Judgement:
        found = self._found(entry)
        if found is None:
            return self._unmatched_debit(entry)
        key, rung = found
        attempt = self._attempts[key]
        if attempt.state in CLOSED:
            return self._claim(entry, key, rung, Outcome.DEBIT_AFTER_CLOSE)
        if attempt.booked_on is not None or attempt.state is InstructionState.EXCEPTION:
            return self._claim(entry, key, rung, Outcome.DOUBLE_DEBIT)
        if entry.amount != attempt.amount:
            return self._claim(entry, key, rung, Outcome.AMOUNT_MISMATCH)
        refused = attempt.state is InstructionState.RETURN_EXPECTED or attempt.state in PROVEN
        state = InstructionState.RETURN_EXPECTED if refused else InstructionState.BOOKED
        postings = templates.booked_debit(attempt.amount, attempt.purpose, self._bank_account)
        booked = replace(attempt, state=state, booked_on=entry.booked_on)
        return self._of_attempt(entry, Outcome.PAID, postings, key, rung, booked)

    def _unmatched_debit(self, entry: Entry) -> Judgement:
        if entry.is_fee and entry.end_to_end_id is None:
            return Judgement(entry, Outcome.FEE, templates.bank_fee(entry.amount, self._fund, self._bank_account))
        postings = templates.unknown_debit(entry.amount, self._fund, self._bank_account)
        return Judgement(entry, Outcome.UNKNOWN_DEBIT, postings)

    def _claim(self, entry: Entry, key: str, rung: Rung, outcome: Outcome) -> Judgement:
        attempt = self._attempts[key]
        postings = templates.wrong_debit(entry.amount, attempt.purpose, self._bank_account)
        # A rejected or returned attempt stays closed: its order may have another one by now.
        closed = outcome is Outcome.DEBIT_AFTER_CLOSE
        state = attempt.state if closed else InstructionState.EXCEPTION
        return self._of_attempt(entry, outcome, postings, key, rung, replace(attempt, state=state))

    def _credit(self, entry: Entry) -> Judgement:
        if entry.is_return:
            return self._return(entry)
        reference = next((one for one in (entry.narrative, entry.end_to_end_id) if one in self._pledges), None)
        if reference is not None and self._pledges[reference].amount == entry.amount:
            pledge = self._pledges.pop(reference)
            postings = templates.contribution(entry.amount, self._fund, self._bank_account)
            return Judgement(entry, Outcome.CONTRIBUTION, postings, contribution_id=pledge.contribution_id)
        return self._suspense(entry, Outcome.UNKNOWN_CREDIT)

    def _return(self, entry: Entry) -> Judgement:
        found = self._found(entry)
        attempt = self._attempts[found[0]] if found is not None else None
        returnable = (InstructionState.BOOKED, InstructionState.RETURN_EXPECTED)
        if found is None or attempt is None or attempt.state not in returnable or attempt.booked_on is None:
            return self._suspense(entry, Outcome.RETURN_UNMATCHED)
        returned = replace(attempt, state=InstructionState.RETURNED)
        if entry.amount == attempt.amount:
            postings = templates.booked_return(attempt.amount, attempt.purpose, self._bank_account)
            return self._of_attempt(entry, Outcome.RETURNED, postings, *found, returned)
        if 0 < attempt.amount - entry.amount <= self._largest_kept:
            postings = templates.partial_return(attempt.amount, entry.amount, attempt.purpose, self._bank_account)
            return self._of_attempt(entry, Outcome.RETURNED_PARTIAL, postings, *found, returned)
        return self._suspense(entry, Outcome.RETURN_UNMATCHED)

    def _suspense(self, entry: Entry, outcome: Outcome) -> Judgement:
        return Judgement(entry, outcome, templates.unknown_credit(entry.amount, self._fund, self._bank_account))

    def _of_attempt(
        self, entry: Entry, outcome: Outcome, postings: tuple[Posting, ...], key: str, rung: Rung, attempt: Attempt
    ) -> Judgement:
        self._attempts[key] = attempt
        marked = of_instruction(postings, attempt.order_id, attempt.instruction_id)
        return Judgement(entry, outcome, marked, attempt, rung=rung)


def _unique(pairs: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """Return what each key leads to, without the keys that lead to several."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for key, value in pairs:
        if key is None:
            continue
        if found.setdefault(key, value) != value:
            several.add(key)
    return {key: value for key, value in found.items() if key not in several}


def opening_balance(statement: Statement, fund: str, bank_account: str) -> Judgement:
    """Return the judgement of what an account held before its first statement: money that nobody has explained yet."""
    entry = Entry(0, "credit", statement.opening, statement.day, None, None, None, is_return=False, return_reason=None)
    postings = templates.unknown_credit(statement.opening, fund, bank_account)
    return Judgement(entry, Outcome.OPENING_BALANCE, postings)
