"""What goes wrong, chosen by the data of a payment, so that it also works by hand.

Two tables by payment: the last five digits of the creditor's account decide first, then the last three digits of
the amount (benefits are multiples of 1,000 VND, so those are free). One table by file: a transaction of such an
amount disturbs the answer to its file once; the same file sent again goes well. Two short lists disturb what the bank
says of a file later: its callbacks, and its answers to questions.

Days are the bank's own (`Terms.day`): a bank whose day has no length does at once what else would take days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Reason:
    """Why a payment was refused: an ISO code, or a code of the bank's own that nobody else knows."""

    code: str
    own: bool = False


@dataclass(frozen=True)
class Step:
    """A status that is reported; `days` later the payment goes on, or never by itself when there are none."""

    status: str
    reason: str | None = None
    days: int | None = 0


@dataclass(frozen=True)
class Return:
    """A booked payment that comes back once a statement has shown its debit, `days` after the booking at the earliest.

    `kept` is what the other bank keeps for its trouble, in VND.
    """

    reason: str
    days: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Behaviour:
    """How one payment is carried out.

    Attributes:
        before: statuses reported before it is booked or refused.
        refused: rejected with this reason, without a debit.
        reported: the status reported when it is booked.
        after: statuses reported after the booking.
        returned: booked, and given back.
        debits: how often the payer is debited, though settlement is reported once.
        surplus: VND debited above the instructed amount.
    """

    before: tuple[Step, ...] = ()
    refused: Reason | None = None
    reported: str = "ACSC"
    after: tuple[Step, ...] = ()
    returned: Return | None = None
    debits: int = 1
    surplus: int = 0


@dataclass(frozen=True)
class FileFault:
    """How the answer to a whole file is disturbed.

    Attributes:
        name: what the fault is remembered by.
        accepts: the file takes effect before the disturbance.
        answers: HTTP status 500 is answered; otherwise the connection is cut without an answer.
        forged: the receipt comes, with a signature that is not the bank's.
    """

    name: str
    accepts: bool
    answers: bool
    forged: bool = False


class Telling(StrEnum):
    """How the callbacks of a payment go."""

    ONCE = "once"
    THRICE = "thrice"
    BACKWARDS = "backwards"
    LOST = "lost"


NORMAL = Behaviour()

BY_ACCOUNT = {
    "90001": Behaviour(reported="ACCC"),
    "90101": Behaviour(refused=Reason("AC01")),
    "90104": Behaviour(refused=Reason("AC04")),
    "90106": Behaviour(refused=Reason("AC06")),
    "90107": Behaviour(refused=Reason("MD07")),
    "90108": Behaviour(refused=Reason("BE01")),
    "90111": Behaviour(refused=Reason("AG01")),
    "90112": Behaviour(returned=Return("MD07", days=1)),
    "90113": Behaviour(before=(Step("ACWC", "DT06", days=1),)),
    "90114": Behaviour(refused=Reason("RR04")),
    "90115": Behaviour(after=(Step("BLCK"),)),
    "90116": Behaviour(before=(Step("PATC", days=None),)),
    "90117": Behaviour(before=(Step("PDNG", "AB08", days=1),)),
    "90119": Behaviour(refused=Reason("XB-7731", own=True)),
}

BY_AMOUNT = {
    106: Behaviour(before=(Step("PDNG", days=None),)),
    107: Behaviour(before=(Step("PDNG", days=3),)),
    108: Behaviour(returned=Return("AC04", days=2)),
    109: Behaviour(returned=Return("AC04", days=40)),
    110: Behaviour(returned=Return("AC04", days=2, kept=5_000)),
    111: Behaviour(debits=0),
    112: Behaviour(surplus=1),
    113: Behaviour(debits=2),
    114: Behaviour(before=(Step("ACSP"),), refused=Reason("AC06")),
    115: Behaviour(after=(Step("ACSC", days=1), Step("RJCT", "AC04")), returned=Return("AC04", days=2)),
    120: Behaviour(refused=Reason("AM04")),
    121: Behaviour(refused=Reason("AM14")),
    122: Behaviour(reported="ZZZZ"),
    123: Behaviour(before=(Step("RJCT", "AM04", days=None),)),
}

FILE_FAULTS = {
    101: FileFault("silent, not accepted", accepts=False, answers=False),
    102: FileFault("silent, accepted", accepts=True, answers=False),
    103: FileFault("error, not accepted", accepts=False, answers=True),
    104: FileFault("error, accepted", accepts=True, answers=True),
    105: FileFault("forged receipt, accepted", accepts=True, answers=True, forged=True),
}

TELLINGS = {116: Telling.THRICE, 117: Telling.BACKWARDS, 118: Telling.LOST}
"""By the amount of a payment: how its callbacks go."""

MUTE_AMOUNT = 119
"""A file with such an amount is told of by callbacks alone: questions about it are answered 503 until it is healed."""

MUTE_ACCOUNT = "90118"
"""A file with such an account is not spoken of for two hours: questions about it are answered 503."""


def behaviour(creditor_account: str, amount: int) -> Behaviour:
    """Return how a payment of `amount` VND to this account is carried out."""
    by_account = BY_ACCOUNT.get(creditor_account[-5:])
    return by_account or BY_AMOUNT.get(amount % 1000, NORMAL)


def telling(amount: int) -> Telling:
    """Return how the callbacks of a payment of `amount` VND go."""
    return TELLINGS.get(amount % 1000, Telling.ONCE)


def file_faults(amounts: Iterable[int]) -> list[FileFault]:
    """Return the faults that the amounts (VND) of a file ask for, in the order in which they strike."""
    endings = {amount % 1000 for amount in amounts}
    return [fault for ending, fault in sorted(FILE_FAULTS.items()) if ending in endings]
