"""PostgreSQL: engines, transactions, bulk writes and migrations."""

from shared.db.bulk import among, copy_records, copy_rows, insert_new, update_rows, upsert
from shared.db.database import FAULTS, Database, Transaction
from shared.db.prepared import Prepared, among_given

__all__ = [
    "FAULTS",
    "Database",
    "Prepared",
    "Transaction",
    "among",
    "among_given",
    "copy_records",
    "copy_rows",
    "insert_new",
    "update_rows",
    "upsert",
]
