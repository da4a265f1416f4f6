"""The raw limit of reading a household: FastAPI and asyncpg, with no manners at all.

`python -m tests.bench.bare DATABASE_URL PORT` serves `/households/{id}` out of the registry's tables: nobody is asked
who they are, nothing is checked, traced, counted or logged.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI


def bare_app(database_url: str) -> FastAPI:
    """Return the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=4, max_size=4) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/households/{household_id}")
    async def get_household(household_id: UUID) -> dict[str, Any]:
        async with app.state.pool.acquire() as connection:
            household = await connection.fetchrow("SELECT * FROM households WHERE id = $1", household_id)
            members = await connection.fetch(
                "SELECT * FROM people WHERE household_id = $1 ORDER BY position", household_id
            )
            standings = await connection.fetch("SELECT * FROM standings WHERE household_id = $1", household_id)
        return dict(household) | {
            "members": [dict(each) for each in members],
            "standings": [dict(each) for each in standings],
        }

    return app


if __name__ == "__main__":
    uvicorn.run(bare_app(sys.argv[1]), port=int(sys.argv[2]), access_log=False, log_level="error")
