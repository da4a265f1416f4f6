"""The whole service at work: events from the log on one side, the gateway on the other."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.notifications.app import build
from services.notifications.settings import NotificationsSettings
from shared.eventlog import open_log
from shared.events import TOPICS
from shared.messaging.envelope import to_record
from shared.settings import EventLogSettings
from tests.integration.notifications.desk import Desk, family
from tests.support.events import append, message
from tests.support.programs import Program
from tests.support.waiting import until


@pytest.fixture
def event_log_settings(embedded_log_url: str) -> EventLogSettings:
    """An embedded log of the test's own."""
    return EventLogSettings(eventlog_url=embedded_log_url)


@pytest.fixture
async def app(database_url: str, gateway: Program, event_log_settings: EventLogSettings) -> AsyncIterator[FastAPI]:
    """The service with its consumers, workers and relay running."""
    app = build(
        NotificationsSettings(
            service="notifications",
            database_url=database_url,
            sms_url=gateway.url,
            quiet_hours=False,
            event_log=event_log_settings,
        )
    )
    async with app.router.lifespan_context(app):
        yield app


async def test_events_that_the_log_gives_twice_reach_the_telephone_once(
    app: FastAPI, desk: Desk, event_log_settings: EventLogSettings
) -> None:
    homes = [family() for _ in range(5)]
    facts = [to_record(message(event)) for home in homes for event in (home.paid(), home.classified())]
    stated = [to_record(message(event)) for home in homes for event in (home.person(), home.household())]
    log = open_log(event_log_settings, client="test")
    try:
        await log.ensure_topics(TOPICS)
        await append(log, [*facts, *facts, *stated, *stated, *facts])

        async def delivered() -> bool:
            return await desk.states() == {"delivered": 10}

        await until(delivered, within=30, describe="10 messages delivered")
        assert list((await desk.received_by_phones()).values()) == [1] * 10

        async def published() -> bool:
            return sum((await log.ends(["notifications.messages"])).values()) == 10

        await until(published, describe="10 deliveries on the log")
    finally:
        await log.close()


async def test_the_service_says_that_it_is_ready(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:

        async def ready() -> bool:
            return (await client.get("/notifications/readyz")).status_code == 200

        await until(ready, describe="readyz")
