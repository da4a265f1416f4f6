"""The tables of the registry, by what they are about."""

from services.registry.tables.accounts import ACCOUNT_CHECKS, ACCOUNT_HISTORY, FORMER_PHONES
from services.registry.tables.areas import AREA_SUCCESSIONS, AREA_TOTALS, AREA_ZONES, AREAS
from services.registry.tables.assessments import ASSESSMENTS, FORMS_B1, SIMULATED_CHANGES
from services.registry.tables.base import metadata
from services.registry.tables.decisions import CLASS_HISTORY, DECISIONS, STANDINGS
from services.registry.tables.duplicates import DUPLICATE_PAIRS, PEOPLE_TO_COMPARE
from services.registry.tables.grants import GRANTS
from services.registry.tables.households import HOUSEHOLD_CHANGES, HOUSEHOLD_VERSIONS, HOUSEHOLDS
from services.registry.tables.imports import (
    HOUSEHOLD_IMPORT_FAULTS,
    HOUSEHOLD_IMPORT_NUMBERS,
    HOUSEHOLD_IMPORT_ROWS,
    HOUSEHOLD_IMPORTS,
    HOUSEHOLD_REFERENCES,
)
from services.registry.tables.ledger import MOVEMENTS, PRESENCES
from services.registry.tables.people import PEOPLE, SEALED_OF_PEOPLE
from services.registry.tables.reorganisations import GRANT_MOVES, REORGANISATION_WORKLIST, REORGANISATIONS
from services.registry.tables.reviews import (
    CERTIFICATES,
    REVIEW_APPLICATIONS,
    REVIEW_CASES,
    REVIEW_MEETINGS,
    REVIEW_OBJECTIONS,
    REVIEW_POSTINGS,
    REVIEW_ROUNDS,
    REVIEW_VOTES,
)
from shared.encryption import SealedTable

# Where this service keeps sealed values, for a change of keys.
SEALED_TABLES = (
    SealedTable(PEOPLE, SEALED_OF_PEOPLE),
    SealedTable(
        ACCOUNT_HISTORY,
        ("account_number", "account_holder", "account_authorised"),
        row_id=("person_id", "number"),
    ),
    SealedTable(FORMER_PHONES, ("phone",)),
    SealedTable(HOUSEHOLD_IMPORT_ROWS, ("cells",), row_id=("import_id", "line")),
)


__all__ = [
    "ACCOUNT_CHECKS",
    "ACCOUNT_HISTORY",
    "AREAS",
    "AREA_SUCCESSIONS",
    "AREA_TOTALS",
    "AREA_ZONES",
    "ASSESSMENTS",
    "CERTIFICATES",
    "CLASS_HISTORY",
    "DECISIONS",
    "DUPLICATE_PAIRS",
    "FORMER_PHONES",
    "FORMS_B1",
    "GRANTS",
    "GRANT_MOVES",
    "HOUSEHOLDS",
    "HOUSEHOLD_CHANGES",
    "HOUSEHOLD_IMPORTS",
    "HOUSEHOLD_IMPORT_FAULTS",
    "HOUSEHOLD_IMPORT_NUMBERS",
    "HOUSEHOLD_IMPORT_ROWS",
    "HOUSEHOLD_REFERENCES",
    "HOUSEHOLD_VERSIONS",
    "MOVEMENTS",
    "PEOPLE",
    "PEOPLE_TO_COMPARE",
    "PRESENCES",
    "REORGANISATIONS",
    "REORGANISATION_WORKLIST",
    "REVIEW_APPLICATIONS",
    "REVIEW_CASES",
    "REVIEW_MEETINGS",
    "REVIEW_OBJECTIONS",
    "REVIEW_POSTINGS",
    "REVIEW_ROUNDS",
    "REVIEW_VOTES",
    "SEALED_TABLES",
    "SIMULATED_CHANGES",
    "STANDINGS",
    "metadata",
]
