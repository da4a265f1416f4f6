"""A process that takes one decision: `python -m tests.faults.deciding <database> <decision as JSON>`."""

import asyncio
import os
import sys
from pathlib import Path

from services.registry.store.deciding import take_decisions
from services.registry.store.decision_orders import DecisionOrder
from shared import clock
from shared.access import Access
from shared.db import Database
from shared.keys import load_keys


async def _decide(url: str, order: str) -> None:
    database = Database(url, name="deciding", keys=load_keys(Path(os.environ["ANSINH_KEYS"]), "registry"))
    access = Access("chair", "decisions.decide", areas=None)
    async with database.transaction() as session:
        orders = [DecisionOrder.model_validate_json(order)]
        await take_decisions(session, access, orders, pointers=["/body"], by="chair", now=clock.now())


if __name__ == "__main__":
    asyncio.run(_decide(*sys.argv[1:]))
