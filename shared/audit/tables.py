"""Audit rows, the chain over them, and which of them it does not hold yet. Rows and seals are only ever added."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.kit import kit_metadata

audit_rows = Table(
    "audit_rows",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("who", Text, nullable=False, comment="subject, or system:<name> of what acts by itself"),
    Column("operation", Text, nullable=False),
    Column("kind", Text, comment="what it was done to: household, person, run, …"),
    Column("object_id", Text),
    Column("area", Text),
    Column("request_id", Text),
    Column("traceparent", Text),
    Column("purpose", Text, comment="why personal data were asked for"),
    Column("outcome", Text, nullable=False, comment="done, refused or replayed"),
    Column("details", JSONB, nullable=False, comment="personal values stand here as keyed digests"),
    Index("audit_rows_object", "object_id", "at", postgresql_where=text("object_id IS NOT NULL")),
)

audit_seals = Table(
    "audit_seals",
    kit_metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("row_id", Uuid, nullable=False, unique=True),
    Column("previous", LargeBinary, nullable=False, comment="hash of the seal before; 32 zero bytes for the first"),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 of `previous` and the row in canonical JSON"),
)

audit_unsealed = Table("audit_unsealed", kit_metadata, Column("row_id", Uuid, primary_key=True))
