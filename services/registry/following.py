"""What follows the date alone: grants where an area begins or ends by its day, and reorganisations on theirs."""

from services.registry.reorganisation_jobs import enqueue_due
from services.registry.store.grants import follow_areas
from shared import clock
from shared.db import Database


async def follow_areas_step(database: Database) -> bool:
    """Let reorganisations begin whose day has come, and state again the grants that cover other communes today.

    Return False, for then all is done.
    """
    async with database.transaction() as session:
        await enqueue_due(session, clock.today())
        await follow_areas(session, clock.today())
    return False
