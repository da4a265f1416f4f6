"""A bank's call is a hint: believed only when it is signed, stored as it came, and never taken as news of money."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.benefits.app import build
from services.benefits.payments.store.rows import MESSAGE_CONTENT
from services.benefits.settings import BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import Benefits
from tests.support.access import grant
from tests.support.bank_keys import private_jwk, public_set, signed_by_hand
from tests.support.postgres import CreateDatabase

PATH = "/benefits/v1/bank-callbacks/simbank"
OURS, THEIRS = private_jwk("ours"), private_jwk("theirs")


@pytest.fixture
async def benefits(create_database: CreateDatabase, tmp_path: Path) -> AsyncIterator[Benefits]:
    """A benefits service with a signed channel to a bank that nobody answers at."""
    url = await create_database("benefits")
    (tmp_path / "ours.json").write_text(json.dumps({"keys": [OURS]}))
    (tmp_path / "theirs.json").write_text(json.dumps(public_set(THEIRS)))
    settings = BenefitsSettings(
        service="benefits",
        database_url=url,
        event_log=EventLogSettings(eventlog_url=url),
        bank_url="http://127.0.0.1:9",
        bank_signing_keys=tmp_path / "ours.json",
        bank_keys=tmp_path / "theirs.json",
    )
    platform = Benefits(build(settings))
    await grant(platform.database, "maker", "checker")
    try:
        yield platform
    finally:
        await platform.client.aclose()
        await platform.database.close()


def event(subject: str = "NOBODY-1", **more: Any) -> bytes:
    """Return the body of a call."""
    said = {"event_id": uuid4().hex, "kind": "payment-file", "subject": subject, "occurred_at": "2026-11-23T09:05:12Z"}
    return json.dumps(said | more).encode()


def signed(body: bytes, key: dict[str, Any] = THEIRS, **changed: Any) -> str:
    """Return the bank's signature of a call."""
    claims = {
        "iat": int(datetime.now(UTC).timestamp()),
        "jti": uuid4().hex,
        "htm": "POST",
        "htu": PATH,
        "sha256": hashlib.sha256(body).hexdigest(),
    } | changed
    header = {"alg": key["alg"], "kid": key["kid"], "b64": False, "crit": ["b64", *claims], **claims}
    return signed_by_hand(key, header, body)


async def call(benefits: Benefits, body: bytes, signature: str | None, path: str = PATH) -> httpx.Response:
    """Call as a bank, with no token."""
    headers = {"Content-Type": "application/json"} | ({"x-jws-signature": signature} if signature else {})
    transport = httpx.ASGITransport(benefits.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://benefits") as client:
        return await client.post(path, content=body, headers=headers)


async def rows(benefits: Benefits, query: str) -> list[Any]:
    """Return what is in the database."""
    connection = await benefits.database.connect()
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


def opened(benefits: Benefits, stored: Any) -> bytes:
    """Return what a stored message says, its seal opened."""
    keys = benefits.database.keys
    assert keys is not None
    return keys.data.open_bytes(stored["content"], MESSAGE_CONTENT, stored["id"])


async def sealed(benefits: Benefits) -> str:
    """Return a file that the bank has and that is not to be asked about for an hour."""
    await benefits.open_fund()
    await benefits.award(await benefits.settle_in())
    await benefits.approve(await benefits.prepare())
    connection = await benefits.database.connect()
    message = await connection.fetchval(
        "UPDATE payment_file SET state = 'SENT', next_poll_at = now() + interval '1 hour' RETURNING message_id"
    )
    await connection.close()
    return str(message)


async def test_a_call_makes_us_ask_at_once_and_moves_nothing(benefits: Benefits) -> None:
    message = await sealed(benefits)
    before = await rows(benefits, "SELECT id, state, rank, version FROM payment_instruction")
    body = event(message, status="ACCC", says="paid")
    assert (await call(benefits, body, signed(body))).status_code == 202
    [file] = await rows(benefits, "SELECT state, hinted, next_poll_at <= now() AS due FROM payment_file")
    assert (file["state"], file["hinted"], file["due"]) == ("SENT", True, True)
    assert await rows(benefits, "SELECT id, state, rank, version FROM payment_instruction") == before
    [stored] = await rows(benefits, "SELECT id, kind, content, signature, state FROM bank_message")
    assert (stored["kind"], opened(benefits, stored), stored["state"]) == ("callback", body, "applied")
    assert stored["signature"].count(".") == 2


async def test_the_same_event_again_is_accepted_and_is_no_news(benefits: Benefits) -> None:
    message = await sealed(benefits)
    body = event(message)
    for _ in range(3):
        assert (await call(benefits, body, signed(body))).status_code == 202
        await rows(benefits, "UPDATE payment_file SET hinted = false, next_poll_at = now() + interval '1 hour'")
    assert len(await rows(benefits, "SELECT 1 FROM bank_message WHERE kind = 'callback'")) == 1
    assert (await call(benefits, body, signed(body))).status_code == 202
    assert not (await rows(benefits, "SELECT hinted FROM payment_file"))[0]["hinted"]


async def test_a_call_that_is_replayed_is_refused(benefits: Benefits) -> None:
    body = event()
    signature = signed(body)
    assert (await call(benefits, body, signature)).status_code == 202
    again = await call(benefits, body, signature)
    assert (again.status_code, again.json()["code"]) == (401, "bank_signature_refused")
    assert "replayed" in again.json()["detail"]


@pytest.mark.parametrize("forged", ["unsigned", "stranger", "other body", "other path", "stale", "ahead"])
async def test_a_forged_call_changes_nothing_and_is_written_down(benefits: Benefits, forged: str) -> None:
    message = await sealed(benefits)
    body = event(message)
    now = datetime.now(UTC)
    signature = {
        "unsigned": None,
        "stranger": signed(body, private_jwk("theirs")),
        "other body": signed(event(message)),
        "other path": signed(body, htu="/benefits/v1/bank-callbacks/another"),
        "stale": signed(body, iat=int((now - timedelta(seconds=400)).timestamp())),
        "ahead": signed(body, iat=int((now + timedelta(seconds=400)).timestamp())),
    }[forged]
    assert (await call(benefits, body, signature)).status_code == 401
    assert await rows(benefits, "SELECT 1 FROM bank_message") == []
    assert not (await rows(benefits, "SELECT hinted FROM payment_file"))[0]["hinted"]
    [row] = await rows(benefits, "SELECT who, outcome, details FROM audit_rows WHERE operation LIKE '%callback'")
    assert (row["who"], row["outcome"]) == ("bank:simbank", "refused")


async def test_a_bank_that_nobody_knows_may_not_call(benefits: Benefits) -> None:
    body = event()
    path = "/benefits/v1/bank-callbacks/another"
    assert (await call(benefits, body, signed(body, htu=path), path)).status_code == 401


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b'{"event_id": 1}', event(kind="loan"), event("x" * 200)])
async def test_a_signed_call_that_makes_no_sense_is_kept_for_people(benefits: Benefits, body: bytes) -> None:
    assert (await call(benefits, body, signed(body))).status_code == 202
    [stored] = await rows(benefits, "SELECT id, content, state FROM bank_message")
    assert (opened(benefits, stored), stored["state"]) == (body, "quarantined")


async def test_banks_find_our_keys_and_nothing_secret_with_them(benefits: Benefits) -> None:
    [key] = (await benefits.get("/bank-keys"))["keys"]
    assert (key["kid"], key["alg"], "d" in key) == ("ours", "ES256", False)
