"""The tables of the registry. Codes are text, instants are aware, dates are dates in law (Asia/Ho_Chi_Minh)."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.encryption import SEALED, SealedTable

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class Table(SQLModel):
    """What the tables of this service have in common: their own metadata."""

    metadata: ClassVar[MetaData] = metadata


def _instant() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _document(empty: str = "{}") -> Any:
    return Field(sa_column=Column(JSONB, nullable=False, server_default=empty))


class Areas(Table, table=True):
    """Administrative units, a row a code and period. `version` counts what was stated about the row."""

    code: str = Field(primary_key=True, sa_type=Text)
    valid_from: date = Field(primary_key=True)
    valid_to: date | None
    name: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    parent_code: str | None = Field(sa_type=Text, index=True)
    version: int


class AreaSuccessions(Table, table=True):
    """Which unit takes over which, from the day `effective` on."""

    __tablename__ = "area_successions"

    old_code: str = Field(primary_key=True, sa_type=Text)
    new_code: str = Field(primary_key=True, sa_type=Text)
    effective: date = Field(primary_key=True)
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default="1"))
    withdrawn: bool = Field(sa_column=Column(Boolean, nullable=False, server_default="false"))
    reorganisation_id: UUID | None


class Reorganisations(Table, table=True):
    """Reorganisations of units: `successions` are pairs of old and new code; the counts are of what moved."""

    id: UUID = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    legal_basis: str = Field(sa_type=Text)
    effective_on: date
    successions: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    prepared_by: str = Field(sa_type=Text)
    prepared_at: datetime = _instant()
    approved_by: str | None = Field(sa_type=Text)
    applied_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    households: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    people: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    grants: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    confirmed_by: str | None = Field(sa_type=Text)
    confirmed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undone_by: str | None = Field(sa_type=Text)
    undone_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undo_note: str | None = Field(sa_type=Text)


class ReorganisationWorklist(Table, table=True):
    """Households of split units: where each waits, which units took parts of its old one, and where it was placed."""

    __tablename__ = "reorganisation_worklist"

    reorganisation_id: UUID = Field(primary_key=True, foreign_key="reorganisations.id")
    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    old_code: str = Field(sa_type=Text)
    waiting_code: str = Field(sa_type=Text)
    candidates: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    placed_code: str | None = Field(sa_type=Text)
    placed_by: str | None = Field(sa_type=Text)
    placed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    placed_by_change: UUID | None


class GrantMoves(Table, table=True):
    """Which grants a reorganisation moved from which unit to which."""

    __tablename__ = "grant_moves"

    reorganisation_id: UUID = Field(primary_key=True, foreign_key="reorganisations.id")
    grant_id: UUID = Field(primary_key=True, foreign_key="grants.id")
    old_code: str = Field(sa_type=Text)
    new_code: str = Field(sa_type=Text)


class AreaTotals(Table, table=True):
    """The published numbers of households and people of a unit in a year."""

    __tablename__ = "area_totals"

    code: str = Field(primary_key=True, sa_type=Text)
    year: int = Field(primary_key=True)
    households: int
    people: int
    source: str = Field(sa_type=Text)
    urban: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    rural: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    ethnicities: dict[str, Any] = _document()
    version: int


class AreaZones(Table, table=True):
    """The zone of a commune, and whether it or a village is extremely difficult, from day to day."""

    __tablename__ = "area_zones"

    code: str = Field(primary_key=True, sa_type=Text)
    valid_from: date = Field(primary_key=True)
    valid_to: date | None
    zone: str | None = Field(sa_type=Text)
    extremely_difficult: bool
    legal_basis: str = Field(sa_type=Text)


class Households(Table, table=True):
    """Households. Whoever changes one, a member or its class locks its row first, several in the order of ids."""

    __table_args__ = (Index("ix_households_area_code", "area_code", "id"),)

    id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    village_code: str | None = Field(sa_type=Text)
    address: str | None = Field(sa_type=Text)
    facts: dict[str, Any] = _document()
    former: list[dict[str, Any]] = _document("[]")
    ended_on: date | None
    ended_reason: str | None = Field(sa_type=Text)
    continued_in: UUID | None
    registered_on: date
    registered_by: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()
    version: int


class HouseholdVersions(Table, table=True):
    """What was known of a household from an instant to an instant, as it was from a day to the day before another.

    `valid_until` is `infinity` while nothing replaces it, `superseded_at` is null while it is what we know. Households,
    people and these rows say the same of today. Without `change_id` it is what was registered.
    """

    __tablename__ = "household_versions"
    __table_args__ = (
        Index("ix_household_versions_household_id", "household_id", "id"),
        Index("ix_household_versions_change_id", "change_id"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    household_id: UUID = Field(foreign_key="households.id")
    valid_from: date
    valid_until: date
    recorded_at: datetime = _instant()
    superseded_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    change_id: UUID | None
    superseded_by: UUID | None
    area_code: str = Field(sa_type=Text)
    people: int
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class HouseholdChanges(Table, table=True):
    """What happened to households: from which day on, told by whom, confirmed by whom. `undoes` another of them."""

    __tablename__ = "household_changes"
    __table_args__ = (Index("ix_household_changes_area_code", "area_code", "id"),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    area_code: str | None = Field(sa_type=Text)
    effective_on: date
    note: str | None = Field(sa_type=Text)
    recorded_at: datetime = _instant()
    prepared_by: str = Field(sa_type=Text)
    confirmed_by: str | None = Field(sa_type=Text)
    confirmed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undoes: UUID | None = Field(foreign_key="household_changes.id", unique=True)


_SEALED_OF_PEOPLE = (
    "phone", "other_phones", "personal_number", "account_number", "account_holder", "account_authorised",
)  # fmt: skip


class People(Table, table=True):
    """Everybody who is or was a member of a household, in the order in which they were named.

    Who is a member nowhere has no `household_id`, but the household that was left.

    Phone, identity number, account number and holder are sealed (`shared/encryption.py`), each for its column and the
    row's id; the database refuses them in the clear. They are found by the blind indexes beside them. `area_code` is
    the household's: the database keeps it so. `name_words` and `name_key` are of the name as `shared.names` has them.
    """

    __table_args__ = (
        Index(
            "ix_people_name_words",
            text("array_to_tsvector(string_to_array(name_words, ' '))"),
            postgresql_using="gin",
        ),
        Index("ix_people_name_key", "name_key", "id"),
        Index("ix_people_area_name", "area_code", "name_key", "id"),
        Index("ix_people_facts", "facts", postgresql_using="gin", postgresql_where=text("facts <> '{}'::jsonb")),
        Index("ix_people_heads", "birth_date", postgresql_where=text("relationship = 'head'")),
        *(CheckConstraint(f"{name} ~ '{SEALED}'", name=f"{name}_sealed") for name in _SEALED_OF_PEOPLE),
        Index(
            "ix_people_authorised_until",
            "account_authorised_until",
            "id",
            postgresql_where="account_authorised_until IS NOT NULL",
        ),
        Index("ix_people_birth_given", "birth_date", text("split_part(name_words, ' ', '-1'::integer)")),
        Index("ix_people_area_given", "area_code", text("split_part(name_words, ' ', '-1'::integer)"), "birth_date"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID | None = Field(foreign_key="households.id", index=True)
    left_household_id: UUID | None = Field(foreign_key="households.id", index=True)
    area_code: str = Field(sa_type=Text)
    joined_on: date
    position: int
    full_name: str = Field(sa_type=Text)
    name_words: str = Field(sa_type=Text)
    name_key: str = Field(sa_type=Text)
    sex: str = Field(sa_type=Text)
    birth_date: date
    ethnicity: str = Field(sa_type=Text)
    relationship: str = Field(sa_type=Text)
    phone: str | None = Field(sa_type=Text)
    phone_index: str | None = Field(sa_type=Text, index=True)
    other_phones: str | None = Field(sa_type=Text)
    facts: dict[str, Any] = _document()
    personal_number: str | None = Field(sa_type=Text)
    personal_number_index: str | None = Field(sa_type=Text, unique=True)
    bank_bin: str | None = Field(sa_type=Text)
    account_number: str | None = Field(sa_type=Text)
    account_number_index: str | None = Field(sa_type=Text, index=True)
    account_holder: str | None = Field(sa_type=Text)
    account_authorised: str | None = Field(sa_type=Text)
    account_authorised_until: date | None
    version: int


class AccountHistory(Table, table=True):
    """Where a person was to be paid, one after the other; `number` counts from 1, without number it was in cash.

    It stands from the version `since_version` of the person on. Who asked for it and who approved; what came with the
    registration nobody approved. The database refuses changes.
    """

    __tablename__ = "account_history"
    __table_args__ = tuple(
        CheckConstraint(f"{name} ~ '{SEALED}'", name=f"{name}_sealed")
        for name in ("account_number", "account_holder", "account_authorised")
    )

    person_id: UUID = Field(primary_key=True, foreign_key="people.id")
    number: int = Field(primary_key=True)
    bank_bin: str | None = Field(sa_type=Text)
    account_number: str | None = Field(sa_type=Text)
    account_holder: str | None = Field(sa_type=Text)
    account_authorised: str | None = Field(sa_type=Text)
    since_version: int
    recorded_at: datetime = _instant()
    prepared_by: str = Field(sa_type=Text)
    approved_by: str | None = Field(sa_type=Text)


class AccountChecks(Table, table=True):
    """What a bank said of a person's account, as benefits told; `person_version` says of which account."""

    __tablename__ = "account_checks"
    __table_args__ = (Index("ix_account_checks_person_id", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    person_version: int
    bank: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    accepted: bool
    checked_at: datetime = _instant()


class FormerPhones(Table, table=True):
    """Telephones that a person had until lately: who is told of a change of account is told there too."""

    __tablename__ = "former_phones"
    __table_args__ = (CheckConstraint(f"phone ~ '{SEALED}'", name="phone_sealed"),)

    person_id: UUID = Field(foreign_key="people.id", index=True)
    id: UUID = Field(primary_key=True)
    phone: str = Field(sa_type=Text)
    replaced_at: datetime = _instant()


class Assessments(Table, table=True):
    """Findings and the class they propose. Never changed: a new look at a household is a new row."""

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="households.id", index=True)
    standard: str = Field(sa_type=Text)
    assessed_on: date
    setting: str = Field(sa_type=Text)
    income_per_person_month: int | None = Field(sa_type=BigInteger)
    b1_points: int | None
    b2_points: int
    deprivations: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    proposed_class: str = Field(sa_type=Text)
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    facts: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    computed: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    form_version: str | None = Field(sa_type=Text)
    form_answers: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    sample_form: bool
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()


class FormsB1(Table, table=True):
    """Official point tables of form B1, by version. The database refuses changes."""

    __tablename__ = "forms_b1"

    version: str = Field(primary_key=True, sa_type=Text)
    standard: str = Field(sa_type=Text)
    form: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    loaded_by: str = Field(sa_type=Text)
    approved_by: str | None = Field(sa_type=Text)
    loaded_at: datetime = _instant()


class SimulatedChanges(Table, table=True):
    """Households whose class a simulation would change; `simulation_id` is its job's."""

    __tablename__ = "simulated_changes"

    simulation_id: UUID = Field(primary_key=True)
    household_id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    people: int
    class_before: str = Field(sa_type=Text)
    class_after: str = Field(sa_type=Text)


class Decisions(Table, table=True):
    """Decisions of communes, each with its number and date as on paper."""

    __table_args__ = (UniqueConstraint("area_code", "number", "decided_on", name="uq_decisions_number"),)

    id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    number: str = Field(sa_type=Text)
    decided_on: date
    signed_by: str = Field(sa_type=Text)
    standard: str = Field(sa_type=Text)
    corrects: UUID | None
    round_id: UUID | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()


class ClassHistory(Table, table=True):
    """Every class that was decided; `number` counts from 1 a household and standard. The database refuses changes.

    The class holds from `decided_on`; `corrects` is the number of the row in whose place it stands. What a household
    that was split off another brought with it is `inherited_from` that one.
    """

    __tablename__ = "class_history"
    __table_args__ = (
        Index(
            "uq_class_history_assessment_id", "assessment_id", unique=True, postgresql_where="inherited_from IS NULL"
        ),
    )

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    standard: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    decision_id: UUID = Field(foreign_key="decisions.id", index=True)
    assessment_id: UUID = Field(foreign_key="assessments.id")
    household_class: str = Field(sa_type=Text)
    previous_class: str | None = Field(sa_type=Text)
    transition: str | None = Field(sa_type=Text)
    decided_on: date
    people: int
    corrects: int | None
    inherited_from: UUID | None


class Standings(Table, table=True):
    """The class of each household now, a row a standard: the last in force of its history, kept for lists."""

    __table_args__ = (Index("ix_standings_class", "standard", "household_class", "household_id"),)

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    standard: str = Field(primary_key=True, sa_type=Text)
    household_class: str = Field(sa_type=Text)
    decided_on: date
    newly_escaped_until: date | None


class HouseholdPresence(Table, table=True):
    """From which day on a household has how many people more or fewer, lives elsewhere, ends or is there again.

    `number` counts from 1 a household, in the order of recording. The database refuses changes.
    """

    __tablename__ = "household_presence"

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    number: int = Field(primary_key=True)
    changed_on: date
    cause: str = Field(sa_type=Text)
    people: int
    area_code: str | None = Field(sa_type=Text)
    present: bool | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()


class Movements(Table, table=True):
    """The transition ledger: who came on a list and who left it. The database refuses changes.

    `number` counts the entries of a household under a standard from 1. An entry that takes another back has its numbers
    with the other sign and `reverses` it; `recorded_for` is the decision that made it necessary.
    """

    __table_args__ = (
        UniqueConstraint("household_id", "standard", "number", name="uq_movements_number"),
        Index("ix_movements_area_code", "standard", "area_code", "moved_on"),
        Index("ix_movements_recorded_for", "recorded_for"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="households.id")
    standard: str = Field(sa_type=Text)
    number: int
    moved_on: date
    line: str = Field(sa_type=Text)
    household_class: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    other_area: str | None = Field(sa_type=Text)
    households: int
    people: int
    cause: str | None = Field(sa_type=Text)
    decision_id: UUID | None
    reverses: UUID | None = Field(unique=True)
    recorded_for: UUID | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()


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
    opened_at: datetime = _instant()


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
    recorded_at: datetime = _instant()


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
    recorded_at: datetime = _instant()


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
    recorded_at: datetime = _instant()


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
    recorded_at: datetime = _instant()
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
    recorded_at: datetime = _instant()


class Grants(Table, table=True):
    """Who holds which role where, as prepared by one person and approved by another.

    `communes` is what the area covers as last stated, `version` counts what was stated. The database refuses that one
    person both prepares and approves; what began the platform was given on its own machine.
    """

    __table_args__ = (Index("ix_grants_subject", "subject"),)

    id: UUID = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    area_code: str | None = Field(sa_type=Text)
    communes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    valid_from: date
    valid_to: date | None
    version: int
    prepared_by: str = Field(sa_type=Text)
    approved_by: str = Field(sa_type=Text)
    approved_at: datetime = _instant()
    revoked_by: str | None = Field(sa_type=Text)
    revoked_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    revocation_reason: str | None = Field(sa_type=Text)


class HouseholdReferences(Table, table=True):
    """Under which reference of which source a household came in by a list: there it comes in once."""

    __tablename__ = "household_references"

    source: str = Field(primary_key=True, sa_type=Text)
    reference: str = Field(primary_key=True, sa_type=Text)
    household_id: UUID = Field(foreign_key="households.id")


def _counted(kind: Any = Integer, start: str = "0") -> Any:
    return Field(sa_column=Column(kind, nullable=False, server_default=start))


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
    created_at: datetime = _instant()
    sha256: bytes | None = Field(index=True)
    bytes: int = _counted(BigInteger)
    rows: int = _counted()
    columns: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    delimiter: str = Field(sa_column=Column(Text, nullable=False, server_default=","))
    trial: bool = _counted(Boolean, "false")
    registration_job: UUID | None
    reached_reference: str | None = Field(sa_type=Text)
    reached_line: int = _counted()
    handled: int = _counted()
    created: int = _counted()
    people: int = _counted()
    unchanged: int = _counted()
    refused: int = _counted()


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


class PeopleToCompare(Table, table=True):
    """Whose record is new or has changed, as the database notes by itself, each time by another number."""

    __tablename__ = "people_to_compare"

    person_id: UUID = Field(primary_key=True)
    noted: int = Field(sa_column=Column(BigInteger, Identity(), nullable=False))


class DuplicatePairs(Table, table=True):
    """Two people who may be one; `agreements` are (aspect, degree, points). What was decided about stays."""

    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id", name="uq_duplicate_pairs_people"),
        Index("ix_duplicate_pairs_second_id", "second_id"),
        Index("ix_duplicate_pairs_state", "state", "score", "id"),
    )

    id: UUID = Field(primary_key=True)
    first_id: UUID = Field(foreign_key="people.id")
    second_id: UUID = Field(foreign_key="people.id")
    score: int
    agreements: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    found_at: datetime = _instant()
    decided_by: str | None = Field(sa_type=Text)
    decided_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    note: str | None = Field(sa_type=Text)


AREAS = metadata.tables["areas"]
AREA_ZONES = metadata.tables["area_zones"]
AREA_TOTALS = metadata.tables["area_totals"]
AREA_SUCCESSIONS = metadata.tables["area_successions"]
REORGANISATIONS = metadata.tables["reorganisations"]
REORGANISATION_WORKLIST = metadata.tables["reorganisation_worklist"]
GRANT_MOVES = metadata.tables["grant_moves"]
HOUSEHOLDS = metadata.tables["households"]
HOUSEHOLD_VERSIONS = metadata.tables["household_versions"]
HOUSEHOLD_CHANGES = metadata.tables["household_changes"]
PEOPLE = metadata.tables["people"]
ACCOUNT_HISTORY = metadata.tables["account_history"]
ACCOUNT_CHECKS = metadata.tables["account_checks"]
FORMER_PHONES = metadata.tables["former_phones"]
PEOPLE_TO_COMPARE = metadata.tables["people_to_compare"]
DUPLICATE_PAIRS = metadata.tables["duplicate_pairs"]
ASSESSMENTS = metadata.tables["assessments"]
DECISIONS = metadata.tables["decisions"]
CLASS_HISTORY = metadata.tables["class_history"]
STANDINGS = metadata.tables["standings"]
PRESENCES = metadata.tables["household_presence"]
MOVEMENTS = metadata.tables["movements"]
REVIEW_ROUNDS = metadata.tables["review_rounds"]
REVIEW_APPLICATIONS = metadata.tables["review_applications"]
REVIEW_CASES = metadata.tables["review_cases"]
REVIEW_MEETINGS = metadata.tables["review_meetings"]
REVIEW_VOTES = metadata.tables["review_votes"]
REVIEW_POSTINGS = metadata.tables["review_postings"]
REVIEW_OBJECTIONS = metadata.tables["review_objections"]
CERTIFICATES = metadata.tables["certificates"]
GRANTS = metadata.tables["grants"]
HOUSEHOLD_REFERENCES = metadata.tables["household_references"]
HOUSEHOLD_IMPORTS = metadata.tables["household_imports"]
HOUSEHOLD_IMPORT_ROWS = metadata.tables["household_import_rows"]
HOUSEHOLD_IMPORT_FAULTS = metadata.tables["household_import_faults"]
HOUSEHOLD_IMPORT_NUMBERS = metadata.tables["household_import_numbers"]
FORMS_B1 = metadata.tables["forms_b1"]
SIMULATED_CHANGES = metadata.tables["simulated_changes"]

# Where this service keeps sealed values, for a change of keys.
SEALED_TABLES = (
    SealedTable(PEOPLE, _SEALED_OF_PEOPLE),
    SealedTable(
        ACCOUNT_HISTORY,
        ("account_number", "account_holder", "account_authorised"),
        row_id=("person_id", "number"),
    ),
    SealedTable(FORMER_PHONES, ("phone",)),
    SealedTable(HOUSEHOLD_IMPORT_ROWS, ("cells",), row_id=("import_id", "line")),
)
