"""Households have versions and changes; people have facts, days and former homes."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UP = (
    """ALTER TABLE households
        ADD COLUMN village_code text,
        ADD COLUMN address text,
        ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN former jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN ended_on date,
        ADD COLUMN ended_reason text,
        ADD COLUMN continued_in uuid,
        ADD CONSTRAINT ck_households_ended CHECK ((ended_on IS NULL) = (ended_reason IS NULL))""",
    """ALTER TABLE people
        ALTER COLUMN household_id DROP NOT NULL,
        ADD COLUMN left_household_id uuid CONSTRAINT fk_people_left_household_id REFERENCES households (id),
        ADD COLUMN joined_on date,
        ADD COLUMN other_phones text CONSTRAINT other_phones_sealed CHECK (other_phones ~ '^k[0-9]+[.]'),
        ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
        ADD CONSTRAINT ck_people_home CHECK (num_nonnulls(household_id, left_household_id) = 1)""",
    """UPDATE people SET joined_on = households.registered_on
        FROM households WHERE households.id = people.household_id""",
    "ALTER TABLE people ALTER COLUMN joined_on SET NOT NULL",
    """CREATE TABLE household_changes (
        id uuid NOT NULL,
        kind text NOT NULL,
        area_code text,
        effective_on date NOT NULL,
        note text,
        recorded_at timestamptz NOT NULL,
        prepared_by text NOT NULL,
        confirmed_by text,
        confirmed_at timestamptz,
        undoes uuid,
        CONSTRAINT pk_household_changes PRIMARY KEY (id),
        CONSTRAINT fk_household_changes_undoes FOREIGN KEY (undoes) REFERENCES household_changes (id),
        CONSTRAINT uq_household_changes_undoes UNIQUE (undoes),
        CONSTRAINT ck_household_changes_confirmed CHECK (
            (confirmed_by IS NULL) = (confirmed_at IS NULL) AND confirmed_by <> prepared_by))""",
    """CREATE OR REPLACE FUNCTION area_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT area_code INTO NEW.area_code FROM households
            WHERE id = coalesce(NEW.household_id, NEW.left_household_id);
            RETURN NEW;
        END $$""",
    """CREATE OR REPLACE FUNCTION area_of_household() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE people SET area_code = NEW.area_code WHERE household_id = NEW.id OR left_household_id = NEW.id;
            RETURN NULL;
        END $$""",
    "CREATE INDEX ix_people_left_household_id ON people (left_household_id)",
    "CREATE INDEX ix_household_changes_area_code ON household_changes (area_code, id)",
    """CREATE TABLE household_versions (
        id bigint GENERATED ALWAYS AS IDENTITY,
        household_id uuid NOT NULL,
        valid_from date NOT NULL,
        valid_until date NOT NULL,
        recorded_at timestamptz NOT NULL,
        superseded_at timestamptz,
        change_id uuid,
        superseded_by uuid,
        area_code text NOT NULL,
        people integer NOT NULL,
        state jsonb NOT NULL,
        CONSTRAINT pk_household_versions PRIMARY KEY (id),
        CONSTRAINT fk_household_versions_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT ck_household_versions_valid CHECK (valid_from < valid_until),
        CONSTRAINT ck_household_versions_superseded CHECK ((superseded_at IS NULL) = (superseded_by IS NULL)))""",
    "CREATE INDEX ix_household_versions_household_id ON household_versions (household_id, id)",
    "CREATE INDEX ix_household_versions_change_id ON household_versions (change_id)",
    """INSERT INTO household_versions
            (household_id, valid_from, valid_until, recorded_at, area_code, people, state)
        SELECT households.id, registered_on, 'infinity', recorded_at, households.area_code, count(people.id),
            jsonb_build_object('members', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'person_id', people.id, 'full_name', full_name, 'sex', sex, 'birth_date', birth_date,
                'ethnicity', ethnicity, 'relationship', relationship, 'joined_on', joined_on))
                ORDER BY position))
        FROM households JOIN people ON people.household_id = households.id GROUP BY households.id""",
)

_AS_BEFORE = (
    """CREATE OR REPLACE FUNCTION area_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT area_code INTO NEW.area_code FROM households WHERE id = NEW.household_id;
            RETURN NEW;
        END $$""",
    """CREATE OR REPLACE FUNCTION area_of_household() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE people SET area_code = NEW.area_code WHERE household_id = NEW.id;
            RETURN NULL;
        END $$""",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _AS_BEFORE:
        op.execute(statement)
    op.execute("DROP TABLE household_versions")
    op.execute("DROP TABLE household_changes")
    op.execute(
        """ALTER TABLE people DROP COLUMN left_household_id, DROP COLUMN joined_on, DROP COLUMN other_phones,
            DROP COLUMN facts, ALTER COLUMN household_id SET NOT NULL"""
    )
    op.execute(
        """ALTER TABLE households DROP COLUMN village_code, DROP COLUMN address, DROP COLUMN facts,
            DROP COLUMN former, DROP COLUMN ended_on, DROP COLUMN ended_reason, DROP COLUMN continued_in"""
    )
