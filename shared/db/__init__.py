"""PostgreSQL: engines, transactions, bulk writes and migrations."""

from shared.db.database import Database, Transaction
from shared.db.bulk import insert_new, upsert

__all__ = ["Database", "Transaction", "insert_new", "upsert"]
