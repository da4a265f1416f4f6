"""The table of jobs, in every service's database."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.db.kit import kit_metadata

jobs = Table(
    "jobs",
    kit_metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("result", JSONB),
    Column("problem", JSONB),
    Column("created_by", Text, nullable=False),
    Column("traceparent", Text),
    # How often it was taken up: only who holds the newest attempt may write.
    Column("attempt", Integer, nullable=False, server_default="0"),
    # Counts what readers can see change: the id of the job's server-sent events.
    Column("sequence", BigInteger, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("heartbeat_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="jobs_state"),
    CheckConstraint("done >= 0 AND (total IS NULL OR total >= 0)", name="jobs_progress"),
    Index("jobs_open", "created_at", "id", postgresql_where=text("state IN ('queued', 'running')")),
)
