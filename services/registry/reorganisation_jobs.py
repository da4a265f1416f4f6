"""Reorganisations are done by jobs: on their day, whole or not at all, by whichever process lives."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.registry.store import reorganising
from services.registry.store.reorganisations import REORGANISATION_JOB, due, note, put_back_given_up, reorganisation
from shared import clock
from shared.db import Transaction
from shared.http import Problem
from shared.jobs import JobContext
from shared.jobs.store import Job, enqueue, jobs_about

REORGANISATION_UNDO = "reorganisation-undo"


async def enqueue_due(session: Transaction, today: date) -> int:
    """Let those reorganisations begin that are approved and whose day has come; return how many.

    Those whose work was given up can be ordered again from here on.
    """
    await put_back_given_up(session)
    found = await due(session, today)
    for each in found:
        await note(session, each.id, state="applying")
        arguments = {"reorganisation_id": str(each.id)}
        await enqueue(session, REORGANISATION_JOB, arguments, created_by=each.approved_by or each.prepared_by)
    return len(found)


async def jobs_of(session: Transaction, reorganisation_id: UUID) -> list[Job]:
    """Return the jobs that did or undid a reorganisation, newest first."""
    arguments = {"reorganisation_id": str(reorganisation_id)}
    return await jobs_about(session, (REORGANISATION_JOB, REORGANISATION_UNDO), arguments)


async def apply_reorganisation(job: JobContext) -> Mapping[str, Any]:
    """Do an approved reorganisation. All of it is one transaction, so that a process that dies leaves nothing of it."""
    reorganisation_id = UUID(job.arguments["reorganisation_id"])
    try:
        async with job.database.transaction() as session:
            found = await reorganisation(session, reorganisation_id, lock=True)
            if found.state != "applying":  # the end of the work was written, the end of the job was not
                return {"households": found.households, "people": found.people, "grants": found.grants}
            by = found.approved_by or job.created_by
            moved = await reorganising.apply(session, found, by=by, now=clock.now(), progress=job.progress)
            await job.progress(moved.households, moved.households, session=session)
    except Problem:
        async with job.database.transaction() as session:
            await note(session, reorganisation_id, state="planned", approved_by=None)
        raise
    return vars(moved)


async def undo_reorganisation(job: JobContext) -> Mapping[str, Any]:
    """Undo a reorganisation, in one transaction."""
    async with job.database.transaction() as session:
        found = await reorganisation(session, UUID(job.arguments["reorganisation_id"]), lock=True)
        if found.state != "applied":
            return {"households": 0, "people": 0, "grants": 0}
        moved = await reorganising.undo(session, found, by=job.created_by, now=clock.now(), progress=job.progress)
        await job.progress(moved.households, moved.households, session=session)
    return vars(moved)
