"""The command `python -m deploy.kafka_access`: bring a broker's users, topics and rights to what the policy says."""

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, for_code

from deploy.kafka_access.policy import retention, rules
from deploy.kafka_access.requests import add_rules, existing_rules, remove_rules, set_passwords
from shared.events import TOPICS
from shared.events.contract import PARTITIONS
from shared.settings import SERVICES

ADMIN = "admin"
_PATIENCE = 120.0  # seconds for a broker that is still starting


def main() -> None:
    """Read the command line, wait for the broker, set it up and say what was done; harmless when repeated."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka_access", description=__doc__)
    parser.add_argument("--broker", required=True, help="host:port of the listener where the administrator signs in")
    parser.add_argument("--secrets", type=Path, required=True, help="folder of kafka_admin and kafka_<service>")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of PLAIN, which here never leaves the container
    try:
        asyncio.run(_set_up(options.broker, options.secrets))
    except (KafkaError, OSError, TimeoutError) as error:
        sys.stderr.write(f"Không thiết lập được Kafka. / Kafka cannot be set up: {error!r}\n")
        sys.exit(1)


async def _set_up(broker: str, secrets: Path) -> None:
    passwords = {user: (secrets / f"kafka_{user}").read_text(encoding="utf-8").strip() for user in (ADMIN, *SERVICES)}
    connection = {
        "bootstrap_servers": broker,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": ADMIN,
        "sasl_plain_password": passwords.pop(ADMIN),
    }
    async with _connected(connection) as client:
        await set_passwords(client, passwords)
        _say(f"{len(passwords)} người dùng / users: {', '.join(passwords)}")
        await _give_rights(client)
    await _make_topics(connection)


@asynccontextmanager
async def _connected(connection: dict[str, str]) -> AsyncIterator[AIOKafkaClient]:
    async with asyncio.timeout(_PATIENCE):
        while True:
            client = AIOKafkaClient(**connection)
            try:
                await client.bootstrap()
                break
            except SaslAuthenticationFailed:
                await client.close()
                raise
            except KafkaError:
                await client.close()
                await asyncio.sleep(0.5)
    try:
        yield client
    finally:
        await client.close()


async def _give_rights(client: AIOKafkaClient) -> None:
    wanted, there = set(rules()), await existing_rules(client, SERVICES)
    if surplus := sorted(there - wanted):
        await remove_rules(client, surplus)
    if missing := sorted(wanted - there):
        await add_rules(client, missing)
    _say(f"{len(wanted)} quyền / rights: {len(missing)} thêm / added, {len(surplus)} bỏ / removed")


async def _make_topics(connection: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        missing = [topic for topic in TOPICS if topic not in there]
        made = await admin.create_topics(
            [NewTopic(topic, PARTITIONS, 1, topic_configs=retention(topic).configs()) for topic in missing]
        )
        for _, code, message in made.topic_errors:
            if code:
                raise for_code(code)(message)
        kept = [topic for topic in TOPICS if topic in there]
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, retention(topic).configs()) for topic in kept]
        )
    finally:
        await admin.close()
    _say(f"{len(TOPICS)} topic: {len(missing)} mới / new")
    for topic in TOPICS:
        keep = retention(topic)
        hours = "mãi mãi / for good" if keep.hours is None else f"{keep.hours} giờ / hours"
        size = "" if keep.gigabytes is None else f", {keep.gigabytes} GB mỗi phân vùng / a partition"
        _say(f"  {topic}: {hours}{size}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
