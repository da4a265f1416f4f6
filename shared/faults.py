"""Which errors heal by waiting."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.db import FAULTS
from shared.eventlog import LogUnavailable

# SQLSTATE classes: connection, transaction rollback (deadlock, serialization), resources, operator intervention.
_HEALING_CLASSES = ("08", "40", "53", "57")
_LOCK_NOT_AVAILABLE = "55P03"


def is_transient(error: BaseException) -> bool:
    """Say whether the same work may succeed later without anybody changing anything."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        return _heals(getattr(error.orig, "sqlstate", None))
    if isinstance(error, asyncpg.PostgresError):
        return _heals(error.sqlstate)
    return isinstance(error, (*FAULTS, PoolTimeout, LogUnavailable))


def _heals(sqlstate: str | None) -> bool:
    return sqlstate is not None and (sqlstate[:2] in _HEALING_CLASSES or sqlstate == _LOCK_NOT_AVAILABLE)
