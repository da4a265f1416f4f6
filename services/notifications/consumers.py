"""Which events notifications listens to. Who can be reached is kept apart from what they are told."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.notifications.domain.notices import is_news, notice_of
from services.notifications.store import contacts, messages
from services.notifications.tables import households, people
from shared.clock import legal_date
from shared.db import Transaction
from shared.encryption import Keyring
from shared.events import Event, Received
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.events.people import contacts_of
from shared.events.registry import AccountChanged, HouseholdClassified, HouseholdStated, PersonStated
from shared.keys import keys_of
from shared.messaging.consumers import Consumer


async def _keep_contacts(session: Transaction, received: Sequence[Received]) -> None:
    events = [item.event for item in received]
    await contacts.keep_people(session, [event for event in events if isinstance(event, PersonStated)])
    await contacts.keep_households(session, [event for event in events if isinstance(event, HouseholdStated)])


CONTACTS = Consumer(
    name="notifications.contacts",
    kind="projector",
    handles=(PersonStated, HouseholdStated),
    handler=_keep_contacts,
    tables=(people, households),
)


def _told_at(ring: Keyring, event: Event) -> Sequence[str]:
    """Return where an event is told of that says so itself: a change of account, at the telephones of before it."""
    return contacts_of(ring, event) if isinstance(event, AccountChanged) else ()


def messages_consumer(now: Callable[[], datetime]) -> Consumer:
    """Return the reactor that adds a message for each event of which a family is told."""

    async def add_messages(session: Transaction, received: Sequence[Received]) -> None:
        news = [item for item in received if is_news(item.event, legal_date(item.message.time))]
        ring = keys_of(session).people
        wanted = [
            messages.ToAdd(item.message.id, item.message.time, notice_of(item.event), _told_at(ring, item.event))
            for item in news
        ]
        await messages.add(session, wanted, now())

    return Consumer(
        name="notifications.messages",
        kind="reactor",
        handles=(HouseholdClassified, PaymentSettled, PaymentReturned, AccountChanged),
        handler=add_messages,
    )
