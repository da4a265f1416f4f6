"""Outbox (which is the journal too), inbox, dead letters, and how far the log is known to reach."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from shared.db.kit import kit_metadata

outbox = Table(
    "outbox",
    kit_metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text),
    Column("data", LargeBinary, nullable=False),
    # Given by the relay when the log has the event. The order of the journal: `seq` is not, since a transaction that
    # took its numbers early may commit late.
    Column("position", BigInteger),
    Column("partition", Integer),
    Column("offset", BigInteger, comment="where the log has the event; none when it was not sent or was lost"),
    Index("outbox_unsent", "position", "seq", postgresql_where=text('"offset" IS NULL')),
    Index("outbox_position", "position", unique=True, postgresql_where=text("position IS NOT NULL")),
)

log_marks = Table(
    "log_marks",
    kit_metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column(
        "offset",
        BigInteger,
        nullable=False,
        comment="the highest offset acknowledged to us and not lost since",
    ),
    Column("reach", BigInteger, nullable=False, comment="no offset from here on was ever given out"),
)

inbox = Table(
    "inbox",
    kit_metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
)

dead_letters = Table(
    "dead_letters",
    kit_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text),
    Column("data", LargeBinary, nullable=False),
    # failed: could not be handled. parked: waits behind a failed one of the same key.
    Column("state", Text, nullable=False, comment="failed, parked, replayed or discarded"),
    Column("error", Text, comment="class of the error; never the text, which may quote a person's data"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_seen", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("resolved_at", DateTime(timezone=True)),
    Column("resolved_by", Text),
    Column("reason", Text),
    Index("dead_letters_once", "consumer", "event_id", unique=True),
    Index(
        "dead_letters_waiting",
        "consumer",
        "key",
        "id",
        postgresql_where=text("state IN ('failed', 'parked')"),
    ),
)
