"""One transaction a request, committed before the answer is sent."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.db import Database
from tests.integration.http.sample import sample_app, things

URL = "/registry/v1/things"


async def make(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": f"key-{body['name']}-{body.get('box')}"}
    return await client.post(URL, json={"size": 1, **body}, headers=headers)


async def names(database: Database) -> list[str]:
    async with database.transaction() as session:
        return list((await (await session.connection()).execute(select(things.c.name))).scalars())


async def test_what_was_answered_is_committed(client: httpx.AsyncClient, database: Database) -> None:
    assert (await make(client, name="a")).status_code == 201
    assert await names(database) == ["a"]


async def test_a_constraint_that_fails_at_commit_is_told_and_leaves_no_row(
    client: httpx.AsyncClient, database: Database
) -> None:
    response = await make(client, name="a", box=7)
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert await names(database) == []


async def test_a_constraint_is_told_as_the_problem_it_stands_for(client: httpx.AsyncClient) -> None:
    await make(client, name="a", box=None)
    again = await client.post(URL, json={"name": "a", "size": 1}, headers={"Idempotency-Key": "other"})
    assert (again.status_code, again.json()["code"]) == (409, "refused")


async def test_a_constraint_nobody_named_is_our_fault(client: httpx.AsyncClient, database: Database) -> None:
    response = await make(client, name="a", size=13)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "size" not in response.text
    assert await names(database) == []


@pytest.fixture(params=["postgresql://x@127.0.0.1:1/x", "postgresql://x@/x?host=/nowhere"], ids=["port", "socket"])
async def without_database(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sample service where no database listens."""
    database = Database(request.param, name="none")
    transport = httpx.ASGITransport(app=sample_app(database))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await database.close()


async def test_a_database_that_does_not_answer_is_a_503_to_try_again(without_database: httpx.AsyncClient) -> None:
    response = await without_database.get(URL)
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert response.headers["retry-after"] == "2"


async def test_a_request_that_needs_no_data_needs_no_database(without_database: httpx.AsyncClient) -> None:
    assert (await without_database.get("/registry/v1/trace")).status_code == 200
    assert (await without_database.get(f"{URL}?limit=0")).status_code == 422
