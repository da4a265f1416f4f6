"""Review rounds: applications, cases, meetings, postings, objections, certificates."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UP = (
    """CREATE TABLE review_rounds (
        id uuid NOT NULL,
        area_code text NOT NULL,
        standard text NOT NULL,
        kind text NOT NULL,
        period text NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        target_poor integer,
        target_near_poor integer,
        opened_by text NOT NULL,
        opened_at timestamptz NOT NULL,
        CONSTRAINT pk_review_rounds PRIMARY KEY (id),
        CONSTRAINT uq_review_rounds_period UNIQUE (area_code, standard, period))""",
    "CREATE INDEX ix_review_rounds_period ON review_rounds (period)",
    """CREATE TABLE review_applications (
        id uuid NOT NULL,
        household_id uuid NOT NULL,
        area_code text NOT NULL,
        received_on date NOT NULL,
        channel text NOT NULL,
        period text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_review_applications PRIMARY KEY (id),
        CONSTRAINT fk_review_applications_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT uq_review_applications_period UNIQUE (household_id, period))""",
    "CREATE INDEX ix_review_applications_area_code ON review_applications (area_code, period)",
    """CREATE TABLE review_cases (
        round_id uuid NOT NULL,
        household_id uuid NOT NULL,
        listed_for text NOT NULL,
        stage text NOT NULL,
        village text,
        screened_on date,
        screened_out boolean NOT NULL DEFAULT false,
        screening_reason text,
        assessment_id uuid,
        meeting_id uuid,
        met_on date,
        agreed boolean,
        posting_id uuid,
        posted_on date,
        posted_until date,
        objected_on date,
        decision_id uuid,
        decided_on date,
        certificate text,
        CONSTRAINT pk_review_cases PRIMARY KEY (round_id, household_id),
        CONSTRAINT fk_review_cases_round_id FOREIGN KEY (round_id) REFERENCES review_rounds (id),
        CONSTRAINT fk_review_cases_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT fk_review_cases_assessment_id FOREIGN KEY (assessment_id) REFERENCES assessments (id))""",
    "CREATE INDEX ix_review_cases_stage ON review_cases (round_id, stage)",
    "CREATE INDEX ix_review_cases_household_id ON review_cases (household_id)",
    """CREATE TABLE review_meetings (
        id uuid NOT NULL,
        round_id uuid NOT NULL,
        village text NOT NULL,
        held_on date NOT NULL,
        chaired_by text NOT NULL,
        secretary text NOT NULL,
        present integer NOT NULL,
        opinions text,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_review_meetings PRIMARY KEY (id),
        CONSTRAINT fk_review_meetings_round_id FOREIGN KEY (round_id) REFERENCES review_rounds (id))""",
    "CREATE INDEX ix_review_meetings_round_id ON review_meetings (round_id)",
    """CREATE TABLE review_votes (
        meeting_id uuid NOT NULL,
        household_id uuid NOT NULL,
        assessment_id uuid NOT NULL,
        agreeing integer NOT NULL,
        agreed boolean NOT NULL,
        CONSTRAINT pk_review_votes PRIMARY KEY (meeting_id, household_id),
        CONSTRAINT fk_review_votes_meeting_id FOREIGN KEY (meeting_id) REFERENCES review_meetings (id))""",
    """CREATE TABLE review_postings (
        id uuid NOT NULL,
        round_id uuid NOT NULL,
        posted_on date NOT NULL,
        posted_until date NOT NULL,
        places text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_review_postings PRIMARY KEY (id),
        CONSTRAINT fk_review_postings_round_id FOREIGN KEY (round_id) REFERENCES review_rounds (id))""",
    "CREATE INDEX ix_review_postings_round_id ON review_postings (round_id)",
    """CREATE TABLE review_objections (
        id uuid NOT NULL,
        round_id uuid NOT NULL,
        household_id uuid NOT NULL,
        received_on date NOT NULL,
        made_by text NOT NULL,
        about text NOT NULL,
        due_on date NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        rechecked_on date,
        found_right boolean,
        finding text,
        rechecked_by text,
        CONSTRAINT pk_review_objections PRIMARY KEY (id),
        CONSTRAINT fk_review_objections_round_id FOREIGN KEY (round_id) REFERENCES review_rounds (id))""",
    "CREATE INDEX ix_review_objections_round_id ON review_objections (round_id, household_id)",
    """CREATE TABLE certificates (
        round_id uuid NOT NULL,
        household_id uuid NOT NULL,
        area_code text NOT NULL,
        number text NOT NULL,
        decision_id uuid NOT NULL,
        issued_on date NOT NULL,
        signed_by text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_certificates PRIMARY KEY (round_id, household_id),
        CONSTRAINT fk_certificates_round_id FOREIGN KEY (round_id) REFERENCES review_rounds (id),
        CONSTRAINT fk_certificates_decision_id FOREIGN KEY (decision_id) REFERENCES decisions (id),
        CONSTRAINT uq_certificates_number UNIQUE (area_code, number))""",
    "ALTER TABLE decisions ADD COLUMN round_id uuid",
)
_TABLES = (
    "certificates", "review_objections", "review_postings", "review_votes", "review_meetings", "review_cases",
    "review_applications", "review_rounds",
)  # fmt: skip


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE decisions DROP COLUMN round_id")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
