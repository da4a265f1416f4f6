"""The notifications service in a test's hands: its consumers and steps on a real database, its clock turned by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
from sqlalchemy import Row, select

from services.notifications.addressing import Addressing
from services.notifications.consumers import CONTACTS, messages_consumer
from services.notifications.delivery import Delivery
from services.notifications.domain.quiet_hours import load_quiet_hours
from services.notifications.domain.templates import load_templates
from services.notifications.gateway import Gateway
from services.notifications.sending import Sending
from services.notifications.store.messages import phone_of
from services.notifications.tables import attempts, messages
from shared.clock import VIETNAM
from shared.db import Database
from shared.events import EVENT_TYPES, Event, Message
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.events.people import sealed_contacts, sealed_phone
from shared.events.registry import AccountChanged, HouseholdStated, Member, PersonStated
from shared.ids import new_id
from shared.keys import keys_of
from shared.messaging.consumers import apply
from shared.messaging.tables import outbox
from tests.support import events
from tests.support.keys import KEYS
from tests.support.waiting import until

TEN_IN_THE_MORNING = datetime(2026, 11, 23, 10, tzinfo=VIETNAM)


@dataclass
class Clock:
    """Stands until it is turned."""

    instant: datetime = TEN_IN_THE_MORNING

    def __call__(self) -> datetime:
        return self.instant

    def turn(self, **by: float) -> None:
        """Go on by some days, hours, minutes or seconds."""
        self.instant += timedelta(**by)


@dataclass(frozen=True)
class Family:
    """A household whose head has a telephone."""

    id: UUID
    phone: str | None

    @property
    def head(self) -> UUID:
        """The head's id."""
        return uuid5(self.id, "head")

    def household(self, version: int = 1) -> HouseholdStated:
        """State the household."""
        head = Member(person_id=self.head, sex="female", birth_year=1986, ethnicity="02", is_head=True)
        child = Member(person_id=uuid5(self.id, "child"), sex="male", birth_year=2014, ethnicity="02")
        return HouseholdStated(
            household_id=self.id,
            version=version,
            area_code="08566",
            members=(child, head),
            recorded_at=TEN_IN_THE_MORNING,
        )

    def person(self, version: int = 1, name: str = "Hà Thị Nguyệt", phone: str | None = None) -> PersonStated:
        """State the head."""
        return PersonStated(
            household_id=self.id,
            person_id=self.head,
            version=version,
            full_name=name,
            is_head=True,
            phone=sealed_phone(KEYS.people, self.head, phone or self.phone),
        )

    def account_changed(self, phones: Sequence[str]) -> AccountChanged:
        """Where the head is paid is another now; `phones` are those of before."""
        return AccountChanged(
            household_id=self.id,
            person_id=self.head,
            person_version=2,
            number_ends="999",
            replaced_number_ends="456",
            changed_on=events.DAY,
            contacts=sealed_contacts(KEYS.people, self.head, phones),
        )

    def classified(self) -> Event:
        """The commune's decision."""
        return events.classified(1, "186/QĐ-UBND").model_copy(update={"household_id": self.id})

    def paid(self) -> PaymentSettled:
        """A payment on the bank's statement."""
        return PaymentSettled(**self._payment(), settled_on=events.DAY)

    def returned(self) -> PaymentReturned:
        """A payment that came back."""
        return PaymentReturned(**self._payment(), reason="AC04", returned_on=events.DAY)

    def _payment(self) -> dict[str, Any]:
        ids = {name: uuid5(self.id, name) for name in ("order_id", "award_id")}
        place = {"household_id": self.id, "person_id": self.head, "area_code": "08566"}
        return {**ids, **place, "programme": "single-parent-poor", "period": "2026-11", "amount": 500_000}


def family(ending: str | None = "5678") -> Family:
    """Return a new family; the gateway treats its telephone by the last four digits. None: it has none."""
    identity = new_id()
    return Family(identity, None if ending is None else f"+8491{identity.int % 1000:03d}{ending}")


@dataclass
class Desk:
    """Drives the service step by step."""

    database: Database
    gateway_url: str
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        quiet, gateway = load_quiet_hours(), Gateway(self.gateway_url)
        self.addressing = Addressing(load_templates(), quiet, marks=False, now=self.clock)
        self.sending = Sending(gateway, quiet, self.clock)
        self.delivery = Delivery(gateway, self.clock)

    def message(self, event: Event) -> Message:
        """Return an event as it comes off the log now."""
        return replace(events.message(event), time=self.clock())

    async def receive(self, *received: Message | Event) -> None:
        """Give messages to both consumers, as one batch."""
        batch = [item if isinstance(item, Message) else self.message(item) for item in received]
        for consumer in (CONTACTS, messages_consumer(self.clock)):
            topics = [message for message in batch if message.topic in consumer.topics]
            async with self.database.transaction() as session:
                await apply(session, consumer, topics)

    async def work(self) -> None:
        """Let every worker do what is due, and a second pass."""
        for step in (self.addressing.step, self.sending.step, self.delivery.step):
            while await step(self.database):
                self.clock.turn(milliseconds=1)
        self.clock.turn(seconds=1)

    async def until_states(self, **wanted: int) -> None:
        """Work until just so many messages are in each state."""

        async def reached() -> bool:
            await self.work()
            return await self.states() == wanted

        await until(reached, describe=f"messages {wanted}")

    async def states(self) -> dict[str, int]:
        """Return how many messages are in each state."""
        found: dict[str, int] = {}
        for row in await self.messages():
            found[row.state] = found.get(row.state, 0) + 1
        return found

    async def messages(self) -> Sequence[Row[Any]]:
        """Return every message."""
        async with self.database.transaction() as session:
            return (await session.execute(select(messages).order_by(messages.c.purpose))).all()

    async def telephones(self) -> list[str | None]:
        """Return the telephone that each message goes to."""
        async with self.database.transaction() as session:
            return [phone_of(row, keys_of(session)) for row in await self.messages()]

    async def attempts(self) -> list[tuple[int, str | None]]:
        """Return number and outcome of every attempt."""
        async with self.database.transaction() as session:
            query = select(attempts.c.number, attempts.c.outcome).order_by(attempts.c.message_id, attempts.c.number)
            return [(number, outcome) for number, outcome in (await session.execute(query)).all()]

    async def told(self) -> list[Event]:
        """Return the events that the service published, in order."""
        async with self.database.transaction() as session:
            rows = (await session.execute(select(outbox.c.type, outbox.c.data).order_by(outbox.c.seq))).all()
        return [EVENT_TYPES[name].model_validate_json(data) for name, data in rows]

    async def received_by_phones(self) -> dict[UUID, int]:
        """Return how often the telephone really got each of our messages, asked of the gateway's own book."""
        ours = {row.id for row in await self.messages()}
        async with httpx.AsyncClient(base_url=self.gateway_url, trust_env=False) as client:
            truth = (await client.get("/admin/truth")).json()["messages"]
        return {UUID(item["id"]): item["delivered_times"] for item in truth if UUID(item["id"]) in ours}
