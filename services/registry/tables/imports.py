"""Lists of households: their rows, what is wrong in them, how far they came."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, counted, instant, metadata


class HouseholdReferences(Table, table=True):
    """Under which reference of which source a household came in by a list: there it comes in once."""

    __tablename__ = "household_references"

    source: str = Field(primary_key=True, sa_type=Text)
    reference: str = Field(primary_key=True, sa_type=Text)
    household_id: UUID = Field(foreign_key="households.id")


class HouseholdImports(Table, table=True):
    """Lists of households, each with the job of the same id; without `sha256` while the file is still coming in.

    `reached_…` is the last row that was handled, in the order of references and lines. The counts are of households,
    `people` of members of those created, `handled` of rows. A `trial` registers nothing and keeps its rows; once it is
    registered after all, that is the job `registration_job`.
    """

    __tablename__ = "household_imports"

    id: UUID = Field(primary_key=True)
    source: str = Field(sa_type=Text)
    created_by: str = Field(sa_type=Text)
    created_at: datetime = instant()
    sha256: bytes | None = Field(index=True)
    bytes: int = counted(BigInteger)
    rows: int = counted()
    columns: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    delimiter: str = Field(sa_column=Column(Text, nullable=False, server_default=","))
    trial: bool = counted(Boolean, "false")
    registration_job: UUID | None
    reached_reference: str | None = Field(sa_type=Text)
    reached_line: int = counted()
    handled: int = counted()
    created: int = counted()
    people: int = counted()
    unchanged: int = counted()
    refused: int = counted()


class HouseholdImportRows(Table, table=True):
    """Rows of lists as they were sent: those still to be handled, and those of refused households.

    `cells` is the list of cells as JSON, sealed for import and line.
    """

    __tablename__ = "household_import_rows"

    import_id: UUID = Field(primary_key=True)
    reference: str = Field(primary_key=True, sa_type=Text)
    line: int = Field(primary_key=True)
    cells: bytes = Field(sa_type=LargeBinary)


class HouseholdImportFaults(Table, table=True):
    """What is wrong in a row; `number` counts from 0 in a line. `context` fills in the text of `code`."""

    __tablename__ = "household_import_faults"
    __table_args__ = (Index("ix_household_import_faults_reference", "import_id", "reference"),)

    import_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    reference: str = Field(sa_type=Text)
    column: str | None = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    context: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class HouseholdImportNumbers(Table, table=True):
    """Keyed digests of personal numbers that a trial would have registered so far."""

    __tablename__ = "household_import_numbers"

    import_id: UUID = Field(primary_key=True)
    digest: str = Field(primary_key=True, sa_type=Text)


HOUSEHOLD_REFERENCES = metadata.tables["household_references"]
HOUSEHOLD_IMPORTS = metadata.tables["household_imports"]
HOUSEHOLD_IMPORT_ROWS = metadata.tables["household_import_rows"]
HOUSEHOLD_IMPORT_FAULTS = metadata.tables["household_import_faults"]
HOUSEHOLD_IMPORT_NUMBERS = metadata.tables["household_import_numbers"]
