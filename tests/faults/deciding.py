"""A process that takes one decision: `python -m tests.faults.deciding <database> <decision as JSON>`."""

import asyncio
import sys

from services.registry.store.decisions import DecisionOrder, take_decision
from shared import clock
from shared.access import Access
from shared.db import Database


async def _decide(url: str, order: str) -> None:
    database = Database(url, name="deciding")
    access = Access("chair", "decisions.decide", areas=None)
    async with database.transaction() as session:
        await take_decision(session, access, DecisionOrder.model_validate_json(order), by="chair", now=clock.now())


if __name__ == "__main__":
    asyncio.run(_decide(*sys.argv[1:]))
