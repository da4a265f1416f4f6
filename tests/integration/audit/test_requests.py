"""What a request leaves in the record: who, what, on what, why, in which request; personal values only as digests."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.conftest import Registry, member, registry
from tests.support.keys import KEYS

__all__ = ["registry"]

NUMBER = "999185000123"


async def rows(registry: Registry, operation: str) -> list[dict[str, Any]]:
    """Return the audit rows of an operation, oldest first."""
    connection = await registry.database.connect()
    try:
        await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
        found = await connection.fetch("SELECT * FROM audit_rows WHERE operation = $1 ORDER BY at, id", operation)
    finally:
        await connection.close()
    return [dict(row) for row in found]


async def test_a_change_is_on_record_with_who_did_what_in_which_request(registry: Registry) -> None:
    body = {"area_code": "08566", "members": [member(personal_number=NUMBER)]}
    answer = await registry.client.post(
        "/households", json=body, headers={"Idempotency-Key": "once", "X-Request-Id": "the-request"}
    )
    (row,) = await rows(registry, "register_household")
    assert (row["who"], row["kind"], row["outcome"], row["area"]) == ("officer", "household", "done", "08566")
    assert row["object_id"] == answer.json()["household"]["id"]
    assert row["request_id"] == "the-request"
    assert row["traceparent"].startswith("00-")
    assert row["details"]["request"] == KEYS.digests.of(answer.request.content)


async def test_a_change_that_was_refused_as_wrong_leaves_no_row(registry: Registry) -> None:
    await registry.post("/households", {"area_code": "08566", "members": []}, status=422)
    assert await rows(registry, "register_household") == []


async def test_an_answer_given_again_is_on_record_as_given_again(registry: Registry) -> None:
    for _ in range(2):
        await registry.post("/households", {"area_code": "08566", "members": [member()]}, key="once")
    assert [row["outcome"] for row in await rows(registry, "register_household")] == ["done", "replayed"]


async def test_a_read_of_one_person_is_on_record_before_it_is_answered(registry: Registry) -> None:
    person = (await registry.register())["members"][0]
    await registry.get(f"/people/{person['id']}")
    (row,) = await rows(registry, "get_person")
    assert (row["who"], row["kind"], row["object_id"], row["outcome"]) == ("officer", "person", person["id"], "done")


async def test_a_list_is_one_row_with_filter_count_and_digest_of_ids(registry: Registry) -> None:
    made = [(await registry.register())["id"] for _ in range(3)]
    await registry.get("/households", area_code="08566", limit="2")
    (row,) = await rows(registry, "list_households")
    assert row["details"]["filter"] == {"area_code": "08566", "limit": "2"}
    assert row["details"]["count"] == 2
    assert row["details"]["ids"] == KEYS.digests.of_all(made[:2])


async def test_somebody_who_asks_for_what_is_not_there_is_on_record(registry: Registry) -> None:
    nowhere = str(uuid4())
    assert (await registry.client.get(f"/people/{nowhere}")).status_code == 404
    (row,) = await rows(registry, "get_person")
    assert row["outcome"] == "refused"
    assert row["details"] == {"status": 404, "code": "person_not_found", "path": {"person_id": nowhere}}


async def test_what_nobody_changed_is_not_shown_and_leaves_no_row(registry: Registry) -> None:
    person = (await registry.register())["members"][0]
    answer = await registry.client.get(f"/people/{person['id']}", headers={"If-None-Match": '"1"'})
    assert answer.status_code == 304
    assert await rows(registry, "get_person") == []


async def test_who_reads_a_person_says_who_they_are(registry: Registry) -> None:
    person = (await registry.register())["members"][0]
    answer = await registry.client.get(f"/people/{person['id']}", headers={"Authorization": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize("clear", [NUMBER, "Hà Thị Mận", "0912345678", "+84912345678", "2700205123456"])
async def test_no_row_holds_a_personal_value(registry: Registry, clear: str) -> None:
    account = {"bank_bin": "970405", "number": "2700205123456", "holder_name": "Hà Thị Mận"}
    whole = member(personal_number=NUMBER, phone="0912345678", account=account)
    household = await registry.register(whole)
    person = f"/people/{household['members'][0]['id']}"
    await registry.client.patch(person, json={"full_name": "Hà Thị Mận Em"}, headers={"If-Match": '"1"'})
    await registry.get(person)
    await registry.get("/households")
    connection = await registry.database.connect()
    try:
        assert await connection.fetchval("SELECT count(*) FROM audit_rows") >= 4
        told = "SELECT count(*) FROM audit_rows r WHERE position($1 IN r::text) > 0"
        assert await connection.fetchval(told, clear) == 0
    finally:
        await connection.close()
