"""Funds with restrictions, awards that end, and what people said that unexplained money is."""

from alembic import op

revision = "0012"
down_revision = "0011"

_UP = (
    "ALTER TABLE fund ADD programmes varchar[], ADD areas varchar[], ADD purpose varchar",
    "ALTER TABLE award ADD ends_with varchar, ADD end_reason varchar, ADD released bigint NOT NULL DEFAULT 0",
    "ALTER TABLE award ALTER released DROP DEFAULT",
    """
    CREATE TABLE suspense_clearing (
        payer_account varchar NOT NULL, sequence bigint NOT NULL, ordinal integer NOT NULL, becomes varchar NOT NULL,
        reference varchar NOT NULL, contribution_id uuid, instruction_id uuid, journal_id uuid NOT NULL,
        cleared_by varchar NOT NULL, cleared_at timestamptz NOT NULL,
        CONSTRAINT suspense_clearing_pkey PRIMARY KEY (payer_account, sequence, ordinal),
        CONSTRAINT suspense_clearing_contribution_id_fkey FOREIGN KEY (contribution_id) REFERENCES contribution (id),
        CONSTRAINT suspense_clearing_instruction_id_fkey
            FOREIGN KEY (instruction_id) REFERENCES payment_instruction (id),
        CONSTRAINT suspense_clearing_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES ledger_journal (id)
    )
    """,
)
_DOWN = (
    "DROP TABLE suspense_clearing",
    "ALTER TABLE award DROP ends_with, DROP end_reason, DROP released",
    "ALTER TABLE fund DROP programmes, DROP areas, DROP purpose",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
