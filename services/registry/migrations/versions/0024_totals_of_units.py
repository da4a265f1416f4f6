"""Published totals are of a unit, which is a code and its first day: in a year of change one code means two units."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Numbers that named no unit are taken for those of the year's end: of the last that had the code by then, or the first
# that was given it later.
_UNIT_OF_THE_YEAR = """UPDATE area_totals SET valid_from = (
    SELECT areas.valid_from FROM areas WHERE areas.code = area_totals.code
    ORDER BY areas.valid_from > make_date(area_totals.year, 12, 31),
        CASE WHEN areas.valid_from <= make_date(area_totals.year, 12, 31) THEN areas.valid_from END DESC,
        areas.valid_from
    LIMIT 1)"""
_UP = (
    "ALTER TABLE area_totals ADD COLUMN valid_from date",
    _UNIT_OF_THE_YEAR,
    "ALTER TABLE area_totals ALTER COLUMN valid_from SET NOT NULL",
    "ALTER TABLE area_totals DROP CONSTRAINT pk_area_totals",
    "ALTER TABLE area_totals ADD CONSTRAINT pk_area_totals PRIMARY KEY (code, year, valid_from)",
)
_DOWN = (
    "ALTER TABLE area_totals DROP CONSTRAINT pk_area_totals",
    """DELETE FROM area_totals WHERE EXISTS (
        SELECT FROM area_totals later WHERE later.code = area_totals.code AND later.year = area_totals.year
            AND later.valid_from > area_totals.valid_from)""",
    "ALTER TABLE area_totals ADD CONSTRAINT pk_area_totals PRIMARY KEY (code, year)",
    "ALTER TABLE area_totals DROP COLUMN valid_from",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
