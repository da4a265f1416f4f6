"""Names and numbers that nobody else has go through the whole platform, and are looked for everywhere after."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from deploy.embedded.address import database_of
from deploy.people import ACCOUNTANT, APPROVER, CHAIR, OFFICER
from deploy.smoke import tell_the_story
from shared.encryption import Keyring
from shared.events.registry import PersonStated
from shared.ids import new_id
from shared.keys import PEOPLE
from shared.settings import SERVICES
from tests.scenario.platform import Home
from tests.support.household_lists import rows_of_household, written
from tests.support.registered import numbers_of, registered_people
from tests.support.waiting import until

NAME, OTHER_NAME = "Kanari Thị Xuyến", "Kanari Văn Quýt"
NUMBER, ACCOUNT, OTHER_ACCOUNT, PHONE = "999185770133", "27002057733991", "31202057733882", "0977331882"
SECRETS = (NUMBER, ACCOUNT, OTHER_ACCOUNT, PHONE[1:])  # also inside +84…
NAMES = ("Kanari", "KANARI", "kanari", "Xuyến", "XUYEN")
# Where people's names may stand, by database; a name in `outbox` and the log must be on the topic of people.
NAMES_MAY_STAND = {
    "registry": {"people", "household_versions", "outbox"},
    "benefits": {"person"},
    "indicators": set(),
    "notifications": {"people", "messages"},
    "eventlog": {"log_records"},
}
CSV = {"Content-Type": "text/csv"}


async def test_what_names_a_person_stands_nowhere_it_is_not_meant_to(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    async with home.platform("--demo", "0"):
        await tell_the_story(home.url, home.acting, lambda _: None)
        async with httpx.AsyncClient(base_url=home.url, timeout=30, trust_env=False) as client:
            secrets = (*SECRETS, *await _numbers_of_who_was_paid(home))
            answers = [each async for each in _what_a_person_goes_through(client, home)]
            await _dead_letter(client, home)
            answers += [await client.get(f"/{service}/metrics") for service in SERVICES]
            answers.append(await client.get("/registry/v1/people", params={"number": NUMBER, "name": NAME}))
        for answer in answers:
            assert not _found(answer.text, (*secrets, *NAMES)), f"{answer.request.method} {answer.request.url.path}"
        leaks = [leak async for leak in _leaks(home, secrets)]
        assert leaks == []
    logs = [*home.folder.parent.glob("up-*.log"), home.folder / "services.log"]
    for log in logs:
        assert not _found(log.read_text(encoding="utf-8"), (*secrets, *NAMES)), log.name


async def _numbers_of_who_was_paid(home: Home) -> tuple[str, ...]:
    """Return the numbers of the story's person: who was paid and written to."""
    connection = await asyncpg.connect(database_of(home.folder, "registry"))
    try:
        (person,) = await registered_people(connection, home.folder / "keys")
    finally:
        await connection.close()
    numbers = numbers_of(person)
    assert len(numbers) == 3
    return numbers


async def _what_a_person_goes_through(client: httpx.AsyncClient, home: Home) -> Any:
    """Register, change, propose, refuse, err and repeat; give the answers in which nothing of the person may stand."""

    async def send(method: str, path: str, body: Any = None, *, by: str = OFFICER, **headers: str) -> httpx.Response:
        own = {"Idempotency-Key": headers.pop("key", uuid4().hex), **home.acting(by), **headers}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await client.request(method, path, headers=own, **content)

    account = {"bank_bin": "970405", "number": ACCOUNT, "holder_name": NAME}
    head = {
        "full_name": NAME, "sex": "female", "birth_date": "1985-03-12", "ethnicity": "06", "relationship": "head",
        "phone": PHONE, "personal_number": NUMBER, "account": account,
    }  # fmt: skip
    household = {"area_code": "08566", "members": [head]}
    made = await send("POST", "/registry/v1/households", household, key="canary")
    assert made.status_code == 201, made.text
    person = made.json()["household"]["members"][0]["id"]
    again = await send("POST", "/registry/v1/households", household, key="canary")
    assert again.headers["Idempotent-Replayed"] == "true"
    yield await send("POST", "/registry/v1/households", {"members": [head]}, key="canary")
    yield await send("POST", "/registry/v1/households", household)  # registered already
    yield await send("POST", "/registry/v1/households", {**household, "members": [{**head, "sex": NAME}]})
    yield await send("POST", "/registry/v1/households", {**household, NAME: NUMBER, "area_code": ACCOUNT[:12]})
    yield await send("POST", "/registry/v1/households", f'{{"members": "{NAME} {NUMBER}'.encode())
    yield await send("PATCH", f"/registry/v1/people/{person}", {"phone": NUMBER}, **{"If-Match": "*"})
    yield await send("GET", f"/registry/v1/people/{person}/numbers?purpose=Xem+{NUMBER}")
    yield await send("GET", f"/registry/v1/people/{person}/numbers?purpose=Doi+chieu+the+can+cuoc", by="quan-tri.mau")
    authorised = {
        "full_name": OTHER_NAME, "personal_number": NUMBER, "document": "power_of_attorney", "document_number": "1/GUQ",
        "document_date": "2026-01-05", "valid_from": "2026-01-05",
    }  # fmt: skip
    other = {"number": OTHER_ACCOUNT, "holder_name": OTHER_NAME, "authorised": authorised}
    unproven = {"account": {**account, **other, "authorised": None}}
    yield await send("POST", f"/registry/v1/people/{person}/account-changes", unproven)
    changed = {"account": {**account, **other}}
    proposal = await send("POST", f"/registry/v1/people/{person}/account-changes", changed)
    assert proposal.status_code == 201, proposal.text
    yield await send("POST", f"/registry/v1/people/{person}/account-changes", changed)  # one waits already
    seen = {"content_hash": proposal.json()["content_hash"]}
    yield await send("POST", proposal.json()["approve_at"], seen)  # the same person
    approved = await send("POST", proposal.json()["approve_at"], seen, by=CHAIR)
    assert approved.status_code == 201, approved.text
    taken = list(rows_of_household(1, 1, full_name=NAME, personal_number=NUMBER, phone=PHONE))
    wrong = list(rows_of_household(2, 1, full_name=OTHER_NAME, personal_number=NUMBER + "0", sex=PHONE))
    sent = await send("POST", "/registry/v1/household-imports", written([*taken, *wrong]), **CSV)
    assert sent.status_code == 202, sent.text
    yield sent

    async def ended() -> bool:
        told = await send("GET", f"/registry/v1/household-imports/{sent.json()['id']}")
        return bool(told.json().get("refused") == 2)

    await until(ended, within=30, describe="the list is refused")
    yield await send("GET", f"/registry/v1/household-imports/{sent.json()['id']}/errors")
    yield await send("POST", "/registry/v1/household-imports", f"{NAME},{NUMBER}\n{PHONE},1\n".encode(), **CSV)
    for by in (ACCOUNTANT, APPROVER):
        yield await send("GET", f"/benefits/v1/orders?household_id={new_id()}", by=by)


async def _dead_letter(client: httpx.AsyncClient, home: Home) -> None:
    """Let an event about the person come whose account was sealed for somebody else: nobody can handle it."""
    ring = Keyring(home.folder / "keys", PEOPLE)
    sealed = ring.seal(ACCOUNT, "account.number", new_id())
    data = (
        f'{{"household_id": "{new_id()}", "person_id": "{new_id()}", "version": 1, "full_name": "{NAME}",'
        f' "is_head": true, "phone": "{sealed}",'
        f' "account": {{"bank_bin": "970405", "number": "{sealed}", "holder_name": "{sealed}"}}}}'
    )
    connection = await asyncpg.connect(database_of(home.folder, "registry"))
    try:
        await connection.execute(
            "INSERT INTO outbox (id, topic, key, type, source, time, data)"
            " VALUES (gen_random_uuid(), 'registry.people', 'canary', $1, '/registry', now(), $2)",
            PersonStated.TYPE,
            data.encode(),
        )
    finally:
        await connection.close()
    for service in ("benefits", "notifications"):

        async def put_aside(service: str = service) -> bool:
            listed = await client.get(f"/{service}/v1/dead-letters", headers=home.acting("quan-tri.mau"))
            assert not _found(listed.text, (*SECRETS, *NAMES))
            return any(letter["error"] == "CannotOpen" for letter in listed.json()["letters"])

        await until(put_aside, within=30, describe=f"{service} puts it aside")


async def _leaks(home: Home, secrets: tuple[str, ...]) -> Any:
    """Give every place in the databases and the log where something of the person stands that may not."""
    for database, may_name in NAMES_MAY_STAND.items():
        connection = await asyncpg.connect(database_of(home.folder, database))
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            seen, named = 0, False
            for (table,) in tables:
                for row in await connection.fetch(f'SELECT * FROM "{table}"'):
                    seen += 1
                    named |= table in may_name and bool(_found(str(row), NAMES[:1]))
                    words = "\n".join(_texts(row.values()))
                    wanted = secrets if table in may_name and _may_name(row) else (*secrets, *NAMES)
                    for found in _found(words, wanted):
                        yield f"{database}.{table}: {found}"
            assert seen > 20, database
            assert named or database in ("indicators", "eventlog")  # the search does find what is there
        finally:
            await connection.close()


def _may_name(row: Any) -> bool:
    return "topic" not in row.keys() or row["topic"] == "registry.people"  # noqa: SIM118 - a record is no mapping


def _texts(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, bytes):
            yield value.decode(errors="replace")
        elif isinstance(value, list):
            yield from _texts(value)
        elif value is not None:
            yield str(value)


def _found(text: str, wanted: tuple[str, ...]) -> list[str]:
    bare = re.sub(r"\\u([0-9a-fA-F]{4})", lambda escaped: chr(int(escaped[1], 16)), text)
    return [each for each in wanted if each in bare]
