"""Areas, households, people, assessments, decisions and the history of classes."""

from alembic import op

from shared.db.kit_migration import create_kit_tables, drop_kit_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CREATE = (
    """CREATE TABLE areas (
        code text NOT NULL,
        valid_from date NOT NULL,
        valid_to date,
        name text NOT NULL,
        level text NOT NULL,
        kind text NOT NULL,
        parent_code text,
        version integer NOT NULL,
        CONSTRAINT pk_areas PRIMARY KEY (code, valid_from),
        CONSTRAINT ck_areas_period CHECK (valid_to >= valid_from),
        CONSTRAINT ck_areas_level CHECK (level IN ('province', 'district', 'commune', 'village')))""",
    "CREATE INDEX ix_areas_parent_code ON areas (parent_code)",
    """CREATE TABLE area_totals (
        code text NOT NULL,
        year integer NOT NULL,
        households integer NOT NULL,
        people integer NOT NULL,
        source text NOT NULL,
        version integer NOT NULL,
        CONSTRAINT pk_area_totals PRIMARY KEY (code, year),
        CONSTRAINT ck_area_totals_numbers CHECK (households >= 0 AND people >= 0))""",
    """CREATE TABLE households (
        id uuid NOT NULL,
        area_code text NOT NULL,
        registered_on date NOT NULL,
        registered_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        version integer NOT NULL,
        CONSTRAINT pk_households PRIMARY KEY (id))""",
    "CREATE INDEX ix_households_area_code ON households (area_code, id)",
    """CREATE TABLE people (
        id uuid NOT NULL,
        household_id uuid NOT NULL,
        position integer NOT NULL,
        full_name text NOT NULL,
        sex text NOT NULL,
        birth_date date NOT NULL,
        ethnicity text NOT NULL,
        relationship text NOT NULL,
        phone text,
        personal_number text,
        bank_bin text,
        account_number text,
        account_holder text,
        version integer NOT NULL,
        CONSTRAINT pk_people PRIMARY KEY (id),
        CONSTRAINT fk_people_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT uq_people_personal_number UNIQUE (personal_number),
        CONSTRAINT ck_people_account CHECK (
            num_nulls(bank_bin, account_number, account_holder) IN (0, 3)))""",
    "CREATE INDEX ix_people_household_id ON people (household_id)",
    """CREATE TABLE assessments (
        id uuid NOT NULL,
        household_id uuid NOT NULL,
        standard text NOT NULL,
        assessed_on date NOT NULL,
        setting text NOT NULL,
        income_per_person_month bigint,
        b1_points integer,
        b2_points integer NOT NULL,
        deprivations text[] NOT NULL,
        proposed_class text NOT NULL,
        reasons jsonb NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_assessments PRIMARY KEY (id),
        CONSTRAINT fk_assessments_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT ck_assessments_route CHECK (num_nonnulls(income_per_person_month, b1_points) = 1),
        CONSTRAINT ck_assessments_class CHECK (proposed_class IN ('poor', 'near_poor', 'not_poor')))""",
    "CREATE INDEX ix_assessments_household_id ON assessments (household_id)",
    """CREATE TABLE decisions (
        id uuid NOT NULL,
        area_code text NOT NULL,
        number text NOT NULL,
        decided_on date NOT NULL,
        signed_by text NOT NULL,
        standard text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_decisions PRIMARY KEY (id),
        CONSTRAINT uq_decisions_number UNIQUE (area_code, number, decided_on))""",
    """CREATE TABLE class_history (
        household_id uuid NOT NULL,
        standard text NOT NULL,
        number integer NOT NULL,
        decision_id uuid NOT NULL,
        assessment_id uuid NOT NULL,
        household_class text NOT NULL,
        previous_class text,
        transition text,
        decided_on date NOT NULL,
        people integer NOT NULL,
        CONSTRAINT pk_class_history PRIMARY KEY (household_id, standard, number),
        CONSTRAINT fk_class_history_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT fk_class_history_decision_id FOREIGN KEY (decision_id) REFERENCES decisions (id),
        CONSTRAINT fk_class_history_assessment_id FOREIGN KEY (assessment_id) REFERENCES assessments (id),
        CONSTRAINT uq_class_history_assessment_id UNIQUE (assessment_id),
        CONSTRAINT ck_class_history_class CHECK (household_class IN ('poor', 'near_poor', 'not_poor')))""",
    "CREATE INDEX ix_class_history_decision_id ON class_history (decision_id)",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER class_history_is_kept BEFORE UPDATE OR DELETE ON class_history
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TABLE standings (
        household_id uuid NOT NULL,
        standard text NOT NULL,
        household_class text NOT NULL,
        decided_on date NOT NULL,
        CONSTRAINT pk_standings PRIMARY KEY (household_id, standard),
        CONSTRAINT fk_standings_household_id FOREIGN KEY (household_id) REFERENCES households (id))""",
    "CREATE INDEX ix_standings_class ON standings (standard, household_class, household_id)",
)
_TABLES = (
    "standings", "class_history", "decisions", "assessments", "people", "households", "area_totals", "areas",
)  # fmt: skip


def upgrade() -> None:
    create_kit_tables()
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_change()")
    drop_kit_tables()
