"""An entry's journal and fund are looked up once for all entries that come together, not once for each.

The journal is there, of the same transaction, or the trigger refuses the entries; journals are never deleted. A fund with
entries has a budget, a contribution or a payer account, which keep it from being deleted.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

_CHECK = """
    CREATE OR REPLACE FUNCTION ledger_refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE wrong boolean;
    BEGIN
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT journal_id FROM new_entries) e
                                LEFT JOIN ledger_journal j ON j.id = e.journal_id
                                  AND j.posted_in = pg_current_xact_id()::text::bigint
                                WHERE j.id IS NULL)' INTO wrong;
        IF wrong THEN
            RAISE EXCEPTION 'an entry comes with its journal or never'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_entry_with_journal';
        END IF;
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT fund FROM new_entries) e
                                WHERE NOT EXISTS (SELECT 1 FROM fund WHERE code = e.fund))' INTO wrong;
        IF wrong THEN
            RAISE EXCEPTION 'an entry is of a fund that is known'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_entry_of_fund';
        END IF;
        RETURN NULL;
    END $$
"""
_BEFORE = """
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
_KEYS = {"ledger_entry_journal_id_fkey": ("journal_id", "ledger_journal (id)"), "ledger_entry_fund_fkey": ("fund", "fund (code)")}


def upgrade() -> None:
    op.execute(_CHECK)
    for name in _KEYS:
        op.execute(f"ALTER TABLE ledger_entry DROP CONSTRAINT {name}")


def downgrade() -> None:
    for name, (column, table) in _KEYS.items():
        op.execute(f"ALTER TABLE ledger_entry ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {table}")
    op.execute(_BEFORE)
