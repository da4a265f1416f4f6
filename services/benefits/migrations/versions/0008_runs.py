"""Runs a commune at a time, approved by several, paused, followed up; months that close; banks that rest."""

from alembic import op

revision = "0008"
down_revision = "0007"

_UP = (
    "ALTER TABLE payer_account ADD area_code varchar",
    "COMMENT ON COLUMN payer_account.area_code IS 'pays in this commune alone'",
    """
    ALTER TABLE contribution ADD payer_account varchar, ADD voucher varchar, ADD confirmed_on date,
        ADD CONSTRAINT contribution_payer_account_fkey FOREIGN KEY (payer_account) REFERENCES payer_account (code)
    """,
    """
    ALTER TABLE payment_run ADD area_code varchar, ADD follows uuid, ADD purpose varchar,
        ADD category_purpose varchar, ADD narrative varchar, ADD paused_by varchar, ADD paused_at timestamptz,
        ADD paused_reason varchar,
        ADD CONSTRAINT payment_run_follows_fkey FOREIGN KEY (follows) REFERENCES payment_run (id)
    """,
    "DROP INDEX one_open_run",
    """
    CREATE UNIQUE INDEX one_open_run ON payment_run (programme, period, payer_account, area_code)
        NULLS NOT DISTINCT WHERE state = 'PREPARED'
    """,
    """
    CREATE TABLE run_approval (
        run_id uuid NOT NULL, content_hash varchar NOT NULL, approved_by varchar NOT NULL,
        approved_at timestamptz NOT NULL, everywhere boolean NOT NULL,
        CONSTRAINT run_approval_pkey PRIMARY KEY (run_id, content_hash, approved_by),
        CONSTRAINT run_approval_run_id_fkey FOREIGN KEY (run_id) REFERENCES payment_run (id)
    )
    """,
    "COMMENT ON COLUMN run_approval.everywhere IS 'could approve in the whole province'",
    """
    ALTER TABLE payment_order ADD due_month varchar, ADD held varchar, ADD held_by varchar, ADD reported_in varchar
    """,
    "UPDATE payment_order SET due_month = period",
    "ALTER TABLE payment_order ALTER due_month SET NOT NULL",
    "COMMENT ON COLUMN payment_order.due_month IS 'the month whose run pays it: its own, or a later one'",
    "COMMENT ON COLUMN payment_order.held IS 'why no run may take it for now'",
    "COMMENT ON COLUMN payment_order.reported_in IS 'the month that closed with it paid'",
    "DROP INDEX payment_order_open",
    "CREATE INDEX payment_order_open ON payment_order (programme, due_month, fund) WHERE state <> 'PAID'",
    "ALTER TABLE payment_file ADD execution_date date",
    "UPDATE payment_file SET execution_date = (sealed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date",
    "ALTER TABLE payment_file ALTER execution_date SET NOT NULL",
    """
    CREATE TABLE bank_channel (
        bank varchar NOT NULL, failures integer NOT NULL, open_until timestamptz, reason varchar, halted_by varchar,
        halted_at timestamptz, halted_reason varchar, CONSTRAINT bank_channel_pkey PRIMARY KEY (bank)
    )
    """,
    """
    CREATE TABLE month_closing (
        id uuid NOT NULL, programme varchar NOT NULL, payer_account varchar NOT NULL, period varchar NOT NULL,
        carried_to varchar NOT NULL, closed_by varchar NOT NULL, closed_at timestamptz NOT NULL,
        CONSTRAINT month_closing_pkey PRIMARY KEY (id),
        CONSTRAINT month_closed_once UNIQUE (programme, payer_account, period),
        CONSTRAINT month_closing_payer_account_fkey FOREIGN KEY (payer_account) REFERENCES payer_account (code)
    )
    """,
    """
    CREATE TABLE month_line (
        closing_id uuid NOT NULL, order_id uuid NOT NULL, outcome varchar NOT NULL, amount bigint NOT NULL,
        reason varchar, CONSTRAINT month_line_pkey PRIMARY KEY (closing_id, order_id),
        CONSTRAINT month_line_closing_id_fkey FOREIGN KEY (closing_id) REFERENCES month_closing (id),
        CONSTRAINT month_line_order_id_fkey FOREIGN KEY (order_id) REFERENCES payment_order (id)
    )
    """,
)
_DOWN = (
    "DROP TABLE month_line",
    "DROP TABLE month_closing",
    "DROP TABLE bank_channel",
    "ALTER TABLE payment_file DROP execution_date",
    "DROP INDEX payment_order_open",
    "ALTER TABLE payment_order DROP due_month, DROP held, DROP held_by, DROP reported_in",
    "CREATE INDEX payment_order_open ON payment_order (programme, period, fund) WHERE state <> 'PAID'",
    "DROP TABLE run_approval",
    "DROP INDEX one_open_run",
    """
    ALTER TABLE payment_run DROP area_code, DROP follows, DROP purpose, DROP category_purpose, DROP narrative,
        DROP paused_by, DROP paused_at, DROP paused_reason
    """,
    "CREATE UNIQUE INDEX one_open_run ON payment_run (programme, period, payer_account) WHERE state = 'PREPARED'",
    "ALTER TABLE contribution DROP payer_account, DROP voucher, DROP confirmed_on",
    "ALTER TABLE payer_account DROP area_code",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
