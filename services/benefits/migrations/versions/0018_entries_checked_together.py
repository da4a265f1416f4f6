"""Entries of the books are held against their journals statement by statement, not one by one."""

from alembic import op

revision = "0018"
down_revision = "0017"

# What is planned when it runs fits how many entries come, be it two or a hundred thousand.
_TOGETHER = """
    CREATE OR REPLACE FUNCTION ledger_refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE late boolean;
    BEGIN
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT journal_id FROM new_entries) e
                                LEFT JOIN ledger_journal j ON j.id = e.journal_id
                                  AND j.posted_in = pg_current_xact_id()::text::bigint
                                WHERE j.id IS NULL)' INTO late;
        IF late THEN
            RAISE EXCEPTION 'an entry comes with its journal or never'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_entry_with_journal';
        END IF;
        RETURN NULL;
    END $$
"""
_ONE_BY_ONE = """
    CREATE OR REPLACE FUNCTION ledger_refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM ledger_journal j
                       WHERE j.id = NEW.journal_id AND j.posted_in = pg_current_xact_id()::text::bigint) THEN
            RAISE EXCEPTION 'an entry comes with its journal or never'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_entry_with_journal';
        END IF;
        RETURN NEW;
    END $$
"""


def upgrade() -> None:
    op.execute("DROP TRIGGER ledger_entry_with_journal ON ledger_entry")
    op.execute(_TOGETHER)
    op.execute(
        "CREATE TRIGGER ledger_entry_with_journal AFTER INSERT ON ledger_entry"
        " REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_late_entry()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER ledger_entry_with_journal ON ledger_entry")
    op.execute(_ONE_BY_ONE)
    op.execute(
        "CREATE TRIGGER ledger_entry_with_journal BEFORE INSERT ON ledger_entry"
        " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_late_entry()"
    )
