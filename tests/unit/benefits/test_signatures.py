"""Signatures between the platform and banks: what holds, and every way in which one does not."""

import hashlib
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.payments.bank.keys import (
    KeyRefused,
    KeySet,
    KeysUnusable,
    TrustedKeys,
    published,
    read_key_file,
    read_keys,
)
from services.benefits.payments.bank.signing import FILE_AGE, TOLERANCE, Binding, SignatureRefused, sign, verify
from tests.support.bank_keys import END, EPOCH, private_jwk, public_jwk, public_set, signed_by_hand

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
BODY = '<?xml version="1.0"?><Document>Trợ cấp</Document>'.encode()
CALL = Binding("POST", "/v1/payment-files")
JWK = private_jwk("ours-1")
OURS, THEIRS = read_keys({"keys": [JWK]}), TrustedKeys(read_keys(public_set(JWK)))


async def refused(jws: str | None, body: bytes = BODY, binding: Binding = CALL, now: datetime = NOW) -> str:
    """Return why a signature is refused."""
    with pytest.raises(SignatureRefused) as caught:
        await verify(THEIRS, jws, body, binding, now)
    return caught.value.code


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
async def test_a_signature_holds_for_its_bytes_and_place(alg: str) -> None:
    jwk = private_jwk("k", alg)
    made = sign(read_keys({"keys": [jwk]}), BODY, CALL, NOW)
    held = await verify(TrustedKeys(read_keys(public_set(jwk))), made.jws, BODY, CALL, NOW)
    assert (held.kid, held.jti) == ("k", made.jti)
    assert ".." in made.jws


def test_it_is_what_the_standards_say() -> None:
    made = sign(OURS, BODY, CALL, NOW)
    header = json.loads(jwt.utils.base64url_decode(made.jws.partition(".")[0]))
    assert (header["alg"], header["b64"], header["htu"]) == ("ES256", False, "/v1/payment-files")
    assert header["sha256"] == hashlib.sha256(BODY).hexdigest()
    key = jwt.PyJWK(public_jwk(JWK), algorithm="ES256")
    protected, _, signature = made.jws.split(".")
    raw = jwt.utils.base64url_decode(signature)
    assert key.Algorithm.verify(protected.encode() + b"." + BODY, key.key, raw)


async def test_a_signature_made_by_hand_holds() -> None:
    jws = signed_by_hand(JWK, _header(), BODY)
    assert (await verify(THEIRS, jws, BODY, CALL, NOW)).jti == "a" * 20


def _header(**changed: Any) -> dict[str, Any]:
    claims = {
        "iat": int(NOW.timestamp()),
        "jti": "a" * 20,
        "htm": "POST",
        "htu": "/v1/payment-files",
        "sha256": hashlib.sha256(BODY).hexdigest(),
    }
    header = {"alg": "ES256", "kid": "ours-1", "b64": False, "crit": ["b64", *claims], **claims} | changed
    return {name: value for name, value in header.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"alg": "none"}, "algorithm", id="no algorithm"),
        pytest.param({"alg": "HS256"}, "algorithm", id="a secret where a public key is known"),
        pytest.param({"alg": "PS256"}, "algorithm", id="another algorithm than the key's"),
        pytest.param({"alg": None}, "malformed", id="without an algorithm"),
        pytest.param({"kid": "nobody"}, "unknown_key", id="a key that nobody has"),
        pytest.param({"kid": None}, "malformed", id="no key named"),
        pytest.param({"b64": True}, "malformed", id="an encoded payload"),
        pytest.param({"b64": None}, "malformed", id="nothing said of the payload"),
        pytest.param({"crit": None}, "malformed", id="nothing critical"),
        pytest.param({"crit": ["b64"]}, "malformed", id="the binding not critical"),
        pytest.param({"crit": ["b64", "b64", "iat", "jti", "htm", "htu"]}, "malformed", id="one critical twice"),
        pytest.param({"jwk": public_jwk(private_jwk("x"))}, "malformed", id="a key brought along"),
        pytest.param({"jku": "https://x.example/jwks"}, "malformed", id="a key to be fetched elsewhere"),
        pytest.param({"iat": "1"}, "malformed", id="a time that is text"),
        pytest.param({"iat": True}, "malformed", id="a time that is a truth"),
        pytest.param({"iat": 10**30}, "malformed", id="a time beyond all time"),
        pytest.param({"jti": "short"}, "malformed", id="an id too short"),
        pytest.param({"sha256": hashlib.sha256(b"").hexdigest()}, "other_message", id="the digest of other bytes"),
        pytest.param({"htm": "PUT"}, "other_message", id="another method"),
        pytest.param({"htu": "/v1/cancellations"}, "other_message", id="another place"),
    ],
)
async def test_a_header_that_is_not_as_agreed_proves_nothing(changed: dict[str, Any], code: str) -> None:
    assert await refused(signed_by_hand(JWK, _header(**changed), BODY)) == code


async def test_a_member_said_twice_is_malformed() -> None:
    header = json.dumps(_header())[:-1] + ', "htm": "PUT"}'
    protected = urlsafe_b64encode(header.encode()).rstrip(b"=").decode()
    assert await refused(f"{protected}..AAAA") == "malformed"


async def test_other_bytes_and_other_places_are_refused() -> None:
    jws = sign(OURS, BODY, CALL, NOW).jws
    assert await refused(jws, BODY + b" ") == "signature_wrong"
    assert await refused(jws, binding=Binding("POST", "/v1/payment-files?x=1")) == "other_message"
    assert await refused(None) == "unsigned"
    assert await refused(jws.replace("..", f".{urlsafe_b64encode(BODY).decode().rstrip('=')}.")) == "malformed"


async def test_an_answer_belongs_to_one_request_and_status() -> None:
    request = sign(OURS, b"", Binding("GET", "/v1/x"), NOW)
    answer = sign(OURS, BODY, Binding("GET", "/v1/x", 200, request.jti), NOW)
    assert await verify(THEIRS, answer.jws, BODY, Binding("GET", "/v1/x", 200, request.jti), NOW)
    assert await refused(answer.jws, binding=Binding("GET", "/v1/x", 404, request.jti)) == "other_message"
    assert await refused(answer.jws, binding=Binding("GET", "/v1/x", 200, "another" * 4)) == "other_message"
    assert await refused(answer.jws, binding=Binding("GET", "/v1/x")) == "other_message"


async def test_clocks_may_differ_by_five_minutes() -> None:
    jws = sign(OURS, BODY, CALL, NOW).jws
    for apart in (TOLERANCE, -TOLERANCE):
        assert await verify(THEIRS, jws, BODY, CALL, NOW + apart)
    for apart in (timedelta(seconds=301), timedelta(seconds=-301)):
        assert await refused(jws, now=NOW + apart) == "stale"
    assert await verify(THEIRS, jws, BODY, CALL, NOW + timedelta(days=6), age=FILE_AGE)
    with pytest.raises(SignatureRefused, match="stale"):
        await verify(THEIRS, jws, BODY, CALL, NOW + timedelta(days=8), age=FILE_AGE)


async def test_keys_overlap_while_they_rotate() -> None:
    change = NOW + timedelta(days=7)
    old = private_jwk("old", not_after=change)
    new = private_jwk("new", not_before=NOW)
    ours, theirs = read_keys({"keys": [old, new]}), TrustedKeys(read_keys(public_set(old, new)))
    with_old = sign(read_keys({"keys": [old]}), BODY, CALL, NOW)
    assert sign(ours, BODY, CALL, NOW).kid == "new"
    assert (await verify(theirs, with_old.jws, BODY, CALL, NOW)).kid == "old"
    late = sign(KeySet(read_keys({"keys": [old | {"exp": int(END.timestamp())}]}).keys), BODY, CALL, change)
    with pytest.raises(SignatureRefused, match="key_out_of_time"):
        await verify(theirs, late.jws, BODY, CALL, change)
    with pytest.raises(KeyRefused):
        read_keys({"keys": [old]}).current(change)
    assert [key["kid"] for key in published([ours], change)["keys"]] == ["new"]
    assert "d" not in published([ours], NOW)["keys"][0]


async def test_an_unknown_key_makes_us_look_once_a_minute() -> None:
    asked, new = 0, private_jwk("new")

    async def fetch() -> KeySet:
        nonlocal asked
        asked += 1
        return read_keys(public_set(new) if asked > 1 else public_set(JWK))

    keys = TrustedKeys(KeySet({}), fetch)
    jws = sign(read_keys({"keys": [new]}), BODY, CALL, NOW).jws
    for seconds in (0, 1, 59):
        with pytest.raises(SignatureRefused, match="unknown_key"):
            await verify(keys, jws, BODY, CALL, NOW + timedelta(seconds=seconds))
    assert asked == 1
    assert await verify(keys, jws, BODY, CALL, NOW + timedelta(seconds=60))
    assert asked == 2


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": 1}, {"keys": [private_jwk("a"), private_jwk("a")]}],
    ids=["nothing", "a list", "no keys", "a number", "one id twice"],
)
def test_what_is_no_key_set_is_not_used(document: object) -> None:
    with pytest.raises(KeysUnusable):
        read_keys(document)


def test_keys_that_may_not_sign_are_left_out() -> None:
    unusable = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256", "nbf": 0, "exp": 1},
        private_jwk("b") | {"use": "enc"},
        private_jwk("c") | {"alg": "ES512"},
        {name: value for name, value in private_jwk("d").items() if name != "exp"},
        private_jwk("e") | {"kid": 5},
        private_jwk("f") | {"alg": "EdDSA"},
        "text",
    ]
    assert read_keys({"keys": unusable}).keys == {}


def test_a_key_file_says_what_is_wrong_with_it_and_quotes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(KeysUnusable, match="cannot be read"):
        read_key_file(path, private=True)
    for content, why in [("{", "not JSON"), ('{"keys": []}', "no key"), (json.dumps(public_set(JWK)), "private half")]:
        path.write_text(content)
        with pytest.raises(KeysUnusable, match=why):
            read_key_file(path, private=True)
    path.write_text(json.dumps({"keys": [JWK]}))
    assert read_key_file(path, private=True).current(EPOCH).kid == "ours-1"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: urlsafe_b64encode(raw).decode()))
async def test_nothing_that_is_sent_as_a_signature_makes_us_fail(text: str) -> None:
    for jws in (text, f"{text}..{text}", f"{text}.."):
        with pytest.raises(SignatureRefused):
            await verify(THEIRS, jws, BODY, CALL, NOW)
