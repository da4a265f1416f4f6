"""People are found by the words of their names and listed in the Vietnamese order; their area stands beside them."""

import sqlalchemy as sa
from alembic import op

from shared.names import name_key, search_words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000

# Whoever writes people or moves households need not think of it: the two areas cannot differ.
_AREA_OF_PERSON = """CREATE FUNCTION area_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.household_id IS NOT NULL THEN
            SELECT area_code INTO NEW.area_code FROM households WHERE id = NEW.household_id;
        END IF;
        RETURN NEW;
    END $$"""
_AREA_OF_HOUSEHOLD = """CREATE FUNCTION area_of_household() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE people SET area_code = NEW.area_code WHERE household_id = NEW.id;
        RETURN NULL;
    END $$"""
_TRIGGERS = (
    """CREATE TRIGGER area_of_person BEFORE INSERT OR UPDATE OF household_id ON people
        FOR EACH ROW EXECUTE FUNCTION area_of_person()""",
    """CREATE TRIGGER area_of_household AFTER UPDATE OF area_code ON households
        FOR EACH ROW WHEN (OLD.area_code IS DISTINCT FROM NEW.area_code) EXECUTE FUNCTION area_of_household()""",
)
_INDEXES = (
    "CREATE INDEX ix_people_name_words ON people USING gin (array_to_tsvector(string_to_array(name_words, ' ')))",
    "CREATE INDEX ix_people_name_key ON people (name_key, id)",
    "CREATE INDEX ix_people_area_name ON people (area_code, name_key, id)",
)


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD COLUMN area_code text, ADD COLUMN name_words text, ADD COLUMN name_key text")
    op.execute("UPDATE people SET area_code = households.area_code FROM households WHERE households.id = household_id")
    _fill_in_names()
    for column in ("area_code", "name_words", "name_key"):
        op.execute(f"ALTER TABLE people ALTER COLUMN {column} SET NOT NULL")
    for statement in (_AREA_OF_PERSON, _AREA_OF_HOUSEHOLD, *_TRIGGERS, *_INDEXES):
        op.execute(statement)


def _fill_in_names() -> None:
    connection = op.get_bind()
    page = sa.text("SELECT id, full_name FROM people WHERE name_key IS NULL LIMIT :limit")
    write = sa.text(
        """UPDATE people SET name_words = each.words, name_key = each.key
        FROM unnest(CAST(:ids AS uuid[]), CAST(:words AS text[]), CAST(:keys AS text[])) AS each (id, words, key)
        WHERE people.id = each.id"""
    )
    while rows := connection.execute(page, {"limit": _AT_ONCE}).all():
        connection.execute(
            write,
            {
                "ids": [row.id for row in rows],
                "words": [" ".join(search_words(row.full_name)) for row in rows],
                "keys": [name_key(row.full_name) for row in rows],
            },
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER area_of_household ON households")
    op.execute("DROP TRIGGER area_of_person ON people")
    op.execute("DROP FUNCTION area_of_household")
    op.execute("DROP FUNCTION area_of_person")
    op.execute("ALTER TABLE people DROP COLUMN area_code, DROP COLUMN name_words, DROP COLUMN name_key")
