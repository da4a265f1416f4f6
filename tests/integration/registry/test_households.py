"""Registering households, finding them, and changing what is known about a person."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.events.people import account_of, phone_of
from shared.events.registry import HouseholdStated, PersonStated
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.keys import KEYS
from tests.support.tokens import bearer

NUMBER = "025185000123"
ACCOUNT = {"bank_bin": "970405", "number": "2700205123456", "holder_name": "HA THI MAN"}


async def test_a_registered_household_is_told_without_names_and_its_people_apart(registry: Registry) -> None:
    household = await registry.register(
        member(phone="0912 345 678", account=ACCOUNT, personal_number=NUMBER),
        member(full_name="Hà Văn Nam", sex="male", birth_date="2012-01-01", relationship="child"),
    )
    (stated,) = await registry.events(HouseholdStated)
    assert isinstance(stated, HouseholdStated)
    assert (str(stated.household_id), stated.version, stated.area_code) == (household["id"], 1, "08566")
    assert [(each.sex, each.birth_year, each.ethnicity, each.is_head) for each in stated.members] == [
        ("female", 1985, "06", True),
        ("male", 2012, "06", False),
    ]
    text = stated.model_dump_json()
    assert not [word for word in ("Mận", "912345678", NUMBER, "2700205123456") if word in text]
    people = [e for e in await registry.events(PersonStated) if isinstance(e, PersonStated)]
    assert [(e.full_name, e.is_head, phone_of(KEYS.people, e)) for e in people] == [
        ("Hà Thị Mận", True, "+84912345678"),
        ("Hà Văn Nam", False, None),
    ]
    assert account_of(KEYS.people, people[0]) == tuple(ACCOUNT.values())
    text = people[0].model_dump_json()
    assert not [word for word in ("912345678", NUMBER, "2700205123456", "HA THI MAN") if word in text]


async def test_answers_show_three_digits_of_identity_and_account(registry: Registry) -> None:
    body = {"area_code": "08566", "members": [member(personal_number=NUMBER, account=ACCOUNT)]}
    answer = await registry.client.post("/households", json=body, headers={"Idempotency-Key": uuid4().hex})
    path = answer.headers["Location"].removeprefix("/registry/v1")
    shown = await registry.client.get(path)
    for text in (answer.text, shown.text):
        assert NUMBER not in text
        assert ACCOUNT["number"] not in text
    assert shown.json()["members"][0]["personal_number_ends"] == "123"
    assert shown.json()["members"][0]["account"]["number_ends"] == "456"
    again = await registry.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


async def test_a_number_that_disagrees_is_a_warning_and_corrects_nothing(registry: Registry) -> None:
    body = {"area_code": "08566", "members": [member(personal_number="025080000123")]}
    answer = await registry.post("/households", body)
    assert [(each["pointer"], each["code"]) for each in answer["warnings"]] == [
        ("/body/members/0/personal_number", "personal_number_sex"),
        ("/body/members/0/personal_number", "personal_number_birth_year"),
    ]
    assert answer["household"]["members"][0]["birth_date"] == "1985-03-12"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        pytest.param({"area_code": "240"}, "/body/area_code", "not_a_commune_then", id="a district"),
        pytest.param({"area_code": "99999"}, "/body/area_code", "not_a_commune_then", id="unknown"),
        pytest.param({"registered_on": "2024-12-31"}, "/body/area_code", "not_a_commune_then", id="before the unit"),
        pytest.param({"registered_on": "2999-01-01"}, "/body/registered_on", "not_yet", id="not yet"),
        pytest.param({"members": [member(relationship="child")]}, "/body", "one_head", id="no head"),
        pytest.param({"members": [member(), member()]}, "/body", "one_head", id="two heads"),
        pytest.param({"members": [member(phone="0212345678")]}, "/body/members/0/phone", "mobile_number", id="phone"),
        pytest.param({"members": [member(ethnicity="57")]}, "/body/members/0/ethnicity", "ethnicity", id="ethnicity"),
        pytest.param(
            {"members": [member(birth_date="2999-01-01")]}, "/body/members/0/birth_date", "not_yet", id="born"
        ),
    ],
)
async def test_a_household_that_cannot_be_is_refused_by_field(
    used_registry: Registry, body: dict[str, Any], pointer: str, code: str
) -> None:
    problem = await used_registry.post("/households", {"area_code": "08566", "members": [member()]} | body, status=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(pointer, code)]


async def test_a_person_is_registered_once(registry: Registry) -> None:
    await registry.register(member(personal_number=NUMBER))
    body = {"area_code": "08566", "members": [member(), member(relationship="spouse", personal_number=NUMBER)]}
    problem = await registry.post("/households", body, status=409)
    assert problem["code"] == "person_registered"
    assert [each["pointer"] for each in problem["errors"]] == ["/body/members/1/personal_number"]


async def test_who_is_registered_already_is_named_to_who_may_see_them_and_to_others_the_commune_to_ask(
    registry: Registry,
) -> None:
    known = await registry.register(member(personal_number=NUMBER))
    person = known["members"][0]
    body = {"area_code": "08566", "members": [member(personal_number=NUMBER)]}
    (error,) = (await registry.post("/households", body, status=409))["errors"]
    assert error["code"] == "personal_number_known"
    assert all(each in error["message"] for each in (known["id"], "H.T.M.", "08566"))
    assert "Mận" not in error["message"]
    connection = await registry.database.connect()
    try:
        details = await connection.fetchval("SELECT details FROM audit_rows WHERE outcome = 'refused'")
    finally:
        await connection.close()
    assert '"count": 1' in details  # whose record it is was shown
    await grant(registry.database, "phuong", area="08593", communes=["08593"])
    registry.client.headers.update(bearer("phuong"))
    (error,) = (refused := await registry.post("/households", body | {"area_code": "08593"}, status=409))["errors"]
    assert error["code"] == "personal_number_elsewhere"
    assert "08566" in error["message"]
    assert not any(each in str(refused) for each in (known["id"], person["id"], "Hà Thị Mận"))
    twice = [member(personal_number="025085000999"), member(relationship="spouse", personal_number="025085000999")]
    refused = await registry.post("/households", {"area_code": "08593", "members": twice}, status=409)
    assert {each["code"] for each in refused["errors"]} == {"personal_number_taken"}


async def test_of_two_officers_who_register_a_person_at_once_one_wins(registry: Registry) -> None:
    body = {"area_code": "08566", "members": [member(personal_number=NUMBER)]}
    answers = await asyncio.gather(
        *(registry.client.post("/households", json=body, headers={"Idempotency-Key": uuid4().hex}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"person_registered"}
    assert len(await registry.events(HouseholdStated)) == 1


async def test_a_batch_is_registered_whole_or_not_at_all(registry: Registry) -> None:
    batch = [{"area_code": "08566", "members": [member(personal_number=f"0251850{n:05}")]} for n in range(300)]
    made = await registry.post("/households/batches", {"households": batch})
    assert len({each["id"] for each in made["households"]}) == 300
    assert len(await registry.events(HouseholdStated, PersonStated)) == 600
    problem = await registry.post("/households/batches", {"households": batch[:1]}, status=409)
    assert problem["errors"][0]["pointer"] == "/body/households/0/members/0/personal_number"
    fresh = {"area_code": "08566", "members": [member(personal_number=NUMBER)]}
    problem = await registry.post("/households/batches", {"households": [fresh, fresh]}, status=409)
    assert len(problem["errors"]) == 2


async def test_households_are_listed_by_area_without_missing_one(registry: Registry) -> None:
    there = [(await registry.register())["id"] for _ in range(5)]
    await registry.register(area_code="08593")
    first = await registry.get("/households", area_code="08566", limit="3")
    rest = await registry.get("/households", area_code="08566", limit="3", cursor=first["next"])
    assert [each["id"] for each in [*first["items"], *rest["items"]]] == sorted(there)
    assert rest["next"] is None
    assert first["items"][0]["head_name"] == "Hà Thị Mận"


async def test_a_person_is_changed_on_the_version_seen(registry: Registry) -> None:
    household = await registry.register(member(phone="0912345678", account=ACCOUNT))
    path = f"/people/{household['members'][0]['id']}"
    seen = await registry.client.get(path)
    change = {"full_name": "  Hà Thị   Mận ", "phone": "0388 123 456"}
    changed = await registry.client.patch(path, json=change, headers={"If-Match": seen.headers["ETag"]})
    assert changed.status_code == 200
    assert (changed.json()["phone"], changed.json()["version"]) == ("+84388123456", 2)
    late = await registry.client.patch(path, json={"phone": None}, headers={"If-Match": seen.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    events = [e for e in await registry.events(PersonStated) if isinstance(e, PersonStated)]
    assert [(e.version, phone_of(KEYS.people, e), e.account is None) for e in events] == [
        (1, "+84912345678", False),
        (2, "+84388123456", False),
    ]


@pytest.mark.parametrize(
    "change", [{"full_name": None}, {"full_name": " "}, {"sex": "male"}, {"phone": "113"}, {"account": None}]
)
async def test_a_person_keeps_a_name_and_what_officers_may_not_change(
    used_registry: Registry, change: dict[str, Any]
) -> None:
    household = await used_registry.register()
    path = f"/people/{household['members'][0]['id']}"
    answer = await used_registry.client.patch(path, json=change, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert (await used_registry.get(path))["version"] == 1


async def test_a_change_that_changes_nothing_is_told_to_nobody(registry: Registry) -> None:
    household = await registry.register(member(phone="0912345678"))
    path = f"/people/{household['members'][0]['id']}"
    answer = await registry.client.patch(path, json={"phone": "+84912345678"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert len(await registry.events(PersonStated)) == 1


async def test_the_etag_of_a_household_follows_its_people_and_classes(registry: Registry) -> None:
    household = await registry.register()
    path = f"/households/{household['id']}"
    tags = [(await registry.client.get(path)).headers["ETag"]]
    person = f"/people/{household['members'][0]['id']}"
    await registry.client.patch(person, json={"phone": "0912345678"}, headers={"If-Match": "*"})
    tags.append((await registry.client.get(path)).headers["ETag"])
    await registry.decide([(await registry.assess(household["id"]))["id"]])
    tags.append((await registry.client.get(path)).headers["ETag"])
    assert len(set(tags)) == 3


@pytest.mark.parametrize("path", ["households", "people", "decisions"])
async def test_what_is_not_there_is_not_found(used_registry: Registry, path: str) -> None:
    answer = await used_registry.client.get(f"/{path}/018f3c2a-0000-7000-8000-000000000000")
    assert answer.status_code == 404
    assert answer.headers["Content-Language"] == "vi"
