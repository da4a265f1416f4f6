"""Assessments keep facts, what they say and the form that gave the points; simulations of another standard."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """ALTER TABLE assessments
            ADD COLUMN facts jsonb,
            ADD COLUMN computed jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN form_version text,
            ADD COLUMN form_answers jsonb,
            ADD COLUMN sample_form boolean NOT NULL DEFAULT false"""
    )
    op.execute(
        """CREATE TABLE simulated_changes (
            simulation_id uuid NOT NULL,
            household_id uuid NOT NULL,
            area_code text NOT NULL,
            people integer NOT NULL,
            class_before text NOT NULL,
            class_after text NOT NULL,
            CONSTRAINT pk_simulated_changes PRIMARY KEY (simulation_id, household_id))"""
    )


def downgrade() -> None:
    op.execute("DROP TABLE simulated_changes")
    op.execute(
        """ALTER TABLE assessments DROP COLUMN facts, DROP COLUMN computed, DROP COLUMN form_version,
            DROP COLUMN form_answers, DROP COLUMN sample_form"""
    )
