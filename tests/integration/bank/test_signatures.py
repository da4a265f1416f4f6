"""Signed both ways: requests that are not the customer's are refused, answers and callbacks are the bank's."""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.bank import callbacks
from deploy.bank.keys import HEADER, BankKeys, CustomerKeys, decode, encode, sign_with
from tests.integration.bank.desk import Desk, open_desk
from tests.support.payment_files import PAYER, Pay, message_id, payment_file

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    x = encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    known = {"kid": "ours", "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x, "nbf": 0, "exp": 2**40}
    source = tmp_path / "customer.json"
    source.write_text(json.dumps({"keys": [known]}))
    async with open_desk(tmp_path / "bank", customer=CustomerKeys(str(source))) as desk:
        yield desk


def claims(method: str, target: str, body: bytes, **other: Any) -> dict[str, Any]:
    usual = {"iat": int(time.time()), "jti": message_id(), "htm": method, "htu": target}
    return usual | {"sha256": hashlib.sha256(body).hexdigest()} | other


async def send(desk: Desk, message: str, body: bytes, signature: str | None) -> httpx.Response:
    headers = {"Idempotency-Key": message} | ({HEADER: signature} if signature else {})
    return await desk.client.post("/v1/payment-files", content=body, headers=headers)


def signed(body: bytes, key: Ed25519PrivateKey = KEY, kid: str = "ours", **other: Any) -> str:
    return sign_with(key, kid, body, claims("POST", "/v1/payment-files", body, **other))


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda _: None, id="not signed"),
        pytest.param(lambda body: signed(body, Ed25519PrivateKey.generate()), id="by somebody else"),
        pytest.param(lambda body: signed(body, kid="unknown"), id="a key nobody knows"),
        pytest.param(lambda body: signed(body + b" "), id="over another body"),
        pytest.param(lambda body: signed(body, htu="/v1/cancellations"), id="for another place"),
        pytest.param(lambda body: signed(body, htm="PUT"), id="for another method"),
        pytest.param(lambda body: signed(body, iat=int(time.time()) - 301), id="too old"),
        pytest.param(lambda body: signed(body, iat=int(time.time()) + 301), id="of the future"),
        pytest.param(lambda body: "." + signed(body), id="not a JWS"),
    ],
)
async def test_a_request_that_is_not_rightly_signed_changes_nothing(
    desk: Desk, forge: Callable[[bytes], str | None]
) -> None:
    message = message_id()
    body = payment_file(message, [Pay()])
    refused = await send(desk, message, body, forge(body))
    assert (refused.status_code, refused.json()["processed"]) == (401, "no")
    assert await desk.truth() == {}


async def test_a_signed_request_is_taken_once_and_answered_with_a_signature_that_names_it(desk: Desk) -> None:
    message = message_id()
    body = payment_file(message, [Pay()])
    signature = signed(body, jti="A" * 20)
    taken = await send(desk, message, body, signature)
    assert taken.status_code == 202
    said = await verified(desk, taken.headers[HEADER], taken.content)
    assert said == said | {"rti": "A" * 20, "status": 202, "htm": "POST", "htu": "/v1/payment-files"}
    assert (await send(desk, message, body, signature)).status_code == 401
    assert (await send(desk, message, body, signed(body))).headers["Idempotent-Replayed"] == "true"


async def verified(desk: Desk, signature: str, body: bytes) -> dict[str, Any]:
    """Check a signature of the bank by its published keys; return what it says."""
    protected, _, value = signature.split(".")
    header: dict[str, Any] = json.loads(decode(protected))
    keys = (await desk.client.get("/.well-known/jwks.json")).json()["keys"]
    [key] = [one for one in keys if one["kid"] == header["kid"]]
    assert key["nbf"] <= header["iat"] < key["exp"]
    Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(decode(value), protected.encode() + b"." + body)
    assert header["sha256"] == hashlib.sha256(body).hexdigest()
    return header


async def test_a_rotated_key_signs_at_once_and_the_old_one_stays_for_its_time(desk: Desk) -> None:
    before = (await desk.client.get("/.well-known/jwks.json")).json()["keys"]
    await desk.order("keys/rotation", overlap=3_600)
    keys = (await desk.client.get("/.well-known/jwks.json")).json()["keys"]
    assert [one["kid"] for one in keys][:-1] == [one["kid"] for one in before]
    assert 3_500 < keys[0]["exp"] - time.time() <= 3_600
    message = message_id()
    body = payment_file(message, [Pay()])
    taken = await send(desk, message, body, signed(body))
    assert (await verified(desk, taken.headers[HEADER], taken.content))["kid"] == keys[-1]["kid"]


async def test_a_clock_that_goes_wrong_dates_signatures_wrong(desk: Desk) -> None:
    await desk.order("keys/skew", seconds=612)
    message = message_id()
    body = payment_file(message, [Pay()])
    taken = await send(desk, message, body, signed(body))
    said = json.loads(decode(taken.headers[HEADER].split(".")[0]))
    assert 600 < said["iat"] - time.time() < 615


class Customer:
    """Takes callbacks, refusing the first ones."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.came: list[tuple[Mapping[str, Any], str]] = []
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._take))

    def _take(self, request: httpx.Request) -> httpx.Response:
        if self.refusals:
            self.refusals -= 1
            return httpx.Response(503)
        self.came.append((json.loads(request.content), request.headers[HEADER]))
        return httpx.Response(202)

    async def told(self, desk: Desk) -> list[str]:
        """Let the bank tell all that it has to tell; return the ids of the files it told of."""
        keys = BankKeys(desk.bank.database)
        while True:
            progress = await callbacks.send_due(desk.bank, keys, self.client)
            if progress.next_due is None:
                return [one["subject"] for one, _ in self.came if one["kind"] == "payment-file"]
            desk.wall = max(desk.wall, progress.next_due)


async def tell_of(desk: Desk, pay: Pay) -> str:
    (await desk.client.put("/admin/callback-address", json={"url": "http://ours/benefits/v1/bank-callbacks/simbank"}))
    message = message_id()
    body = payment_file(message, [pay])
    assert (await send(desk, message, body, signed(body))).status_code == 202
    desk.later(seconds=1)
    desk.work()
    return message


@pytest.mark.parametrize(
    ("amount", "times"),
    [
        pytest.param(500_000, 2, id="taken and settled"),
        pytest.param(500_116, 4, id="thrice"),
        pytest.param(500_118, 1, id="lost"),
    ],
)
async def test_each_change_is_told_signed_until_it_is_taken(desk: Desk, amount: int, times: int) -> None:
    message = await tell_of(desk, Pay(amount))
    customer = Customer(refusals=2)
    assert await customer.told(desk) == [message] * times
    for content, signature in customer.came:
        said = json.loads(decode(signature.split(".")[0]))
        assert said["htu"] == "/benefits/v1/bank-callbacks/simbank"
        assert content.keys() == {"event_id", "kind", "subject", "occurred_at"}


async def test_callbacks_can_come_in_the_wrong_order(desk: Desk) -> None:
    first, second = [await tell_of(desk, Pay(500_117)) for _ in range(2)]
    customer = Customer()
    told = await customer.told(desk)
    events = [content["event_id"] for content, _ in customer.came]
    assert sorted(told) == sorted([first, second] * 2)
    assert events != sorted(events)


async def test_a_closed_statement_is_told_too(desk: Desk) -> None:
    await tell_of(desk, Pay())
    await desk.order("close-statement", account=PAYER)
    customer = Customer()
    await customer.told(desk)
    assert [content["subject"] for content, _ in customer.came if content["kind"] == "statement"] == [PAYER]
