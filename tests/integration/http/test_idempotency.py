"""Sent twice, done once."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from shared.db import Database
from shared.http.tables import idempotency_keys
from tests.integration.http.sample import things
from tests.support.tokens import bearer
from tests.support.waiting import until

URL = "/registry/v1/things"


def thing(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "size": 1, **changes}


async def count(database: Database, table: Any = things) -> int:
    async with database.transaction() as session:
        return int((await (await session.connection()).execute(select(func.count()).select_from(table))).scalar_one())


async def post(client: httpx.AsyncClient, key: str = "k1", **changes: Any) -> httpx.Response:
    return await client.post(URL, json=thing(**changes), headers={"Idempotency-Key": key})


async def test_the_same_request_sent_again_is_answered_byte_for_byte_and_done_once(
    client: httpx.AsyncClient, database: Database
) -> None:
    first, second = await post(client), await post(client)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count(database) == 1


async def test_fifty_at_once_have_one_effect_and_one_answer(client: httpx.AsyncClient, database: Database) -> None:
    async def until_done() -> httpx.Response:
        while (response := await post(client)).status_code == 409:
            assert response.json()["code"] == "idempotency_running"
            assert response.headers["retry-after"] == "1"
            await asyncio.sleep(0)
        return response

    responses = await asyncio.gather(*(until_done() for _ in range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sum("idempotent-replayed" not in response.headers for response in responses) == 1
    assert await count(database) == 1


async def test_a_request_whose_key_is_being_done_is_told_so(client: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()

        async def key_is_held() -> bool:
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            return bool((await connection.exec_driver_sql(held)).scalar_one())

        await connection.exec_driver_sql("LOCK TABLE things IN EXCLUSIVE MODE")
        running = asyncio.create_task(post(client))
        await until(key_is_held, describe="the first request holds its key")
        response = await post(client)
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_running")
        assert not running.done()
    assert (await running).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(thing(size=2), id="another body"),
        pytest.param({"size": 1, "name": "a"}, id="the same body written otherwise"),
    ],
)
async def test_a_key_is_refused_for_another_request(
    client: httpx.AsyncClient, database: Database, body: dict[str, Any]
) -> None:
    await post(client)
    response = await client.post(URL, json=body, headers={"Idempotency-Key": "k1"})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
    assert await count(database) == 1


async def test_a_key_belongs_to_its_actor_and_its_route(
    client: httpx.AsyncClient, database: Database, app: FastAPI
) -> None:
    await post(client)
    other = await client.post(URL, json=thing(name="b"), headers={"Idempotency-Key": "k1"} | bearer("lan"))
    route = await client.post("/registry/v1/imports", json=thing(), headers={"Idempotency-Key": "k1"})
    assert (other.status_code, route.status_code) == (201, 202)
    assert await count(database) == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"name": "refused"}, 409, id="refused by the endpoint"),
        pytest.param({"name": "broken"}, 500, id="an unexpected exception"),
        pytest.param({"size": 1000}, 422, id="invalid"),
        pytest.param({"box": 7}, 409, id="refused at commit"),
    ],
)
async def test_what_fails_leaves_neither_effect_nor_answer_and_may_be_tried_again(
    client: httpx.AsyncClient, database: Database, changes: dict[str, Any], status: int
) -> None:
    assert (await post(client, **changes)).status_code == status
    assert await count(database) == 0
    assert await count(database, idempotency_keys) == 0
    assert (await post(client)).status_code == 201


@pytest.mark.parametrize("key", [None, "", "x" * 256, "a b", "khóa"], ids=["none", "empty", "long", "space", "marks"])
async def test_a_key_is_required_and_is_1_to_255_printable_characters(
    client: httpx.AsyncClient, key: str | None
) -> None:
    headers = {} if key is None else {b"Idempotency-Key": key.encode("utf-8")}
    response = await client.post(URL, json=thing(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")


async def test_a_key_of_255_characters_is_taken(client: httpx.AsyncClient) -> None:
    assert (await post(client, key="x" * 255)).status_code == 201


async def test_who_does_not_say_who_they_are_is_refused(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as nobody:
        missing = await nobody.post(URL, json=thing(), headers={"Idempotency-Key": "k"})
        strange = await nobody.post(URL, json=thing(), headers={"Idempotency-Key": "k"} | bearer("a b"))
    assert [(r.status_code, r.json()["code"]) for r in (missing, strange)] == [
        (401, "token_missing"),
        (401, "token_subject"),
    ]
