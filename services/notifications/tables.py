"""The tables of notifications: a copy of who can be reached how, messages, and each attempt to send one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, MetaData, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.notifications.domain.progress import STATES
from shared.encryption import SEALED, SealedTable

_Instant = DateTime(timezone=True)


class Table(SQLModel):
    """What the tables of this service have in common: one catalogue of tables, apart from other services'."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_name)s_once",
            "ck": "%(table_name)s_%(constraint_name)s",
            "fk": "%(table_name)s_%(column_0_name)s",
            "pk": "%(table_name)s_pkey",
        }
    )


class Person(Table, table=True):
    """A person's name and telephone as registered now. Projection."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint(f"phone ~ '{SEALED}'", name="phone_sealed"),)

    person_id: UUID = Field(primary_key=True)
    full_name: str = Field(sa_type=Text)
    phone: str | None = Field(default=None, sa_type=Text, description="E.164, sealed")
    version: int


class Household(Table, table=True):
    """Who speaks for a household, and where it lives. Projection."""

    __tablename__ = "households"

    household_id: UUID = Field(primary_key=True)
    head_id: UUID | None = None
    area_code: str | None = Field(default=None, sa_type=Text)
    version: int


class Message(Table, table=True):
    """One text to one telephone of a household about one event; `contact` counts those that the event named.

    `due_at` is when it needs attention again: an unknown contact to look for, a text to send, a delivery to ask for;
    while an attempt runs, the end of its lease.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("event_id", "purpose", "contact"),
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint(f"phone ~ '{SEALED}'", name="phone_sealed"),
        Index("messages_due", "state", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("messages_newest", "created_at", "id"),
        Index("messages_of_household", "household_id", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    event_id: UUID
    purpose: str = Field(sa_type=Text)
    contact: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    household_id: UUID
    facts: dict[str, Any] = Field(sa_column=Column("facts", JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text, description="why it failed")
    phone: str | None = Field(default=None, sa_type=Text, description="E.164, as of when it was worded; sealed")
    content: str | None = Field(default=None, sa_type=Text, description="the text itself, the same in every attempt")
    template: str | None = Field(default=None, sa_type=Text)
    parts: int | None = None
    attempts: int = 0
    occurred_at: datetime = Field(sa_column=Column("occurred_at", _Instant, nullable=False))
    created_at: datetime = Field(sa_column=Column("created_at", _Instant, nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column("due_at", _Instant))
    sent_at: datetime | None = Field(default=None, sa_column=Column("sent_at", _Instant))
    ended_at: datetime | None = Field(default=None, sa_column=Column("ended_at", _Instant))


class Attempt(Table, table=True):
    """One call to the gateway, noted before it is made. Without `outcome` the process ended before it knew."""

    __tablename__ = "attempts"

    message_id: UUID = Field(primary_key=True, foreign_key="messages.id")
    number: int = Field(primary_key=True)
    started_at: datetime = Field(sa_column=Column("started_at", _Instant, nullable=False))
    outcome: str | None = Field(default=None, sa_type=Text, description="accepted, refused or unknown")
    detail: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_column=Column("ended_at", _Instant))


metadata = Table.metadata
people = metadata.tables["people"]
households = metadata.tables["households"]
messages = metadata.tables["messages"]
attempts = metadata.tables["attempts"]

# Where this service keeps sealed values, for a change of keys.
SEALED_TABLES = (SealedTable(people, ("phone",), row_id=("person_id",)), SealedTable(messages, ("phone",)))
