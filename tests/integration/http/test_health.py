"""Alive, ready, and in figures."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from shared.db import Database
from shared.http import Check, Metrics, NotReady
from shared.http.health import readiness
from shared.identity import TokenVerifier
from shared.signin.provider import Provider
from tests.integration.http.sample import sample_app
from tests.support.tokens import ISSUER


def client_of(database: Database, *checks: Check, metrics: Metrics | None = None) -> httpx.AsyncClient:
    app = sample_app(database, checks=checks, metrics=metrics)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


async def lag() -> Mapping[str, Any]:
    return {"lag": 3}


async def never() -> None:
    await asyncio.Event().wait()


async def missing() -> None:
    raise NotReady("no broker answers")


async def refusing() -> None:
    raise ConnectionRefusedError("10.0.0.7:9092 password=x")


async def test_a_service_whose_parts_all_answer_is_ready_and_shows_what_they_say(database: Database) -> None:
    async with client_of(database, Check("consumers", lag)) as client:
        response = await client.get("/registry/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "checks": {"database": {"ok": True}, "consumers": {"ok": True, "lag": 3}}}


async def test_a_service_that_misses_a_part_names_it_without_its_address(database: Database) -> None:
    async with client_of(database, Check("log", missing), Check("bank", refusing)) as client:
        response = await client.get("/registry/readyz")
        alive = await client.get("/registry/healthz")
    assert (response.status_code, alive.status_code) == (503, 200)
    assert response.json()["ready"] is False
    assert response.json()["checks"] == {
        "database": {"ok": True},
        "log": {"ok": False, "detail": "no broker answers"},
        "bank": {"ok": False, "detail": "ConnectionRefusedError"},
    }


async def test_a_part_that_hangs_is_named_after_its_time() -> None:
    ready, outcomes = await readiness([Check("log", never), Check("consumers", lag)], limit=0.05)
    assert not ready
    assert outcomes["log"] == {"ok": False, "detail": "no answer within 0.05 s"}
    assert outcomes["consumers"]["ok"]


async def test_figures_count_requests_by_template_and_take_more_collectors(database: Database) -> None:
    metrics = Metrics()
    Counter("sent", "Sent", registry=metrics.registry).inc(4)
    async with client_of(database, metrics=metrics) as client:
        for number in range(3):
            await client.get(f"/registry/v1/things/018f3c2a-0000-7000-8000-00000000000{number}")
        await client.request("INVENTED", "/nowhere/12")
        text = (await client.get("/registry/metrics")).text
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    read = (("method", "GET"), ("route", "/registry/v1/things/{thing_id}"), ("status", "404"))
    lost = (("method", "OTHER"), ("route", "unmatched"), ("status", "404"))
    assert samples["ansinh_http_requests_total", read] == 3
    assert samples["ansinh_http_request_seconds_count", read] == 3
    assert samples["ansinh_http_requests_total", lost] == 1
    assert samples["sent_total", ()] == 4
    assert "process_resident_memory_bytes" in text
    assert "018f3c2a" not in text


async def test_two_apps_in_one_process_keep_their_own_figures(database: Database) -> None:
    async with client_of(database) as one, client_of(database) as other:
        await one.get("/registry/v1/trace")
        assert "v1/trace" in (await one.get("/registry/metrics")).text
        assert "v1/trace" not in (await other.get("/registry/metrics")).text


async def test_an_app_refuses_to_be_made_with_routes_outside_its_prefix(database: Database) -> None:
    from shared.http import Router, create_app

    with pytest.raises(ValueError, match="outside /registry/"):
        create_app(
            service="registry",
            title="t",
            database=database,
            metrics=Metrics(),
            identity=(verifier := TokenVerifier(ISSUER.settings)),
            provider=Provider(ISSUER.settings, verifier),
            routers=[Router(prefix="/benefits/v1", tags=["x"])],
        )
