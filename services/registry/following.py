"""Grants follow the areas that they are in, also where an area begins or ends by its date alone."""

from services.registry.store.grants import follow_areas
from shared import clock
from shared.db import Database


async def follow_areas_step(database: Database) -> bool:
    """State again the grants that cover other communes today; return False, for then all is done."""
    async with database.transaction() as session:
        await follow_areas(session, clock.today())
    return False
