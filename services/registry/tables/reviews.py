"""Review rounds, from the application to the certificate."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class ReviewRounds(Table, table=True):
    """Reviews of a commune under a standard, in a year (`2026`) or a month (`2026-07`)."""

    __tablename__ = "review_rounds"
    __table_args__ = (UniqueConstraint("area_code", "standard", "period", name="uq_review_rounds_period"),)

    id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    standard: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text, index=True)
    starts_on: date
    ends_on: date
    target_poor: int | None
    target_near_poor: int | None
    opened_by: str = Field(sa_type=Text)
    opened_at: datetime = instant()


class ReviewApplications(Table, table=True):
    """Households that asked to be reviewed, with the round that they wait for."""

    __tablename__ = "review_applications"
    __table_args__ = (
        UniqueConstraint("household_id", "period", name="uq_review_applications_period"),
        Index("ix_review_applications_area_code", "area_code", "period"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="households.id")
    area_code: str = Field(sa_type=Text)
    received_on: date
    channel: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class ReviewCases(Table, table=True):
    """Households in rounds, each with its last records; `stage` follows from them and is kept for counting."""

    __tablename__ = "review_cases"
    __table_args__ = (
        Index("ix_review_cases_stage", "round_id", "stage"),
        Index("ix_review_cases_household_id", "household_id"),
    )

    round_id: UUID = Field(primary_key=True, foreign_key="review_rounds.id")
    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    listed_for: str = Field(sa_type=Text)
    stage: str = Field(sa_type=Text)
    village: str | None = Field(sa_type=Text)
    screened_on: date | None
    screened_out: bool = Field(sa_column=Column(Boolean, nullable=False, server_default="false"))
    screening_reason: str | None = Field(sa_type=Text)
    assessment_id: UUID | None = Field(foreign_key="assessments.id")
    meeting_id: UUID | None
    met_on: date | None
    agreed: bool | None
    posting_id: UUID | None
    posted_on: date | None
    posted_until: date | None
    objected_on: date | None
    decision_id: UUID | None
    decided_on: date | None
    certificate: str | None = Field(sa_type=Text)


class ReviewMeetings(Table, table=True):
    """Meetings of villages, as their minutes have them."""

    __tablename__ = "review_meetings"

    id: UUID = Field(primary_key=True)
    round_id: UUID = Field(foreign_key="review_rounds.id", index=True)
    village: str = Field(sa_type=Text)
    held_on: date
    chaired_by: str = Field(sa_type=Text)
    secretary: str = Field(sa_type=Text)
    present: int
    opinions: str | None = Field(sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class ReviewVotes(Table, table=True):
    """How many of those present agreed to what the survey found about a household."""

    __tablename__ = "review_votes"

    meeting_id: UUID = Field(primary_key=True, foreign_key="review_meetings.id")
    household_id: UUID = Field(primary_key=True)
    assessment_id: UUID
    agreeing: int
    agreed: bool


class ReviewPostings(Table, table=True):
    """Public postings of results, with the last day on which they hang."""

    __tablename__ = "review_postings"

    id: UUID = Field(primary_key=True)
    round_id: UUID = Field(foreign_key="review_rounds.id", index=True)
    posted_on: date
    posted_until: date
    places: str = Field(sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class ReviewObjections(Table, table=True):
    """Objections to what was posted, and what the re-check found."""

    __tablename__ = "review_objections"
    __table_args__ = (Index("ix_review_objections_round_id", "round_id", "household_id"),)

    id: UUID = Field(primary_key=True)
    round_id: UUID = Field(foreign_key="review_rounds.id")
    household_id: UUID
    received_on: date
    made_by: str = Field(sa_type=Text)
    about: str = Field(sa_type=Text)
    due_on: date
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()
    rechecked_on: date | None
    found_right: bool | None
    finding: str | None = Field(sa_type=Text)
    rechecked_by: str | None = Field(sa_type=Text)


class Certificates(Table, table=True):
    """Certificates of poor and near-poor households."""

    __table_args__ = (UniqueConstraint("area_code", "number", name="uq_certificates_number"),)

    round_id: UUID = Field(primary_key=True, foreign_key="review_rounds.id")
    household_id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    number: str = Field(sa_type=Text)
    decision_id: UUID = Field(foreign_key="decisions.id")
    issued_on: date
    signed_by: str = Field(sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


REVIEW_ROUNDS = metadata.tables["review_rounds"]
REVIEW_APPLICATIONS = metadata.tables["review_applications"]
REVIEW_CASES = metadata.tables["review_cases"]
REVIEW_MEETINGS = metadata.tables["review_meetings"]
REVIEW_VOTES = metadata.tables["review_votes"]
REVIEW_POSTINGS = metadata.tables["review_postings"]
REVIEW_OBJECTIONS = metadata.tables["review_objections"]
CERTIFICATES = metadata.tables["certificates"]
