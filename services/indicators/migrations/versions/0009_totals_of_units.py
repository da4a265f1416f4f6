"""Published totals are of a unit, which is a code and its first day: in a year of change one code means two units."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE area_totals ADD COLUMN valid_from date NOT NULL DEFAULT 'infinity'")
    op.execute("ALTER TABLE area_totals ALTER COLUMN valid_from DROP DEFAULT")
    op.execute("ALTER TABLE area_totals DROP CONSTRAINT pk_area_totals")
    op.execute("ALTER TABLE area_totals ADD CONSTRAINT pk_area_totals PRIMARY KEY (code, year, valid_from)")


def downgrade() -> None:
    op.execute("ALTER TABLE area_totals DROP CONSTRAINT pk_area_totals")
    op.execute(
        """DELETE FROM area_totals WHERE EXISTS (
            SELECT FROM area_totals newer WHERE newer.code = area_totals.code AND newer.year = area_totals.year
                AND (newer.version, newer.valid_from) > (area_totals.version, area_totals.valid_from))"""
    )
    op.execute("ALTER TABLE area_totals ADD CONSTRAINT pk_area_totals PRIMARY KEY (code, year)")
    op.execute("ALTER TABLE area_totals DROP COLUMN valid_from")
