"""Long work of the registry."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from structlog import get_logger

from services.registry.store.household_chunks import register_next
from services.registry.store.household_imports import HouseholdImport, household_import
from shared import clock
from shared.access import PERMISSIONS, Access
from shared.access.store import RoleMissing, access_of
from shared.db import Transaction
from shared.faults import is_transient
from shared.jobs import JobContext

_log = get_logger(__name__)
_TRIES = 10
_REGISTER = PERMISSIONS["households.register"]


async def import_households(job: JobContext) -> Mapping[str, Any]:
    """Register the households of a list, or try to. What is done, and how far, is one transaction.

    The list has the job's id, but where it is registered after a trial.
    """
    async with job.database.transaction() as session:
        found = await household_import(session, UUID(job.arguments.get("import_id", str(job.id))))
    while found.handled < found.rows:
        found = await _next(job, found)
    return {
        "trial": found.trial,
        "created": found.created,
        "people": found.people,
        "unchanged": found.unchanged,
        "refused": found.refused,
        "errors_url": f"/registry/v1/household-imports/{found.id}/errors",
    }


async def _next(job: JobContext, found: HouseholdImport) -> HouseholdImport:
    """Do the next piece. Who registers the same people at the same time may make it begin anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            async with job.database.transaction() as session:
                access = await _access(session, job.created_by)
                reached = await register_next(session, found, access, clock.now())
                await job.progress(reached.handled, reached.rows, session=session)
            return reached
        except Exception as error:
            if attempt == _TRIES or not (isinstance(error, IntegrityError) or is_transient(error)):
                raise
            _log.warning("household_import_again", job=str(job.id), attempt=attempt, exc_info=error)
    raise AssertionError("unreachable")


async def _access(session: Transaction, subject: str) -> Access:
    """Return where the sender may register households today; grants may end while a list is worked on."""
    try:
        return await access_of(session, subject, _REGISTER, clock.today())
    except RoleMissing:
        return Access(subject, _REGISTER.name, frozenset())
