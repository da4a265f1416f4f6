"""The projection of grants, in every service's database."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.kit import kit_metadata

access_grants = Table(
    "access_grants",
    kit_metadata,
    Column("grant_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("area_code", Text, comment="as granted; null is everywhere"),
    Column("everywhere", Boolean, nullable=False),
    Column("communes", ARRAY(Text), nullable=False, comment="what the area covers, as the registry last stated"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last day, inclusive"),
    Column("revoked", Boolean, nullable=False),
    Index("access_grants_subject", "subject"),
)
