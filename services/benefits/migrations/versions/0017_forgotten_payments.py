"""Whom the payments of forgotten files went to, so that who is entered anew after a restore is not paid again."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE recovered_payment ADD COLUMN payee_index varchar, ADD COLUMN holder_index varchar,"
        " ADD COLUMN execution_date date,"
        " ADD COLUMN order_id uuid CONSTRAINT recovered_payment_order_id_fkey REFERENCES payment_order (id),"
        " ADD COLUMN dismissed_by varchar, ADD COLUMN dismissed_at timestamptz"
    )
    op.execute("CREATE INDEX recovered_payment_by_payee ON recovered_payment (payee_index, amount)")
    op.execute("CREATE INDEX recovered_payment_by_holder ON recovered_payment (holder_index, amount)")


def downgrade() -> None:
    op.execute("DROP INDEX recovered_payment_by_payee")
    op.execute("DROP INDEX recovered_payment_by_holder")
    op.execute(
        "ALTER TABLE recovered_payment DROP COLUMN payee_index, DROP COLUMN holder_index,"
        " DROP COLUMN execution_date, DROP COLUMN order_id, DROP COLUMN dismissed_by, DROP COLUMN dismissed_at"
    )
