"""Where people are paid: own accounts and wallets, authorised persons, their history, and who is told of a change."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.registry.consumers import ACCOUNTS_CHECKED
from shared import clock
from shared.events.benefits import AccountChecked
from shared.events.people import account_of, contacts_of
from shared.events.registry import AccountChanged, PersonStated
from shared.messaging.consumers import apply
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.test_households import ACCOUNT
from tests.support import events
from tests.support.keys import KEYS
from tests.support.tokens import bearer

OTHER = ACCOUNT | {"number": "3120205199999"}
WALLET = ACCOUNT | {"bank_bin": "971025", "number": "0912345678"}
UNTIL = clock.today() + timedelta(days=10)
AUTHORISED = {
    "full_name": "Hà Văn Nam",
    "personal_number": "025085000123",
    "document": "power_of_attorney",
    "document_number": "12/GUQ",
    "document_date": "2026-01-05",
    "valid_from": "2026-01-05",
    "valid_to": UNTIL.isoformat(),
}
OF_SON = {"bank_bin": "970436", "number": "0071000999999", "holder_name": "HA VAN NAM", "authorised": AUTHORISED}


async def changed(registry: Registry, person: str, account: Any) -> Any:
    """Have an account proposed and approved."""
    proposal = await registry.post(f"/people/{person}/account-changes", {"account": account})
    registry.client.headers.update(bearer("chair"))
    try:
        return await registry.post(f"/proposals/{proposal['id']}/approval", {"content_hash": proposal["content_hash"]})
    finally:
        registry.client.headers.update(bearer("officer"))


async def one_person(registry: Registry, **changes: Any) -> str:
    """Register a household of one; return the person's id."""
    return str((await registry.register(member(account=ACCOUNT, **changes)))["members"][0]["id"])


async def told_at(registry: Registry) -> list[list[str]]:
    """Return the telephones at which each change of account is told."""
    return [
        list(contacts_of(KEYS.people, each))
        for each in await registry.events(AccountChanged)
        if isinstance(each, AccountChanged)
    ]


async def test_an_account_of_an_authorised_person_is_shown_with_its_document_and_told_with_its_time(
    registry: Registry,
) -> None:
    person = await one_person(registry)
    await changed(registry, person, OF_SON)
    account = (await registry.get(f"/people/{person}"))["account"]
    assert (account["bank"], account["kind"], account["number_ends"]) == ("Vietcombank", "bank", "999")
    wanted = AUTHORISED | {"personal_number_ends": "123"}
    del wanted["personal_number"]
    assert account["authorised"] == wanted
    *_, stated = [each for each in await registry.events(PersonStated) if isinstance(each, PersonStated)]
    assert stated.account is not None
    assert (stated.account.kind, stated.account.authorised) == ("bank", True)
    assert (stated.account.valid_from, stated.account.valid_to) == (date(2026, 1, 5), UNTIL)
    opened = account_of(KEYS.people, stated)
    assert opened is not None
    assert opened.holder_name == "HA VAN NAM"


async def test_where_a_person_was_paid_is_kept_with_who_asked_and_who_approved(registry: Registry) -> None:
    person = await one_person(registry)
    before = datetime.now(UTC)
    await changed(registry, person, WALLET)
    await changed(registry, person, None)
    cash, wallet, first = await registry.get(f"/people/{person}/accounts")
    assert [each["number"] for each in (cash, wallet, first)] == [3, 2, 1]
    assert (cash["account"], cash["until"]) == (None, None)
    assert (wallet["account"]["kind"], wallet["account"]["bank"], wallet["until"]) == ("wallet", "MoMo", cash["since"])
    assert (wallet["prepared_by"], wallet["approved_by"]) == ("officer", "chair")
    assert (first["account"]["number_ends"], first["approved_by"]) == (ACCOUNT["number"][-3:], None)
    then = await registry.get(f"/people/{person}/accounts", known_at=before.isoformat())
    assert [each["number"] for each in then] == [1]


async def test_an_account_from_before_there_was_a_history_begins_it(registry: Registry) -> None:
    person = await one_person(registry)
    async with registry.database.transaction() as session:
        await session.execute(text("TRUNCATE account_history"))  # as an upgraded database has it
    (unknown,) = await registry.get(f"/people/{person}/accounts")
    assert (unknown["account"]["number_ends"], unknown["prepared_by"]) == ("456", "system:before-history")
    await changed(registry, person, OTHER)
    now, before = await registry.get(f"/people/{person}/accounts")
    assert (now["account"]["number_ends"], now["approved_by"]) == ("999", "chair")
    assert (before["since"], before["prepared_by"]) == (unknown["since"], "system:before-history")


async def test_the_history_is_never_changed(registry: Registry) -> None:
    await one_person(registry)
    for statement in ("UPDATE account_history SET prepared_by = 'x'", "DELETE FROM account_history"):
        async with registry.database.engine.connect() as connection:
            with pytest.raises(Exception, match="never changed"):
                await connection.execute(text(statement))


async def test_what_a_bank_said_is_shown_with_the_account_that_it_was_asked_about(registry: Registry) -> None:
    person = await one_person(registry)
    await changed(registry, person, OTHER)
    version = (await registry.get(f"/people/{person}"))["version"]
    said = [(1, "match", False, 1), (version, "close", False, 2), (version, "close", True, 3)]
    for person_version, verdict, accepted, hour in said:
        event = AccountChecked(
            household_id=uuid4(),
            person_id=UUID(person),
            person_version=person_version,
            bank="simbank",
            verdict=verdict,
            reason="ANNM",
            accepted=accepted,
            checked_at=datetime(2026, 11, 23, hour, tzinfo=UTC),
        )
        message = events.message(event)
        for _ in range(2):  # as a log delivers
            async with registry.database.transaction() as session:
                await apply(session, ACCOUNTS_CHECKED, [message])
    now, first = await registry.get(f"/people/{person}/accounts")
    assert (first["verification"], first["bank"], first["reason"]) == ("verified", "simbank", "ANNM")
    assert (now["verification"], now["checked_at"]) == ("accepted", "2026-11-23T03:00:00Z")
    await changed(registry, person, ACCOUNT)
    assert (await registry.get(f"/people/{person}/accounts"))[0]["verification"] == "unverified"


@pytest.mark.parametrize(
    ("account", "pointer", "code"),
    [
        (ACCOUNT | {"bank_bin": "123456"}, "/body/account/bank_bin", "bank_unknown"),
        (ACCOUNT | {"bank_bin": "970417"}, "/body/account/bank_bin", "bank_closed"),
        (WALLET | {"number": "2700205123456"}, "/body/account/number", "wallet_number"),
        (ACCOUNT | {"holder_name": "HA VAN NAM"}, "/body/account/authorised", "authorisation_missing"),
        (OF_SON | {"holder_name": "LE VAN TAM"}, "/body/account/holder_name", "holder_not_authorised"),
        (
            OF_SON | {"authorised": AUTHORISED | {"valid_to": "2026-01-06"}},
            "/body/account/authorised/valid_to",
            "authorisation_ended",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_be_paid_is_refused_with_its_field(
    used_registry: Registry, account: Any, pointer: str, code: str
) -> None:
    person = await one_person(used_registry)
    answer = await used_registry.post(f"/people/{person}/account-changes", {"account": account}, status=422)
    assert [(each["pointer"], each["code"]) for each in answer["errors"]] == [(pointer, code)]


async def test_an_account_of_another_takes_its_document_at_registration_too(used_registry: Registry) -> None:
    body = {"area_code": "08566", "members": [member(account=ACCOUNT | {"holder_name": "HA VAN NAM"})]}
    refused = await used_registry.post("/households", body, status=422)
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [
        ("/body/members/0/account/authorised", "authorisation_missing")
    ]


async def test_an_account_of_another_that_comes_with_a_registration_waits_for_a_second_person(
    registry: Registry,
) -> None:
    own = member(full_name="Hà Thị Mến", relationship="other", account=ACCOUNT | {"holder_name": "HA THI MEN"})
    made = await registry.post("/households", {"area_code": "08566", "members": [member(account=OF_SON), own]})
    assert [(each["pointer"], each["code"]) for each in made["warnings"]] == [
        ("/body/members/0/account", "account_waits")
    ]
    head, other = made["household"]["members"]
    assert (head["account"], other["account"]["number_ends"]) == (None, ACCOUNT["number"][-3:])
    stated = [each for each in await registry.events(PersonStated) if isinstance(each, PersonStated)]
    assert [each.account is None for each in stated] == [True, False]
    (proposal,) = (await registry.get("/proposals", kind="account-change", state="open"))["items"]
    assert (proposal["subject"], proposal["prepared_by"]) == (head["id"], "officer")
    assert proposal["content"]["account"]["authorised"]["document_number"] == "12/GUQ"
    approval, seen = f"/proposals/{proposal['id']}/approval", {"content_hash": proposal["content_hash"]}
    assert (await registry.post(approval, seen, status=403))["code"] == "same_person"
    registry.client.headers.update(bearer("chair"))
    await registry.post(approval, seen)
    (kept,) = await registry.get(f"/people/{head['id']}/accounts")
    assert (kept["prepared_by"], kept["approved_by"]) == ("officer", "chair")
    assert (kept["account"]["number_ends"], kept["account"]["authorised"]["full_name"]) == ("999", "Hà Văn Nam")


async def test_an_authorisation_that_ended_since_it_was_proposed_is_not_approved(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await one_person(registry)
    proposal = await registry.post(f"/people/{person}/account-changes", {"account": OF_SON})
    later = SimpleNamespace(now=lambda: clock.now() + timedelta(days=11))
    monkeypatch.setattr("shared.approvals.api.clock", later)
    registry.client.headers.update(bearer("chair"))
    body = {"content_hash": proposal["content_hash"]}
    answer = await registry.post(f"/proposals/{proposal['id']}/approval", body, status=422)
    assert [each["code"] for each in answer["errors"]] == ["authorisation_ended"]


async def test_an_officer_is_shown_whose_authorised_person_may_receive_the_money_no_longer(registry: Registry) -> None:
    over = AUTHORISED | {"valid_to": clock.today().isoformat()}
    for authorised in (AUTHORISED, over, AUTHORISED | {"valid_to": None}):
        person = await one_person(registry)
        await changed(registry, person, OF_SON | {"authorised": authorised})
    listed = (await registry.get("/ending-authorisations"))["items"]
    assert [each["ends_on"] for each in listed] == [clock.today().isoformat(), UNTIL.isoformat()]
    assert not listed[0]["ended"]
    page = await registry.get("/ending-authorisations", limit="1")
    rest = await registry.get("/ending-authorisations", limit="1", cursor=page["next"])
    assert [each["ends_on"] for each in [*page["items"], *rest["items"]]] == [each["ends_on"] for each in listed]
    assert (await registry.get("/ending-authorisations", area_code="08593"))["items"] == []


# Who is told


async def test_a_change_is_told_at_the_telephone_of_before_though_that_was_replaced_first(registry: Registry) -> None:
    person = await one_person(registry, phone="0912345678")
    path = f"/people/{person}"
    await registry.client.patch(path, json={"phone": "0387654321"}, headers={"If-Match": "*"})
    await changed(registry, person, OTHER)
    assert await told_at(registry) == [["+84387654321", "+84912345678"]]


async def test_a_telephone_replaced_between_proposal_and_approval_is_told_too(registry: Registry) -> None:
    person = await one_person(registry, phone="0912345678")
    proposal = await registry.post(f"/people/{person}/account-changes", {"account": OTHER})
    await registry.client.patch(f"/people/{person}", json={"phone": None}, headers={"If-Match": "*"})
    registry.client.headers.update(bearer("chair"))
    await registry.post(f"/proposals/{proposal['id']}/approval", {"content_hash": proposal["content_hash"]})
    assert await told_at(registry) == [["+84912345678"]]


async def test_who_heads_the_household_or_did_lately_is_told_of_a_members_account(registry: Registry) -> None:
    child = member(full_name="Hà Văn Nam", sex="male", birth_date="2001-01-01", relationship="child")
    home = await registry.register(member(phone="0912345678"), child | {"phone": "0387654321"})
    head, other = (each["id"] for each in home["members"])
    heads = [{"person_id": head, "relationship": "parent"}, {"person_id": other, "relationship": "head"}]
    today = clock.today().isoformat()
    await registry.change(home["id"], {"kind": "head", "effective_on": today, "relationships": heads})
    await changed(registry, other, ACCOUNT | {"holder_name": "HA VAN NAM"})
    assert await told_at(registry) == [["+84387654321", "+84912345678"]]


async def test_a_telephone_of_long_ago_is_not_told(registry: Registry) -> None:
    person = await one_person(registry, phone="0912345678")
    await registry.client.patch(f"/people/{person}", json={"phone": "0387654321"}, headers={"If-Match": "*"})
    async with registry.database.transaction() as session:
        await session.execute(text("UPDATE former_phones SET replaced_at = now() - interval '91 days'"))
    await changed(registry, person, OTHER)
    assert await told_at(registry) == [["+84387654321"]]
