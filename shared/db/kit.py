"""The tables that every service has in its own database: outbox, inbox, dead letters, idempotency keys, jobs."""

from sqlalchemy import MetaData

kit_metadata = MetaData()
