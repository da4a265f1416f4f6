"""Numbers of people and rows of lists are sealed, and numbers found by blind indexes."""

from alembic import op

from shared.db.kit_migration_sealing import refuse_what_is_in_the_clear

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SEALED = ("phone", "personal_number", "account_number", "account_holder")


def upgrade() -> None:
    refuse_what_is_in_the_clear("people", "household_import_rows")
    checks = ", ".join(f"ADD CONSTRAINT {name}_sealed CHECK ({name} ~ '^k[0-9]+[.]')" for name in _SEALED)
    op.execute(
        f"""ALTER TABLE people
            DROP CONSTRAINT uq_people_personal_number,
            ADD COLUMN phone_index text,
            ADD COLUMN personal_number_index text,
            ADD COLUMN account_number_index text,
            ADD CONSTRAINT uq_people_personal_number_index UNIQUE (personal_number_index),
            ADD CONSTRAINT ck_people_personal_number_index
                CHECK ((personal_number IS NULL) = (personal_number_index IS NULL)),
            {checks}"""
    )
    op.execute("CREATE INDEX ix_people_phone_index ON people (phone_index)")
    op.execute("CREATE INDEX ix_people_account_number_index ON people (account_number_index)")
    op.execute("ALTER TABLE household_import_rows DROP COLUMN cells, ADD COLUMN cells bytea NOT NULL")


def downgrade() -> None:
    drops = ", ".join(f"DROP CONSTRAINT {name}_sealed" for name in _SEALED)
    op.execute(
        f"""ALTER TABLE people {drops}, DROP COLUMN phone_index, DROP COLUMN personal_number_index,
            DROP COLUMN account_number_index, ADD CONSTRAINT uq_people_personal_number UNIQUE (personal_number)"""
    )
    op.execute("ALTER TABLE household_import_rows DROP COLUMN cells, ADD COLUMN cells text[] NOT NULL")
