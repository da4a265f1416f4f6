"""Grants of roles, and every service's projection of them."""

from alembic import op

from shared.db.kit_migration_access import create_access_tables, drop_access_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE grants (
            id uuid NOT NULL,
            subject text NOT NULL,
            role text NOT NULL,
            area_code text,
            communes text[] NOT NULL,
            valid_from date NOT NULL,
            valid_to date,
            version integer NOT NULL,
            prepared_by text NOT NULL,
            approved_by text NOT NULL,
            approved_at timestamptz NOT NULL,
            revoked_by text,
            revoked_at timestamptz,
            revocation_reason text,
            CONSTRAINT pk_grants PRIMARY KEY (id),
            CONSTRAINT ck_grants_period CHECK (valid_to >= valid_from),
            CONSTRAINT ck_grants_two_people CHECK (approved_by <> prepared_by),
            CONSTRAINT ck_grants_not_to_oneself CHECK (approved_by <> subject))"""
    )
    op.execute("CREATE INDEX ix_grants_subject ON grants (subject)")
    create_access_tables()


def downgrade() -> None:
    drop_access_tables()
    op.execute("DROP TABLE grants")
