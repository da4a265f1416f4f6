"""What the Kafka client has no call for: users with SCRAM credentials, and rules of access.

Kafka protocol: AlterUserScramCredentials (key 51, version 0), CreateAcls, DescribeAcls and DeleteAcls (keys 30, 29, 31,
version 1).
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from deploy.kafka_access.policy import Rule

_SCRAM_SHA_512 = 2
_ITERATIONS = 8192
_ANY = 1
_ALLOW = 3
_TEXT = CompactString("utf-8")


class _AlterScramResponse(Response):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(("user", _TEXT), ("error_code", Int16), ("error_message", _TEXT), ("tags", TaggedFields)),
        ),
        ("tags", TaggedFields),
    )


class _AlterScram(RequestStruct):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterScramResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", _TEXT), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", _TEXT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


def _ready(struct: RequestStruct) -> Request[Any]:
    """Return a request for the client that sends this struct, in this version, as it is."""

    class Ready(Request[type(struct)]):  # type: ignore[misc]
        API_KEY = struct.API_KEY

        def build(self, _: type[RequestStruct]) -> RequestStruct:
            return struct

    return Ready()


async def _send(client: AIOKafkaClient, struct: RequestStruct) -> Any:
    return await client.send(client.get_random_node(), _ready(struct))


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message or "")


async def set_passwords(client: AIOKafkaClient, passwords: Mapping[str, str]) -> None:
    """Give each user its password, making the users that are not there.

    Raises:
        KafkaError: the broker refuses.
    """
    upsertions: list[tuple[Any, ...]] = []
    for user, password in passwords.items():
        salt = os.urandom(32)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
        upsertions.append((user, _SCRAM_SHA_512, _ITERATIONS, salt, salted, {}))
    answer = await _send(client, _AlterScram([], upsertions, {}))
    for _, code, message, _ in answer.results:
        _check(code, message)


async def existing_rules(client: AIOKafkaClient, users: Iterable[str]) -> set[Rule]:
    """Return the rules that allow something to `users`.

    Raises:
        KafkaError: the broker refuses.
    """
    answer = await _send(client, DescribeAclsRequest_v1(_ANY, None, _ANY, None, None, _ANY, _ANY))
    _check(answer.error_code, answer.error_message)
    principals = {f"User:{user}": user for user in users}
    return {
        Rule(principals[principal], resource, pattern, name, operation)
        for resource, name, pattern, rules in answer.resources
        for principal, _host, operation, permission in rules
        if principal in principals and permission == _ALLOW
    }


async def add_rules(client: AIOKafkaClient, rules: Iterable[Rule]) -> None:
    """Allow what the rules say.

    Raises:
        KafkaError: the broker refuses.
    """
    answer = await _send(client, CreateAclsRequest_v1([_fields(rule) for rule in rules]))
    for code, message in answer.creation_responses:
        _check(code, message)


async def remove_rules(client: AIOKafkaClient, rules: Iterable[Rule]) -> None:
    """Allow what the rules say no longer.

    Raises:
        KafkaError: the broker refuses.
    """
    answer = await _send(client, DeleteAclsRequest_v1([_fields(rule) for rule in rules]))
    for code, message, _ in answer.filter_responses:
        _check(code, message)


def _fields(rule: Rule) -> tuple[int, str, int, str, str, int, int]:
    return rule.resource, rule.name, rule.pattern, f"User:{rule.user}", "*", rule.operation, _ALLOW
