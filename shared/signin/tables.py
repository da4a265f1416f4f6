"""The table of browser sessions, in every service's database."""

from sqlalchemy import Column, DateTime, Index, LargeBinary, Table, Text

from shared.db.kit import kit_metadata

browser_sessions = Table(
    "browser_sessions",
    kit_metadata,
    Column("id_hash", LargeBinary, primary_key=True, comment="SHA-256 of what the cookie holds"),
    Column("subject", Text, nullable=False),
    Column("id_token", Text, nullable=False, comment="tells the issuer whose session to end at sign-out"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="whatever happens meanwhile"),
    Index("browser_sessions_expires_at", "expires_at"),
)
