"""Work that one process at a time may do: two processes on one database, and what takes their turns from them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.db import Database
from shared.workers import Worker, WorkerLocks, run_worker
from tests.support.postgres import CreateDatabase
from tests.support.waiting import until

_OURS = (
    "FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HOLDERS = f"SELECT count(DISTINCT pid) {_OURS}"
_END = f"SELECT pg_terminate_backend(pid) {_OURS}"


class _Process:
    """What two workers of one process did."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, name="worker", pool_size=1)
        self.locks = WorkerLocks(self.database)
        self.steps = {"first": 0, "second": 0}
        self.failing = False

    def worker(self, name: str) -> Worker:
        async def step(_database: Database) -> bool:
            self.steps[name] += 1
            if self.failing:
                raise ValueError(name)
            return False

        return Worker(name, step, interval=0.01)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(run_worker(self.database, self.locks, self.worker(name), stop)) for name in self.steps
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await self.locks.close()
            await self.database.close()

    async def goes_on(self) -> None:
        before = dict(self.steps)
        await until(
            lambda: all(self.steps[name] > count for name, count in before.items()), describe="both workers go on"
        )


async def test_one_process_works_and_another_takes_over_when_it_stops(create_database: CreateDatabase) -> None:
    url = await create_database()
    first, second = _Process(url), _Process(url)
    async with second.working():
        await second.goes_on()
        async with first.working():
            await second.goes_on()
            assert first.steps == {"first": 0, "second": 0}
    third = _Process(url)
    async with third.working():
        await third.goes_on()


async def test_the_workers_of_a_process_hold_their_locks_on_one_connection(create_database: CreateDatabase) -> None:
    process = _Process(await create_database())
    async with process.working():
        await process.goes_on()
        connection = await process.database.connect()
        assert await connection.fetchval(_HOLDERS) == 1
        await connection.close()


async def test_who_lost_the_connection_takes_the_locks_again_or_leaves_the_work_to_others(
    create_database: CreateDatabase,
) -> None:
    process = _Process(await create_database())
    async with process.working():
        await process.goes_on()
        connection = await process.database.connect()
        await connection.execute(_END)
        await connection.close()
        await process.goes_on()


async def test_a_worker_that_fails_leaves_its_turn_to_another_process(create_database: CreateDatabase) -> None:
    url = await create_database()
    broken, sound = _Process(url), _Process(url)
    broken.failing = True
    async with broken.working():
        await until(lambda: all(broken.steps.values()), describe="both have failed once")
        async with sound.working():
            await sound.goes_on()
