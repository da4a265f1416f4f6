"""Zones of units as dated data; published totals by setting and by ethnic group."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE area_zones (
            code text NOT NULL,
            valid_from date NOT NULL,
            valid_to date,
            zone text,
            extremely_difficult boolean NOT NULL,
            legal_basis text NOT NULL,
            CONSTRAINT pk_area_zones PRIMARY KEY (code, valid_from),
            CONSTRAINT ck_area_zones_period CHECK (valid_to >= valid_from),
            CONSTRAINT ck_area_zones_zone CHECK (zone IN ('I', 'II', 'III')))"""
    )
    op.execute(
        """ALTER TABLE area_totals
            ADD COLUMN urban jsonb,
            ADD COLUMN rural jsonb,
            ADD COLUMN ethnicities jsonb NOT NULL DEFAULT '{}'"""
    )


def downgrade() -> None:
    op.execute("ALTER TABLE area_totals DROP COLUMN urban, DROP COLUMN rural, DROP COLUMN ethnicities")
    op.execute("DROP TABLE area_zones")
