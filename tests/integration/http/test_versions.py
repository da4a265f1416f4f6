"""Reads that cost nothing when nothing changed; updates that overwrite nobody's change."""

import asyncio

import httpx
import pytest

URL = "/registry/v1/things"
CHANGED = {"name": "a", "size": 2}


@pytest.fixture
async def thing(client: httpx.AsyncClient) -> str:
    """The address of a thing at version 1."""
    made = await client.post(URL, json={"name": "a", "size": 1}, headers={"Idempotency-Key": "k"})
    return made.headers["location"]


async def test_a_client_that_has_the_version_is_told_so_without_the_body(client: httpx.AsyncClient, thing: str) -> None:
    read = await client.get(thing)
    again = await client.get(thing, headers={"If-None-Match": read.headers["etag"]})
    assert (read.headers["etag"], again.status_code, again.content) == ('"1"', 304, b"")
    assert again.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("header", "status"),
    [('"0", "1"', 304), ('W/"1"', 304), ("*", 304), ('"0"', 200), ("1", 200)],
    ids=["one of several", "weak", "any", "old", "not a tag"],
)
async def test_if_none_match_is_compared_as_rfc_9110_says(
    client: httpx.AsyncClient, thing: str, header: str, status: int
) -> None:
    assert (await client.get(thing, headers={"If-None-Match": header})).status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [('"1"', 200), ("*", 200), ('"0", "1"', 200), ('"2"', 412), ('W/"1"', 412), ("1", 412)],
    ids=["current", "any", "one of several", "stale", "weak", "not a tag"],
)
async def test_if_match_is_compared_as_rfc_9110_says(
    client: httpx.AsyncClient, thing: str, header: str, status: int
) -> None:
    assert (await client.put(thing, json=CHANGED, headers={"If-Match": header})).status_code == status


async def test_an_update_without_a_version_is_refused(client: httpx.AsyncClient, thing: str) -> None:
    response = await client.put(thing, json=CHANGED)
    assert (response.status_code, response.json()["code"]) == (428, "precondition_required")


async def test_of_two_writers_one_wins_and_the_other_learns_the_version(client: httpx.AsyncClient, thing: str) -> None:
    answers = await asyncio.gather(*(client.put(thing, json=CHANGED, headers={"If-Match": '"1"'}) for _ in range(2)))
    winner, loser = sorted(answers, key=lambda answer: answer.status_code)
    assert (winner.status_code, loser.status_code) == (200, 412)
    assert winner.headers["etag"] == loser.headers["etag"] == '"2"'
