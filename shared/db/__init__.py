"""PostgreSQL: engines, transactions, bulk writes and migrations."""

from shared.db.bulk import insert_new, upsert
from shared.db.database import Database, Transaction

__all__ = ["Database", "Transaction", "insert_new", "upsert"]
