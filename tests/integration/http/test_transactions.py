"""One transaction a request, committed before the answer is sent."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.http.refusals import database_problem
from tests.integration.http.sample import sample_app, things

URL = "/registry/v1/things"


async def make(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": f"key-{body['name']}-{body.get('box')}"}
    return await client.post(URL, json={"size": 1, **body}, headers=headers)


async def names(database: Database) -> list[str]:
    async with database.transaction() as session:
        return list((await (await session.connection()).execute(select(things.c.name))).scalars())


async def run(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await (await session.connection()).exec_driver_sql(statement)


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


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        pytest.param("40001", 503, "conflicting_write", id="serialization failure"),
        pytest.param("40P01", 503, "conflicting_write", id="deadlock"),
        pytest.param("55P03", 503, "conflicting_write", id="lock not available"),
        pytest.param("53300", 503, "database_unavailable", id="too many connections"),
        pytest.param("57P01", 503, "database_unavailable", id="shutting down"),
        pytest.param("08006", 503, "database_unavailable", id="connection lost"),
        pytest.param("22003", 422, "value_not_storable", id="out of range"),
    ],
)
async def test_a_state_of_the_database_is_told_as_what_to_do_about_it(
    database: Database, state: str, status: int, code: str
) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    with pytest.raises(DBAPIError) as raised:
        await run(database, raising)
    problem = database_problem(raised.value, {})
    assert problem is not None
    assert (problem.status, problem.code) == (status, code)


async def test_a_fault_of_our_own_query_is_no_problem_of_the_client(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised:
        await run(database, "SELECT no_such_column")
    assert database_problem(raised.value, {}) is None
