"""Where to pay: authorised persons, the history of accounts, what banks said of them, and telephones of lately."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SEALED = "~ '^k[0-9]+[.]'"
_CREATE = (
    f"""ALTER TABLE people
        ADD COLUMN account_authorised text CONSTRAINT account_authorised_sealed CHECK (account_authorised {_SEALED}),
        ADD COLUMN account_authorised_until date""",
    """CREATE INDEX ix_people_authorised_until ON people (account_authorised_until, id)
        WHERE account_authorised_until IS NOT NULL""",
    f"""CREATE TABLE account_history (
        person_id uuid NOT NULL,
        number integer NOT NULL,
        bank_bin text,
        account_number text CONSTRAINT account_number_sealed CHECK (account_number {_SEALED}),
        account_holder text CONSTRAINT account_holder_sealed CHECK (account_holder {_SEALED}),
        account_authorised text CONSTRAINT account_authorised_sealed CHECK (account_authorised {_SEALED}),
        since_version integer NOT NULL,
        recorded_at timestamptz NOT NULL,
        prepared_by text NOT NULL,
        approved_by text,
        CONSTRAINT pk_account_history PRIMARY KEY (person_id, number),
        CONSTRAINT fk_account_history_person_id FOREIGN KEY (person_id) REFERENCES people (id),
        CONSTRAINT ck_account_history_two_people CHECK (approved_by <> prepared_by))""",
    # A change of keys seals values anew; nothing else of a row may become another.
    """CREATE TRIGGER account_history_is_kept BEFORE UPDATE ON account_history FOR EACH ROW
        WHEN (ROW (OLD.person_id, OLD.number, OLD.bank_bin, OLD.since_version, OLD.recorded_at, OLD.prepared_by,
            OLD.approved_by) IS DISTINCT FROM ROW (NEW.person_id, NEW.number, NEW.bank_bin, NEW.since_version,
            NEW.recorded_at, NEW.prepared_by, NEW.approved_by))
        EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER account_history_stays BEFORE DELETE ON account_history
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TABLE account_checks (
        id uuid NOT NULL,
        person_id uuid NOT NULL,
        person_version integer NOT NULL,
        bank text NOT NULL,
        verdict text NOT NULL,
        reason text,
        accepted boolean NOT NULL,
        checked_at timestamptz NOT NULL,
        CONSTRAINT pk_account_checks PRIMARY KEY (id))""",
    "CREATE INDEX ix_account_checks_person_id ON account_checks (person_id)",
    f"""CREATE TABLE former_phones (
        person_id uuid NOT NULL,
        id uuid NOT NULL,
        phone text NOT NULL CONSTRAINT phone_sealed CHECK (phone {_SEALED}),
        replaced_at timestamptz NOT NULL,
        CONSTRAINT pk_former_phones PRIMARY KEY (id),
        CONSTRAINT fk_former_phones_person_id FOREIGN KEY (person_id) REFERENCES people (id))""",
    "CREATE INDEX ix_former_phones_person_id ON former_phones (person_id)",
)
_DROP = (
    "DROP TABLE former_phones",
    "DROP TABLE account_checks",
    "DROP TABLE account_history",
    "ALTER TABLE people DROP COLUMN account_authorised, DROP COLUMN account_authorised_until",
)


def upgrade() -> None:
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DROP:
        op.execute(statement)
