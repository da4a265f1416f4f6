"""Long work: accepted at once, done in the background, its progress to be read or followed.

An endpoint asks for `Jobs` and returns what `jobs.start("import", {…})` gives, with `status_code=202`; the service's
lifespan runs a `JobRunner` with a handler for each kind, and its app has the routes of `job_router`. A handler may be
run again from the start after its process was killed: what it does must bear that, and `job.done` tells how far the
last `progress` came.
"""

from shared.jobs.api import JobOut, Jobs, job_out, job_router
from shared.jobs.runner import Handler, JobContext, JobRunner
from shared.jobs.store import JobLost

__all__ = ["Handler", "JobContext", "JobLost", "JobOut", "JobRunner", "Jobs", "job_out", "job_router"]
