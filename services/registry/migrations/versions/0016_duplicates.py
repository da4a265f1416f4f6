"""People who may stand in the registry twice."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_COMPARED = (
    "household_id", "area_code", "name_words", "sex", "birth_date", "phone_index", "account_number_index",
    "personal_number_index",
)  # fmt: skip
_CHANGED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in _COMPARED)
_CREATE = (
    "CREATE TABLE people_to_compare (person_id uuid NOT NULL, CONSTRAINT pk_people_to_compare PRIMARY KEY (person_id))",
    """CREATE TABLE duplicate_pairs (
        id uuid NOT NULL,
        first_id uuid NOT NULL,
        second_id uuid NOT NULL,
        score integer NOT NULL,
        agreements jsonb NOT NULL,
        state text NOT NULL CONSTRAINT ck_duplicate_pairs_state CHECK (state IN ('open', 'distinct', 'merged')),
        found_at timestamptz NOT NULL,
        decided_by text,
        decided_at timestamptz,
        note text,
        CONSTRAINT pk_duplicate_pairs PRIMARY KEY (id),
        CONSTRAINT uq_duplicate_pairs_people UNIQUE (first_id, second_id),
        CONSTRAINT ck_duplicate_pairs_order CHECK (first_id < second_id),
        CONSTRAINT fk_duplicate_pairs_first_id FOREIGN KEY (first_id) REFERENCES people (id),
        CONSTRAINT fk_duplicate_pairs_second_id FOREIGN KEY (second_id) REFERENCES people (id))""",
    "CREATE INDEX ix_duplicate_pairs_second_id ON duplicate_pairs (second_id)",
    "CREATE INDEX ix_duplicate_pairs_state ON duplicate_pairs (state, score, id)",
    "CREATE INDEX ix_people_birth_given ON people (birth_date, split_part(name_words, ' ', -1))",
    "CREATE INDEX ix_people_area_given ON people (area_code, split_part(name_words, ' ', -1), birth_date)",
    # Whoever writes people need not think of it: a new or changed record is compared with the others.
    """CREATE FUNCTION note_new_people() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO people_to_compare SELECT id FROM made ON CONFLICT DO NOTHING;
            RETURN NULL;
        END $$""",
    """CREATE FUNCTION note_changed_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO people_to_compare VALUES (NEW.id) ON CONFLICT DO NOTHING;
            RETURN NULL;
        END $$""",
    """CREATE TRIGGER note_new_people AFTER INSERT ON people REFERENCING NEW TABLE AS made
        FOR EACH STATEMENT EXECUTE FUNCTION note_new_people()""",
    f"""CREATE TRIGGER note_changed_person AFTER UPDATE ON people
        FOR EACH ROW WHEN ({_CHANGED}) EXECUTE FUNCTION note_changed_person()""",
    "INSERT INTO people_to_compare SELECT id FROM people",
)
_DROP = (
    "DROP TRIGGER note_changed_person ON people",
    "DROP TRIGGER note_new_people ON people",
    "DROP FUNCTION note_changed_person",
    "DROP FUNCTION note_new_people",
    "DROP INDEX ix_people_birth_given",
    "DROP INDEX ix_people_area_given",
    "DROP TABLE duplicate_pairs",
    "DROP TABLE people_to_compare",
)


def upgrade() -> None:
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DROP:
        op.execute(statement)
