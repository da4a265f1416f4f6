"""What each entry of a statement means for our instructions and books. The statement decides; nothing is guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Posting, Purpose, of_instruction
from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.domain.states import CLOSED, InstructionState


class Outcome(StrEnum):
    """What was made of an entry. The first three are the ordinary course; all others are for a person to look at."""

    PAID = "paid"
    RETURNED = "returned"
    CONTRIBUTION = "contribution"
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
        return self not in (Outcome.PAID, Outcome.RETURNED, Outcome.CONTRIBUTION, Outcome.OPENING_BALANCE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An instruction as it is when the statement comes. `amount` is VND; `booked_on` is set once a debit was shown."""

    instruction_id: UUID
    order_id: UUID
    amount: int
    purpose: Purpose
    state: InstructionState
    booked_on: date | None


@dataclass(frozen=True, slots=True)
class Pledge:
    """A contribution that a fund declared and that has not arrived. `amount` is VND."""

    contribution_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do for an entry: its postings, and the state that the instruction takes, if any."""

    entry: Entry
    outcome: Outcome
    postings: tuple[Posting, ...]
    attempt: Attempt | None = None
    contribution_id: UUID | None = None


class Matcher:
    """Judges the entries of one account's statement in their order; what it judged changes what comes after."""

    def __init__(
        self, *, fund: str, bank_account: str, attempts: Mapping[str, Attempt], pledges: Mapping[str, Pledge]
    ) -> None:
        self._fund = fund
        self._bank_account = bank_account
        self._attempts = dict(attempts)
        self._pledges = dict(pledges)

    def judge(self, entries: Sequence[Entry]) -> list[Judgement]:
        """Return what each entry means, in order."""
        return [self._debit(entry) if entry.side == "debit" else self._credit(entry) for entry in entries]

    def _debit(self, entry: Entry) -> Judgement:
        attempt = self._attempts.get(entry.end_to_end_id or "")
        if attempt is None:
            postings = templates.unknown_debit(entry.amount, self._fund, self._bank_account)
            return Judgement(entry, Outcome.UNKNOWN_DEBIT, postings)
        if attempt.state in CLOSED:
            return self._claim(entry, attempt, Outcome.DEBIT_AFTER_CLOSE)
        if attempt.booked_on is not None or attempt.state is InstructionState.EXCEPTION:
            return self._claim(entry, attempt, Outcome.DOUBLE_DEBIT)
        if entry.amount != attempt.amount:
            return self._claim(entry, attempt, Outcome.AMOUNT_MISMATCH)
        state = attempt.state if attempt.state is InstructionState.RETURN_EXPECTED else InstructionState.BOOKED
        postings = templates.booked_debit(attempt.amount, attempt.purpose, self._bank_account)
        return self._of_attempt(entry, Outcome.PAID, postings, replace(attempt, state=state, booked_on=entry.booked_on))

    def _claim(self, entry: Entry, attempt: Attempt, outcome: Outcome) -> Judgement:
        postings = templates.wrong_debit(entry.amount, attempt.purpose, self._bank_account)
        # A rejected or returned attempt stays closed: its order may have another one by now.
        closed = outcome is Outcome.DEBIT_AFTER_CLOSE
        state = attempt.state if closed else InstructionState.EXCEPTION
        return self._of_attempt(entry, outcome, postings, replace(attempt, state=state))

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
        attempt = self._attempts.get(entry.end_to_end_id or "")
        returnable = (InstructionState.BOOKED, InstructionState.RETURN_EXPECTED)
        if (
            attempt is None
            or attempt.state not in returnable
            or attempt.booked_on is None
            or attempt.amount != entry.amount
        ):
            return self._suspense(entry, Outcome.RETURN_UNMATCHED)
        postings = templates.booked_return(attempt.amount, attempt.purpose, self._bank_account)
        returned = replace(attempt, state=InstructionState.RETURNED)
        return self._of_attempt(entry, Outcome.RETURNED, postings, returned)

    def _suspense(self, entry: Entry, outcome: Outcome) -> Judgement:
        return Judgement(entry, outcome, templates.unknown_credit(entry.amount, self._fund, self._bank_account))

    def _of_attempt(self, entry: Entry, outcome: Outcome, postings: tuple[Posting, ...], attempt: Attempt) -> Judgement:
        self._attempts[entry.end_to_end_id or ""] = attempt
        marked = of_instruction(postings, attempt.order_id, attempt.instruction_id)
        return Judgement(entry, outcome, marked, attempt)


def opening_balance(statement: Statement, fund: str, bank_account: str) -> Judgement:
    """Return the judgement of what an account held before its first statement: money that nobody has explained yet."""
    entry = Entry(0, "credit", statement.opening, statement.day, None, None, None, is_return=False, return_reason=None)
    postings = templates.unknown_credit(statement.opening, fund, bank_account)
    return Judgement(entry, Outcome.OPENING_BALANCE, postings)
