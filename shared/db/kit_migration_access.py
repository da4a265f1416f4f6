"""The projection of grants as each service's migration makes it. Frozen: a later change is a new function."""

from alembic import op

_CREATE = (
    """CREATE TABLE access_grants (
        grant_id uuid NOT NULL PRIMARY KEY, version integer NOT NULL, subject text NOT NULL, role text NOT NULL,
        area_code text, everywhere boolean NOT NULL, communes text[] NOT NULL,
        valid_from date NOT NULL, valid_to date, revoked boolean NOT NULL)""",
    "CREATE INDEX access_grants_subject ON access_grants (subject)",
    "COMMENT ON COLUMN access_grants.area_code IS 'as granted; null is everywhere'",
    "COMMENT ON COLUMN access_grants.communes IS 'what the area covers, as the registry last stated'",
    "COMMENT ON COLUMN access_grants.valid_to IS 'last day, inclusive'",
)


def create_access_tables() -> None:
    """Create the projection of grants."""
    for statement in _CREATE:
        op.execute(statement)


def drop_access_tables() -> None:
    """Drop it."""
    op.execute("DROP TABLE access_grants")
