"""What an event is: a frozen model with a type name, a topic, a kind and a key.

Two kinds. A *state* event carries a whole aggregate with its version: newer replaces older, and it may be published
again. A *fact* happened once. A published type only ever gains optional fields; anything else is a new version of the
type name beside the old one. See `docs/events.md`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PARTITIONS = 12
LARGEST_EVENT = 512_000  # bytes of data; Kafka's default limit of one message is 1 MB

Kind = Literal["state", "fact"]


class EventTooLarge(ValueError):
    """The data of an event is over `LARGEST_EVENT` bytes."""


class Event(BaseModel, ABC):
    """The data of an event. Readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    KIND: ClassVar[Kind]

    @property
    @abstractmethod
    def key(self) -> str:
        """What the event is ordered by: the household's id; for area events the area's code; for grants the grant's."""

    def encode(self) -> bytes:
        """Return the JSON bytes that travel.

        Raises:
            EventTooLarge: the data is over 512 kB.
        """
        data = self.model_dump_json().encode()
        if len(data) > LARGEST_EVENT:
            raise EventTooLarge(f"{self.TYPE}: {len(data)} bytes of data, {LARGEST_EVENT} are allowed")
        return data


class HouseholdEvent(Event):
    """An event of one household; all such events of one topic stay in order."""

    household_id: UUID

    @property
    def key(self) -> str:
        return str(self.household_id)


class AreaEvent(Event):
    """An event of one administrative unit."""

    code: str

    @property
    def key(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Message:
    """An event with its CloudEvents 1.0 attributes, its data still encoded."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    topic: str
    key: str
    data: bytes
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a consumer got, with its decoded event."""

    message: Message
    event: Event
