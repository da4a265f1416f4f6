"""All tables of benefits, and the rules that keep the books append-only and balanced."""

from alembic import op

from shared.db.kit_migration import create_kit_tables, drop_kit_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE application (
    id UUID NOT NULL, programme VARCHAR NOT NULL, household_id UUID NOT NULL, person_id UUID NOT NULL,
    applied_on DATE NOT NULL, sheet JSONB NOT NULL, prepared_by VARCHAR NOT NULL,
    prepared_at TIMESTAMP WITH TIME ZONE NOT NULL, state VARCHAR NOT NULL,
    CONSTRAINT application_pkey PRIMARY KEY (id)
);
CREATE INDEX application_by_household ON application (household_id);
CREATE TABLE bank_message (
    id UUID NOT NULL, bank VARCHAR NOT NULL, kind VARCHAR NOT NULL, external_id VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL, content BYTEA NOT NULL, received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state VARCHAR NOT NULL, reason VARCHAR, CONSTRAINT bank_message_pkey PRIMARY KEY (id),
    CONSTRAINT inbound_once UNIQUE (bank, kind, external_id, sha256)
);
COMMENT ON COLUMN bank_message.external_id IS 'the file or the statement that it answers to';
COMMENT ON COLUMN bank_message.state IS 'received, applied or quarantined';
CREATE TABLE fund (
    code VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, created_by VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT fund_pkey PRIMARY KEY (code)
);
CREATE TABLE household (
    household_id UUID NOT NULL, version INTEGER NOT NULL, area_code VARCHAR NOT NULL, members JSONB NOT NULL,
    standings JSONB NOT NULL, CONSTRAINT household_pkey PRIMARY KEY (household_id)
);
CREATE TABLE household_turn (
    household_id UUID NOT NULL, CONSTRAINT household_turn_pkey PRIMARY KEY (household_id)
);
CREATE TABLE ledger_journal (
    id UUID NOT NULL, cause VARCHAR NOT NULL, kind VARCHAR NOT NULL, value_date DATE NOT NULL,
    posted_by VARCHAR NOT NULL, posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    posted_in BIGINT DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT ledger_journal_pkey PRIMARY KEY (id), CONSTRAINT ledger_journal_cause_once UNIQUE (cause)
);
COMMENT ON COLUMN ledger_journal.posted_in IS 'the transaction that wrote it; entries come in the same one or never';
CREATE TABLE person (
    person_id UUID NOT NULL, household_id UUID NOT NULL, version INTEGER NOT NULL, full_name VARCHAR NOT NULL,
    birth_date DATE, bank_bin VARCHAR, account_number VARCHAR, account_holder VARCHAR,
    CONSTRAINT person_pkey PRIMARY KEY (person_id)
);
CREATE TABLE application_decision (
    application_id UUID NOT NULL, approved BOOLEAN NOT NULL, note VARCHAR NOT NULL, sheet JSONB NOT NULL,
    decided_by VARCHAR NOT NULL, decided_on DATE NOT NULL, decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT application_decision_pkey PRIMARY KEY (application_id),
    CONSTRAINT application_decision_application_id_fkey FOREIGN KEY(application_id) REFERENCES application (id)
);
CREATE TABLE award (
    id UUID NOT NULL, application_id UUID NOT NULL, programme VARCHAR NOT NULL, fund VARCHAR NOT NULL,
    household_id UUID NOT NULL, person_id UUID NOT NULL, area_code VARCHAR NOT NULL,
    monthly_amount BIGINT NOT NULL, first_month VARCHAR NOT NULL, last_month VARCHAR NOT NULL,
    fiscal_year INTEGER NOT NULL, granted_on DATE NOT NULL, granted_by VARCHAR NOT NULL, state VARCHAR NOT NULL,
    CONSTRAINT award_pkey PRIMARY KEY (id), CONSTRAINT award_of_application UNIQUE (application_id),
    CONSTRAINT award_amount_vnd CHECK (monthly_amount > 0),
    CONSTRAINT award_span CHECK (first_month <= last_month),
    CONSTRAINT award_application_id_fkey FOREIGN KEY(application_id) REFERENCES application (id),
    CONSTRAINT award_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code)
);
CREATE UNIQUE INDEX one_live_award ON award (programme, person_id, fiscal_year) WHERE state = 'active';
CREATE TABLE budget (
    fund VARCHAR NOT NULL, programme VARCHAR NOT NULL, fiscal_year INTEGER NOT NULL, available BIGINT NOT NULL,
    CONSTRAINT budget_pkey PRIMARY KEY (fund, programme, fiscal_year),
    CONSTRAINT budget_not_overdrawn CHECK (available >= 0),
    CONSTRAINT budget_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code)
);
CREATE TABLE contribution (
    id UUID NOT NULL, fund VARCHAR NOT NULL, amount BIGINT NOT NULL, reference VARCHAR NOT NULL,
    declared_by VARCHAR NOT NULL, declared_at TIMESTAMP WITH TIME ZONE NOT NULL, received_on DATE,
    CONSTRAINT contribution_pkey PRIMARY KEY (id), CONSTRAINT contribution_once UNIQUE (fund, reference),
    CONSTRAINT contribution_amount_vnd CHECK (amount > 0),
    CONSTRAINT contribution_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code)
);
CREATE TABLE ledger_entry (
    journal_id UUID NOT NULL, line INTEGER NOT NULL, account VARCHAR NOT NULL, side VARCHAR NOT NULL,
    amount BIGINT NOT NULL, fund VARCHAR NOT NULL, programme VARCHAR, fiscal_year INTEGER, bank_account VARCHAR,
    order_id UUID, instruction_id UUID, CONSTRAINT ledger_entry_pkey PRIMARY KEY (journal_id, line),
    CONSTRAINT ledger_entry_journal_id_fkey FOREIGN KEY(journal_id) REFERENCES ledger_journal (id),
    CONSTRAINT ledger_entry_amount_vnd CHECK (amount > 0),
    CONSTRAINT ledger_entry_side_known CHECK (side IN ('debit', 'credit')),
    CONSTRAINT ledger_entry_cash_at_a_bank CHECK ((account = 'A1') = (bank_account IS NOT NULL)),
    CONSTRAINT ledger_entry_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code)
);
CREATE INDEX ledger_entry_by_account ON ledger_entry (account, fund, programme, fiscal_year);
CREATE INDEX ledger_entry_by_order ON ledger_entry (order_id) WHERE order_id IS NOT NULL;
CREATE TABLE payer_account (
    code VARCHAR NOT NULL, bank VARCHAR NOT NULL, bin VARCHAR NOT NULL, number VARCHAR NOT NULL,
    holder VARCHAR NOT NULL, fund VARCHAR NOT NULL, created_by VARCHAR NOT NULL, files INTEGER NOT NULL,
    reconciled_sequence BIGINT, reconciled_closing BIGINT, CONSTRAINT payer_account_pkey PRIMARY KEY (code),
    CONSTRAINT payer_account_number_once UNIQUE (bank, number),
    CONSTRAINT payer_account_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code)
);
COMMENT ON COLUMN payer_account.files IS 'how many files were ever numbered';
CREATE TABLE statement_entry (
    payer_account VARCHAR NOT NULL, sequence BIGINT NOT NULL, ordinal INTEGER NOT NULL, side VARCHAR NOT NULL,
    amount BIGINT NOT NULL, booked_on DATE NOT NULL, end_to_end_id VARCHAR, bank_reference VARCHAR,
    outcome VARCHAR NOT NULL, return_reason VARCHAR, instruction_id UUID, contribution_id UUID,
    journal_id UUID NOT NULL, CONSTRAINT statement_entry_pkey PRIMARY KEY (payer_account, sequence, ordinal),
    CONSTRAINT one_journal_an_entry UNIQUE (journal_id),
    CONSTRAINT statement_entry_journal_id_fkey FOREIGN KEY(journal_id) REFERENCES ledger_journal (id)
);
CREATE INDEX statement_entry_by_contribution ON statement_entry (contribution_id) WHERE contribution_id IS NOT NULL;
CREATE INDEX statement_entry_by_instruction ON statement_entry (instruction_id) WHERE instruction_id IS NOT NULL;
CREATE TABLE bank_statement (
    payer_account VARCHAR NOT NULL, sequence BIGINT NOT NULL, statement_id VARCHAR NOT NULL,
    message UUID NOT NULL, opening BIGINT NOT NULL, closing BIGINT NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT bank_statement_pkey PRIMARY KEY (payer_account, sequence),
    CONSTRAINT bank_statement_payer_account_fkey FOREIGN KEY(payer_account) REFERENCES payer_account (code),
    CONSTRAINT bank_statement_message_fkey FOREIGN KEY(message) REFERENCES bank_message (id)
);
CREATE TABLE payment_run (
    id UUID NOT NULL, programme VARCHAR NOT NULL, period VARCHAR NOT NULL, payer_account VARCHAR NOT NULL,
    state VARCHAR NOT NULL, declared_count INTEGER NOT NULL, declared_sum BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL, prepared_by VARCHAR NOT NULL, prepared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by VARCHAR, approved_at TIMESTAMP WITH TIME ZONE, CONSTRAINT payment_run_pkey PRIMARY KEY (id),
    CONSTRAINT payment_run_payer_account_fkey FOREIGN KEY(payer_account) REFERENCES payer_account (code)
);
CREATE UNIQUE INDEX one_open_run ON payment_run (programme, period, payer_account) WHERE state = 'PREPARED';
CREATE TABLE payment_file (
    message_id VARCHAR NOT NULL, run_id UUID NOT NULL, payer_account VARCHAR NOT NULL, content BYTEA NOT NULL,
    sha256 VARCHAR NOT NULL, count INTEGER NOT NULL, total BIGINT NOT NULL, state VARCHAR NOT NULL,
    reason VARCHAR, bank_ref VARCHAR, attempts INTEGER NOT NULL, sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL, polls INTEGER NOT NULL,
    next_poll_at TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT payment_file_pkey PRIMARY KEY (message_id),
    CONSTRAINT payment_file_run_id_fkey FOREIGN KEY(run_id) REFERENCES payment_run (id),
    CONSTRAINT payment_file_payer_account_fkey FOREIGN KEY(payer_account) REFERENCES payer_account (code)
);
CREATE INDEX payment_file_by_run ON payment_file (run_id);
CREATE INDEX payment_file_waiting ON payment_file (next_at) WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN');
CREATE TABLE payment_order (
    id UUID NOT NULL, award_id UUID NOT NULL, household_id UUID NOT NULL, person_id UUID NOT NULL,
    programme VARCHAR NOT NULL, fund VARCHAR NOT NULL, area_code VARCHAR NOT NULL, period VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, amount BIGINT NOT NULL, state VARCHAR NOT NULL, reason VARCHAR, run_id UUID,
    bank_bin VARCHAR, account_number VARCHAR, holder_name VARCHAR, obliged BOOLEAN NOT NULL,
    payable VARCHAR NOT NULL, CONSTRAINT payment_order_pkey PRIMARY KEY (id),
    CONSTRAINT order_once UNIQUE (award_id, period, kind),
    CONSTRAINT payment_order_amount_vnd CHECK (amount > 0),
    CONSTRAINT payment_order_payable_known CHECK (payable IN ('L1', 'L2')),
    CONSTRAINT payment_order_fund_fkey FOREIGN KEY(fund) REFERENCES fund (code),
    CONSTRAINT payment_order_run_id_fkey FOREIGN KEY(run_id) REFERENCES payment_run (id)
);
CREATE INDEX payment_order_by_household ON payment_order (household_id);
CREATE INDEX payment_order_by_run ON payment_order (run_id, id);
CREATE INDEX payment_order_open ON payment_order (programme, period, fund) WHERE state <> 'PAID';
COMMENT ON COLUMN payment_order.obliged IS 'approved once: owed in the books';
CREATE TABLE payment_instruction (
    id UUID NOT NULL, order_id UUID NOT NULL, message_id VARCHAR NOT NULL, end_to_end_id VARCHAR NOT NULL,
    uetr UUID NOT NULL, amount BIGINT NOT NULL, state VARCHAR NOT NULL, rank INTEGER NOT NULL, reason VARCHAR,
    bank_reference VARCHAR, booked_on DATE, version INTEGER NOT NULL,
    CONSTRAINT payment_instruction_pkey PRIMARY KEY (id),
    CONSTRAINT end_to_end_id_forever UNIQUE (end_to_end_id), CONSTRAINT uetr_forever UNIQUE (uetr),
    CONSTRAINT payment_instruction_amount_vnd CHECK (amount > 0),
    CONSTRAINT payment_instruction_order_id_fkey FOREIGN KEY(order_id) REFERENCES payment_order (id),
    CONSTRAINT payment_instruction_message_id_fkey FOREIGN KEY(message_id) REFERENCES payment_file (message_id)
);
CREATE UNIQUE INDEX one_live_instruction ON payment_instruction (order_id) WHERE state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED');
CREATE INDEX payment_instruction_by_file ON payment_instruction (message_id);
CREATE TABLE send_attempt (
    id UUID NOT NULL, message_id VARCHAR NOT NULL, started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE, outcome VARCHAR, detail VARCHAR,
    CONSTRAINT send_attempt_pkey PRIMARY KEY (id),
    CONSTRAINT send_attempt_message_id_fkey FOREIGN KEY(message_id) REFERENCES payment_file (message_id)
);
CREATE INDEX send_attempt_by_file ON send_attempt (message_id);
"""

# Entries come in the transaction of their journal, so that the journal's own check, at the end of that transaction,
# sees all of them: one check a journal, however many entries it has.
_RULES = (
    """
    CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the books are append-only: correct by another journal'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_append_only';
    END $$
    """,
    """
    CREATE FUNCTION ledger_refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM ledger_journal j
                       WHERE j.id = NEW.journal_id AND j.posted_in = pg_current_xact_id()::text::bigint) THEN
            RAISE EXCEPTION 'an entry comes with its journal or never'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_entry_with_journal';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM ledger_entry WHERE journal_id = NEW.id) OR EXISTS (
            SELECT 1 FROM ledger_entry WHERE journal_id = NEW.id GROUP BY fund, left(account, 1) = 'B'
            HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0) THEN
            RAISE EXCEPTION 'the journal does not balance'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_journal_balances';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_journal_balances AFTER INSERT ON ledger_journal
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance()
    """,
    """
    CREATE TRIGGER ledger_entry_with_journal BEFORE INSERT ON ledger_entry
        FOR EACH ROW EXECUTE FUNCTION ledger_refuse_late_entry()
    """,
    """
    CREATE TRIGGER ledger_journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()
    """,
    """
    CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()
    """,
)

_IN_ORDER = (
    "application",
    "bank_message",
    "fund",
    "household",
    "household_turn",
    "ledger_journal",
    "person",
    "application_decision",
    "award",
    "budget",
    "contribution",
    "ledger_entry",
    "payer_account",
    "statement_entry",
    "bank_statement",
    "payment_run",
    "payment_file",
    "payment_order",
    "payment_instruction",
    "send_attempt",
)


def upgrade() -> None:
    """Make everything."""
    create_kit_tables()
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for rule in _RULES:
        op.execute(rule)


def downgrade() -> None:
    """Drop everything."""
    for table in reversed(_IN_ORDER):
        op.execute(f"DROP TABLE {table}")
    for function in ("ledger_check_balance", "ledger_refuse_late_entry", "ledger_refuse_change"):
        op.execute(f"DROP FUNCTION {function}()")
    drop_kit_tables()
