"""The table of proposals, in every service's database."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from shared.db.kit import kit_metadata

proposals = Table(
    "proposals",
    kit_metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("area_code", Text),
    Column("content", LargeBinary, nullable=False, comment="canonical JSON"),
    Column("content_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("prepared_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("note", Text),
    CheckConstraint("state IN ('open', 'approved', 'refused')", name="proposals_state"),
    CheckConstraint(
        "(state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
        name="proposals_decided",
    ),
    CheckConstraint("state <> 'approved' OR decided_by <> prepared_by", name="proposals_two_people"),
    Index("proposals_one_open", "kind", "subject", unique=True, postgresql_where=text("state = 'open'")),
    Index("proposals_of_subject", "kind", "subject", "id"),
)
