"""What a service shows of its events: journal, dead letters, readiness, figures."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from shared.db import Database, Transaction
from shared.events import Received
from shared.http.health import NotReady
from shared.messaging.health import Flow
from shared.messaging.outbox import publish
from shared.messaging.runner import Runner
from shared.service import ServiceDefinition, build_app
from shared.settings import EventLogSettings, ServiceSettings
from tests.integration.events.conftest import Urls
from tests.support.access import grant
from tests.support.events import POISON, Chain, classified, household, projector, record_all, record_effects
from tests.support.tokens import bearer
from tests.support.waiting import until

LETTERS = "/registry/v1/dead-letters"
FAULTLESS = ("2", "3")


class Mendable:
    """A consumer's handler whose cause of failing can be mended."""

    def __init__(self) -> None:
        self.mended = False

    async def __call__(self, session: Transaction, received: Sequence[Received]) -> None:
        await (record_all if self.mended else record_effects)(session, received)


@dataclass
class Service:
    """A small service that consumes what it publishes."""

    client: httpx.AsyncClient
    database: Database
    handler: Mendable

    async def write(self, *numbers: int | str) -> None:
        """Publish events of household 1."""
        async with self.database.transaction() as session:
            await publish(session, "registry", [classified(1, number) for number in numbers])

    async def get(self, path: str) -> Any:
        response = await self.client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def letters(self, wanted: int) -> list[dict[str, Any]]:
        """Wait for that many waiting letters and return them."""

        letters: list[dict[str, Any]] = []

        async def found() -> bool:
            letters[:] = (await self.get(LETTERS))["letters"]
            return len(letters) == wanted

        await until(found, within=30, describe=f"{wanted} dead letters")
        return letters

    async def figures(self) -> dict[str, float]:
        """Return all figures by name with labels."""
        text = (await self.client.get("/registry/metrics")).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@asynccontextmanager
async def serving(settings: ServiceSettings, database: Database) -> AsyncIterator[Service]:
    handler = Mendable()
    definition = ServiceDefinition("registry", "Mẫu", [], consumers=[projector(handler=handler)])
    app = build_app(definition, settings)
    await grant(database, "mai")
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer("mai")) as client,
    ):
        yield Service(client, database, handler)


@pytest.fixture(params=["embedded", "kafka"])
async def service(
    request: pytest.FixtureRequest, urls: Urls, embedded_chain: Chain, topic_prefix: str
) -> AsyncIterator[Service]:
    """The service at work over either log."""
    if request.param == "kafka":
        event_log = EventLogSettings(kafka=request.getfixturevalue("kafka"), topic_prefix=topic_prefix)
    else:
        event_log = EventLogSettings(eventlog_url=urls.log)
    settings = ServiceSettings(
        service="registry", database_url=urls.producer, event_log=event_log, relay_interval=0.02, pool_size=3
    )
    async with serving(settings, embedded_chain.producer) as running:
        yield running


async def test_what_was_put_aside_is_listed_shown_mended_and_replayed(service: Service) -> None:
    await service.write("0", POISON, "2", "3")
    failed, *parked = await service.letters(3)
    assert (failed["state"], failed["error"], failed["attempts"]) == ("failed", "ValueError", 1)
    assert [(letter["state"], letter["key"]) for letter in parked] == [("parked", failed["key"])] * 2
    assert "data" not in failed
    assert POISON not in str(await service.get(f"{LETTERS}/{failed['id']}"))

    again = await service.client.post(f"{LETTERS}/{failed['id']}/replay")
    assert (again.status_code, again.json()) == (200, {"handled": 0, "waiting": 3})
    service.handler.mended = True
    mended = await service.client.post(f"{LETTERS}/{failed['id']}/replay")
    assert (mended.status_code, mended.json()) == (200, {"handled": 3, "waiting": 0})
    assert (await service.get(LETTERS))["letters"] == []
    resolved = (await service.get(f"{LETTERS}?waiting=false"))["letters"]
    assert {(letter["state"], letter["resolved_by"]) for letter in resolved} == {("replayed", "mai")}
    chain = Chain(service.database, service.database, None)  # type: ignore[arg-type]
    assert await chain.effects() == {household(1): ["0", POISON, "2", "3"]}


async def test_a_letter_is_discarded_only_with_a_reason_and_once(service: Service) -> None:
    await service.write(POISON, *FAULTLESS)
    failed = (await service.letters(3))[0]
    url = f"{LETTERS}/{failed['id']}/discard"
    assert (await service.client.post(url, json={})).status_code == 422
    assert (await service.client.post(url, json={"reason": "lặp"})).status_code == 422
    assert (await service.client.post(url, json={"reason": "Quyết định nhập hai lần"})).status_code == 204
    twice = await service.client.post(url, json={"reason": "Quyết định nhập hai lần"})
    assert (twice.status_code, twice.json()["code"]) == (409, "dead_letter_resolved")
    shown = await service.get(f"{LETTERS}/{failed['id']}")
    assert (shown["state"], shown["reason"], shown["resolved_by"]) == ("discarded", "Quyết định nhập hai lần", "mai")
    replayed = await service.client.post(f"{LETTERS}/{failed['id']}/replay")
    assert replayed.json() == {"handled": 2, "waiting": 0}


async def test_an_unknown_letter_is_not_found(service: Service) -> None:
    for response in (
        await service.client.get(f"{LETTERS}/99999"),
        await service.client.post(f"{LETTERS}/99999/replay"),
        await service.client.post(f"{LETTERS}/99999/discard", json={"reason": "Không có thật"}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_letters_come_in_pages(service: Service) -> None:
    await service.write(POISON, *(str(number) for number in range(6)))
    everything = [letter["id"] for letter in await service.letters(7)]
    pages: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await service.get(f"{LETTERS}?limit=3&after={after}")
        pages += [letter["id"] for letter in page["letters"]]
        after = page["next"]
    assert pages == everything
    assert (await service.get(f"{LETTERS}?consumer=test.other"))["letters"] == []


async def test_the_journal_tells_every_change_in_order_and_from_any_place(service: Service) -> None:
    await service.write(*(str(number) for number in range(5)))

    async def in_journal() -> Any:
        answer = await service.get("/registry/v1/changes")
        return answer if len(answer["changes"]) == 5 else None

    answer = await until(in_journal, within=30, describe="five changes")
    assert [change["data"]["decision_number"] for change in answer["changes"]] == ["0", "1", "2", "3", "4"]
    assert {change["type"] for change in answer["changes"]} == {"vn.ansinh.registry.household.classified.v1"}
    middle = answer["changes"][1]["position"]
    part = await service.get(f"/registry/v1/changes?since={middle}&limit=2")
    assert [change["data"]["decision_number"] for change in part["changes"]] == ["2", "3"]
    rest = await service.get(f"/registry/v1/changes?since={part['next']}")
    assert [change["data"]["decision_number"] for change in rest["changes"]] == ["4"]
    end = await service.get(f"/registry/v1/changes?since={rest['next']}")
    assert end == {"changes": [], "next": rest["next"], "newest": rest["next"]}


async def test_readiness_and_figures_say_how_events_flow(service: Service) -> None:
    await service.write("0", POISON)
    await service.letters(1)

    async def flowing() -> Any:
        answer = await service.client.get("/registry/readyz")
        consumer = answer.json()["checks"]["consumers"].get("test.effects", {})
        return answer if consumer.get("handled") == 2 and consumer.get("lag") == 0 else None

    answer = await until(flowing, within=30, describe="a consumer that has read everything")
    checks = answer.json()["checks"]
    assert answer.status_code == 200
    assert checks["dead_letters"] == {"ok": True, "waiting": {"test.effects": 1}}
    assert checks["outbox"]["unsent"] == 0
    assert checks["consumers"]["test.effects"]["waiting_for"] is None
    figures = await service.figures()
    consumer = '{consumer="test.effects"}'
    assert figures[f"ansinh_consumer_lag{consumer}"] == 0
    assert figures[f"ansinh_consumer_handled{consumer}"] == 2
    assert figures[f"ansinh_consumer_put_aside{consumer}"] == 1
    assert 0 <= figures[f"ansinh_consumer_silent_seconds{consumer}"] < 60
    assert figures[f"ansinh_dead_letters{consumer}"] == 1
    assert figures["ansinh_relay_active"] == 1
    assert figures["ansinh_outbox_sent_total"] == 2


async def test_a_consumer_that_stands_still_makes_the_service_unready(embedded_chain: Chain) -> None:
    metrics = CollectorRegistry()
    runner = Runner(embedded_chain.consumer, embedded_chain.log, projector())
    flow = Flow(embedded_chain.consumer, [runner], metrics)
    consumers = next(check for check in flow.checks() if check.name == "consumers")
    assert await consumers.probe()
    runner.progress.last_poll = time.monotonic() - 61
    with pytest.raises(NotReady, match=r"test\.effects"):
        await consumers.probe()
    silent = metrics.get_sample_value("ansinh_consumer_silent_seconds", {"consumer": "test.effects"})
    assert silent is not None
    assert silent > 60


async def test_a_consumer_that_waits_says_for_what(embedded_chain: Chain) -> None:
    async def broken(session: Transaction, received: Sequence[Received]) -> None:
        raise ConnectionError("lost")

    async with embedded_chain.relaying(), embedded_chain.consuming(projector(handler=broken)) as runner:
        flow = Flow(embedded_chain.consumer, [runner], CollectorRegistry())
        consumers = next(check for check in flow.checks() if check.name == "consumers")
        await embedded_chain.write_next(1)

        async def waits() -> bool:
            shown = await consumers.probe()
            return shown is not None and shown["test.effects"]["waiting_for"] == "ConnectionError"

        await until(waits, within=30, describe="a consumer that says what it waits for")
