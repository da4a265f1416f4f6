"""PostgreSQL: engines, transactions, bulk writes and migrations."""

from shared.db.bulk import among, copy_rows, insert_new, upsert
from shared.db.database import FAULTS, Database, Transaction

__all__ = ["FAULTS", "Database", "Transaction", "among", "copy_rows", "insert_new", "upsert"]
