"""A refusal frees its order only when a statement, or two people, have proven that nothing was debited."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE payment_instruction ADD COLUMN debitable_until date")
    op.execute(
        "ALTER TABLE payment_instruction ADD CONSTRAINT payment_instruction_unproven_has_its_day"
        " CHECK (state NOT IN ('REFUSED', 'REVOKED') OR debitable_until IS NOT NULL)"
    )
    op.execute(
        "CREATE INDEX payment_instruction_unproven ON payment_instruction (debitable_until)"
        " WHERE state IN ('REFUSED', 'REVOKED')"
    )


def downgrade() -> None:
    op.execute("UPDATE payment_instruction SET state = 'EXCEPTION' WHERE state IN ('REFUSED', 'REVOKED')")
    op.execute("DROP INDEX payment_instruction_unproven")
    op.execute("ALTER TABLE payment_instruction DROP CONSTRAINT payment_instruction_unproven_has_its_day")
    op.execute("ALTER TABLE payment_instruction DROP COLUMN debitable_until")
