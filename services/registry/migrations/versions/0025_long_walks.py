"""The order of names is walked in its indexes alone, and records of one day are told apart by commune in theirs."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ASKED = "name_words, relationship, sex, ethnicity, birth_date"
_GIVEN = "birth_date, split_part(name_words, ' ', -1)"


def upgrade() -> None:
    _replace("ix_people_name_key", f"(name_key, id) INCLUDE (area_code, household_id, {_ASKED})")
    _replace("ix_people_area_name", f"(area_code, name_key, id) INCLUDE (household_id, {_ASKED})")
    _replace("ix_people_birth_given", f"({_GIVEN}, area_code)")
    for index, on, more in (
        ("ix_people_known", "name_key, id", "area_code, household_id"),
        ("ix_people_area_known", "area_code, name_key, id", "household_id"),
    ):
        op.execute(
            f"CREATE INDEX {index} ON people ({on}) INCLUDE ({more}, {_ASKED}, facts) WHERE facts <> '{{}}'::jsonb"
        )


def downgrade() -> None:
    op.execute("DROP INDEX ix_people_area_known")
    op.execute("DROP INDEX ix_people_known")
    _replace("ix_people_name_key", "(name_key, id)")
    _replace("ix_people_area_name", "(area_code, name_key, id)")
    _replace("ix_people_birth_given", f"({_GIVEN})")


def _replace(index: str, on: str) -> None:
    op.execute(f"DROP INDEX {index}")
    op.execute(f"CREATE INDEX {index} ON people {on}")
