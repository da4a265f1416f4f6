"""What goes wrong, chosen by the data of a payment, so that it also works by hand.

Two tables by payment: the last five digits of the creditor's account decide first, then the last three digits of
the amount (benefits are multiples of 1,000 VND, so those are free). One table by file: a transaction of such an
amount disturbs the answer to its file once; the same file sent again goes well.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why a payment was refused: an ISO code, or a code of the bank's own that nobody else knows."""

    code: str
    own: bool = False


@dataclass(frozen=True)
class Behaviour:
    """How one payment is carried out.

    Attributes:
        refused: rejected with this reason, without a debit.
        returned: booked, and given back with this return reason after the statement that shows the debit.
        debits: how often the payer is debited, though settlement is reported once.
        surplus: VND debited above the instructed amount.
    """

    refused: Reason | None = None
    returned: str | None = None
    debits: int = 1
    surplus: int = 0


@dataclass(frozen=True)
class FileFault:
    """How the answer to a whole file is disturbed.

    Attributes:
        name: what the fault is remembered by.
        accepts: the file takes effect before the disturbance.
        answers: HTTP status 500 is answered; otherwise the connection is cut without an answer.
    """

    name: str
    accepts: bool
    answers: bool


NORMAL = Behaviour()

BY_ACCOUNT = {
    "90001": NORMAL,
    "90101": Behaviour(refused=Reason("AC01")),
    "90104": Behaviour(refused=Reason("AC04")),
    "90106": Behaviour(refused=Reason("AC06")),
    "90107": Behaviour(refused=Reason("MD07")),
    "90108": Behaviour(refused=Reason("BE01")),
    "90111": Behaviour(refused=Reason("AG01")),
    "90112": Behaviour(returned="MD07"),
    "90114": Behaviour(refused=Reason("RR04")),
    "90119": Behaviour(refused=Reason("XB-7731", own=True)),
}

BY_AMOUNT = {
    108: Behaviour(returned="AC04"),
    111: Behaviour(debits=0),
    112: Behaviour(surplus=1),
    113: Behaviour(debits=2),
}

FILE_FAULTS = {
    101: FileFault("silent, not accepted", accepts=False, answers=False),
    102: FileFault("silent, accepted", accepts=True, answers=False),
    103: FileFault("error, not accepted", accepts=False, answers=True),
    104: FileFault("error, accepted", accepts=True, answers=True),
}


def behaviour(creditor_account: str, amount: int) -> Behaviour:
    """Return how a payment of `amount` VND to this account is carried out."""
    by_account = BY_ACCOUNT.get(creditor_account[-5:])
    return by_account or BY_AMOUNT.get(amount % 1000, NORMAL)


def file_faults(amounts: Iterable[int]) -> list[FileFault]:
    """Return the faults that the amounts (VND) of a file ask for, in the order in which they strike."""
    endings = {amount % 1000 for amount in amounts}
    return [fault for ending, fault in sorted(FILE_FAULTS.items()) if ending in endings]
