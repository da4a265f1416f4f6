"""Areas, decisions, awards and bookings, and the kit's tables."""

from alembic import op

from shared.db.kit_migration import create_kit_tables, drop_kit_tables

revision = "0001"
down_revision = None

_TABLES = ("bookings", "awards", "decisions", "area_totals", "areas")
_STATEMENTS = (
    """
    CREATE TABLE areas (
        code text NOT NULL, valid_from date NOT NULL, version int NOT NULL, valid_to date,
        name text NOT NULL, level text NOT NULL, kind text NOT NULL, parent_code text,
        recorded_at timestamptz NOT NULL, CONSTRAINT pk_areas PRIMARY KEY (code, valid_from))
    """,
    """
    CREATE TABLE area_totals (
        code text NOT NULL, year int NOT NULL, version int NOT NULL, households int NOT NULL, people int NOT NULL,
        source text NOT NULL, recorded_at timestamptz NOT NULL, CONSTRAINT pk_area_totals PRIMARY KEY (code, year))
    """,
    """
    CREATE TABLE decisions (
        event_id uuid NOT NULL CONSTRAINT pk_decisions PRIMARY KEY, household_id uuid NOT NULL,
        standard text NOT NULL, decided_on date NOT NULL, until date NOT NULL, household_class text NOT NULL,
        area_code text NOT NULL, people int NOT NULL, recorded_at timestamptz NOT NULL)
    """,
    "CREATE INDEX decisions_household ON decisions (household_id, standard, decided_on)",
    """
    CREATE INDEX decisions_as_of ON decisions (standard, area_code, household_class, decided_on, until)
        INCLUDE (people)
    """,
    "CREATE INDEX decisions_recorded_at ON decisions (recorded_at)",
    """
    CREATE TABLE awards (
        award_id uuid NOT NULL CONSTRAINT pk_awards PRIMARY KEY, programme text NOT NULL, area_code text NOT NULL,
        monthly_amount bigint NOT NULL, first_month text NOT NULL, last_month text, granted_on date NOT NULL,
        recorded_at timestamptz NOT NULL)
    """,
    "CREATE INDEX awards_programme ON awards (programme, first_month)",
    "CREATE INDEX awards_recorded_at ON awards (recorded_at)",
    """
    CREATE TABLE bookings (
        event_id uuid NOT NULL CONSTRAINT pk_bookings PRIMARY KEY, kind text NOT NULL, programme text NOT NULL,
        area_code text NOT NULL, period text NOT NULL, amount bigint NOT NULL, booked_on date NOT NULL,
        recorded_at timestamptz NOT NULL)
    """,
    "CREATE INDEX bookings_period ON bookings (period, programme, area_code)",
    "CREATE INDEX bookings_recorded_at ON bookings (recorded_at)",
)


def upgrade() -> None:
    create_kit_tables()
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    drop_kit_tables()
