"""Which events a family is told of, and with what words filled in. Values are Vietnamese, with marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args
from uuid import UUID, uuid5

from shared.events import Event
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.events.registry import AccountChanged, HouseholdClass, HouseholdClassified

Purpose = Literal["household_classified", "payment_settled", "payment_returned", "account_changed"]
# A decision that is recorded so many days after it was taken is history; its family was told on paper then.
NEWS_DAYS = 45
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

CLASS_NAMES: Mapping[HouseholdClass, str] = {
    "poor": "hộ nghèo",
    "near_poor": "hộ cận nghèo",
    "not_poor": "không nghèo, cận nghèo",
}


@dataclass(frozen=True)
class Notice:
    """What to tell a household; the name of its head is not known yet."""

    purpose: Purpose
    household_id: UUID
    values: Mapping[str, str]


def message_id(event_id: UUID, purpose: Purpose, contact: int = 0) -> UUID:
    """Return the identity of a message that an event causes: the same however often the event comes.

    `contact` counts the telephones that an event names itself, from 1; 0 is whatever the household has.
    """
    return uuid5(event_id, f"{purpose}/{contact}" if contact else purpose)


def notice_of(event: Event) -> Notice:
    """Return what an event means to the household.

    Raises:
        TypeError: nobody is told of such an event.
    """
    match event:
        case HouseholdClassified():
            values = {
                "household_class": CLASS_NAMES[event.household_class],
                "standard": event.standard.removeprefix("vn-"),
                "decision": event.decision_number,
                "date": _day(event.decided_on),
            }
            return Notice("household_classified", event.household_id, values)
        case PaymentSettled():
            values = _payment(event.amount, event.period, event.settled_on)
            return Notice("payment_settled", event.household_id, values)
        case PaymentReturned():
            values = _payment(event.amount, event.period, event.returned_on)
            return Notice("payment_returned", event.household_id, values)
        case AccountChanged():
            account = "tiền mặt" if event.number_ends is None else f"TK đuôi {event.number_ends}"
            values = {"account": account, "date": _day(event.changed_on)}
            return Notice("account_changed", event.household_id, values)
    raise TypeError(event.TYPE)


def is_news(event: Event, recorded_on: date) -> bool:
    """Return whether families are still to be told of an event.

    Not of a decision that an old list brought in late, nor of one that a later decision had replaced already.
    """
    if not isinstance(event, HouseholdClassified):
        return True
    return event.in_force and (recorded_on - event.decided_on).days <= NEWS_DAYS


def _payment(amount: int, period: str, day: date) -> dict[str, str]:
    year, month = period.split("-")
    return {"amount": vnd(amount), "period": f"{month}/{year}", "date": _day(day)}


def vnd(amount: int) -> str:
    """Return an amount as a message writes it, `1.500.000 VND`: the letter đ alone would halve the room of a part."""
    return f"{amount:,}".replace(",", ".") + " VND"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
