"""Whole numbers are shown for a purpose, to whom it is given to see them, and that stands on record."""

from typing import Any

import pytest

from shared.access import Role
from shared.audit.tables import audit_rows
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.test_households import ACCOUNT, NUMBER
from tests.support.access import grant
from tests.support.tokens import bearer

PURPOSE = "Đối chiếu với thẻ căn cước"
PHONE = "0912 345 678"


async def _person(registry: Registry, **changes: Any) -> str:
    household = await registry.register(member(personal_number=NUMBER, account=ACCOUNT, phone=PHONE, **changes))
    return str(household["members"][0]["id"])


async def _read(registry: Registry, person: str, **query: str) -> Any:
    return await registry.client.get(f"/people/{person}/numbers", params=query)


async def test_whole_numbers_take_a_purpose_which_stands_on_record(registry: Registry) -> None:
    person = await _person(registry)
    assert NUMBER not in (await registry.client.get(f"/people/{person}")).text
    answer = await _read(registry, person, purpose=f"  {PURPOSE} ")
    assert answer.json() == {"personal_number": NUMBER, "account_number": ACCOUNT["number"]}
    async with registry.database.transaction() as session:
        query = audit_rows.select().where(audit_rows.c.operation == "get_person_numbers")
        (row,) = (await session.execute(query)).all()
    assert (row.who, row.object_id, row.area, row.purpose, row.outcome) == ("officer", person, "08566", PURPOSE, "done")
    assert NUMBER not in str(row)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "missing"),
        ({"purpose": "xem"}, "string_too_short"),
        ({"purpose": "x" * 201}, "string_too_long"),
        ({"purpose": "Xem số 025 185 000123"}, "purpose_holds_number"),
    ],
)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_without_a_purpose_in_words_nothing_is_shown(
    used_registry: Registry, query: dict[str, str], code: str, language: str
) -> None:
    answer = await used_registry.client.get(
        "/people/0192f0c4-7a11-7f02-8d3c-55b0c1de7a11/numbers", params=query, headers={"Accept-Language": language}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_who_may_read_people_does_not_see_their_numbers(registry: Registry) -> None:
    person = await _person(registry)
    await grant(registry.database, "programme", roles=(Role.PROGRAMME_OFFICER,))
    registry.client.headers.update(bearer("programme"))
    assert (await registry.client.get(f"/people/{person}")).status_code == 200
    answer = await _read(registry, person, purpose=PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert NUMBER not in answer.text


async def test_who_decides_sees_the_whole_of_what_is_proposed(registry: Registry) -> None:
    person = await _person(registry)
    other = ACCOUNT | {"number": "3120205199123"}  # ends as the old one: three digits would not tell them apart
    proposal = await registry.post(f"/people/{person}/account-changes", {"account": other})
    assert "3120205199123" not in str(proposal)
    registry.client.headers.update(bearer("chair"))
    whole = await registry.client.get(f"/proposals/{proposal['id']}/whole", params={"purpose": PURPOSE})
    assert whole.json() == {
        "id": proposal["id"],
        "content": {"replaces": ACCOUNT, "account": other},
        "content_hash": proposal["content_hash"],
    }
    bare = await registry.client.get(f"/proposals/{proposal['id']}/whole")
    assert bare.status_code == 422


async def test_a_number_that_was_moved_to_another_row_is_refused(registry: Registry) -> None:
    one = await _person(registry)
    two = (await registry.register(member(personal_number="025185000124")))["members"][0]["id"]
    connection = await registry.database.connect()
    try:
        moved = "UPDATE people SET personal_number = (SELECT personal_number FROM people WHERE id = $1) WHERE id = $2"
        await connection.execute(moved, one, two)
    finally:
        await connection.close()
    answer = await _read(registry, two, purpose=PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (500, "sealed_value_refused")
    assert NUMBER not in answer.text
    assert (await _read(registry, one, purpose=PURPOSE)).json()["personal_number"] == NUMBER


async def test_the_database_refuses_a_number_in_the_clear(registry: Registry) -> None:
    person = await _person(registry)
    connection = await registry.database.connect()
    try:
        for column in ("phone", "personal_number", "account_number", "account_holder"):
            with pytest.raises(Exception, match=f"{column}_sealed"):
                await connection.execute(f"UPDATE people SET {column} = '025185000123' WHERE id = $1", person)
    finally:
        await connection.close()
