"""docker-compose.yml as it stands, run as plain processes: order, passwords, rights on the broker, the gateway."""

import asyncio
import json
import re
import shutil
from itertools import dropwhile
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from deploy.kafka_access.policy import readers, retention
from deploy.postgres import as_ordinary_user
from shared.eventlog.security import security_options
from shared.events import TOPICS
from shared.settings import SERVICES, EventLogSettings
from tests.scenario.compose.people import SMOKE, access_tokens, secret, site
from tests.support.compose_file import ROOT
from tests.support.compose_images import programs_of_postgres
from tests.support.compose_stack import Container, Stack
from tests.support.registered import numbers_of, registered_people
from tests.support.waiting import until

NOT_AUTHORIZED = TopicAuthorizationFailedError.errno


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


async def test_the_story_is_told_through_the_gateway(stack: Stack) -> None:
    """`ansinh smoke` as an operator runs it, with tokens of people who signed in at Keycloak."""
    gateway = stack["gateway"]
    write(Path(gateway.here("/tmp/tokens.json")), await access_tokens(stack, SMOKE))
    done = await asyncio.to_thread(
        gateway.run, ["ansinh", "smoke", "--url", site(stack), "--tokens", "/tmp/tokens.json"]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sổ của ngân hàng khớp từng đồng" in done.stdout


async def test_the_broker_holds_nothing_of_who_was_paid_but_a_name_on_the_topic_of_people(stack: Stack) -> None:
    """After the test above the broker has carried one person through the whole story."""
    connection = await connect(stack, "registry", "registry", secret(stack, "registry", "database_registry"))
    try:
        keys = stack["registry"].folder / "secrets" / "keys_registry"
        person, *_ = await registered_people(connection, keys)
    finally:
        await connection.close()
    wanted = [each.encode() for each in (*numbers_of(person), person.full_name)]
    for topic in TOPICS:
        records = await records_of(stack, topic)
        found = {each for each in wanted if any(each in record for record in records)}
        assert found == ({person.full_name.encode()} if topic == "registry.people" else set()), topic


async def test_the_gateway_serves_every_service_and_the_page_under_one_address(visitor: httpx.AsyncClient) -> None:
    for path in ("/", *(f"/{service}/docs" for service in SERVICES)):
        answer = await visitor.get(path)
        assert answer.status_code == httpx.codes.OK, path
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Server" not in answer.headers


async def test_figures_for_operators_are_not_handed_to_the_public(stack: Stack, visitor: httpx.AsyncClient) -> None:
    for service in SERVICES:
        for path in (f"/{service}/metrics", f"/{service}/Metrics", f"/{service}/%6Detrics", f"/{service}/metrics/"):
            assert (await visitor.get(path)).status_code == httpx.codes.NOT_FOUND, path
        async with httpx.AsyncClient(base_url=f"http://{stack[service].address}:8000", trust_env=False) as inside:
            assert "ansinh" in (await inside.get(f"/{service}/metrics")).text


async def test_alerts_speak_of_figures_that_the_services_show(stack: Stack) -> None:
    rules = (ROOT / "deploy/compose/monitoring/alerts.yml").read_text()
    named = set(re.findall(r"ansinh_\w+", rules))
    for service in SERVICES:
        async with httpx.AsyncClient(base_url=f"http://{stack[service].address}:8000", trust_env=False) as inside:
            shown = (await inside.get(f"/{service}/metrics")).text
        others = {name for name in named if name.startswith("ansinh_bank_") and service != "benefits"}
        missing = [name for name in named - others if not re.search(rf"^(# TYPE )?{name}\b", shown, re.MULTILINE)]
        assert not missing, service


async def test_who_comes_without_encryption_is_sent_to_the_encrypted_address(stack: Stack) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{stack['gateway'].address}:8080/registry/docs")
    assert answer.is_redirect
    assert answer.headers["Location"].startswith("https://")


async def connect(stack: Stack, database: str, role: str, password: str) -> "asyncpg.Connection[Any]":
    return await asyncpg.connect(
        host=stack["postgres"].address, port=5432, user=role, password=password, database=database
    )


@pytest.mark.parametrize("role", SERVICES)
async def test_a_service_reaches_its_own_database_alone(role: str, stack: Stack) -> None:
    password = secret(stack, role, f"database_{role}")
    connection = await connect(stack, role, role, password)
    try:
        rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = $1"
        assert await connection.fetchval(rights, role) is False
        locale = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        assert await connection.fetchval(locale) == "bC.UTF-8"
    finally:
        await connection.close()
    for other in (*SERVICES, "postgres"):
        if other != role:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect(stack, other, role, password)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(stack, role, role, "wrong" * 8)


async def test_a_changed_password_takes_effect_by_the_set_up_alone(stack: Stack) -> None:
    store = stack["postgres"].folder / "secrets" / "database_indicators"
    before = store.read_text()
    try:
        store.chmod(0o600)
        store.write_text("n" * 43)
        assert stack["postgres"].run(["bash", "/docker-entrypoint-initdb.d/roles.sh"]).returncode == 0
        await (await connect(stack, "indicators", "indicators", "n" * 43)).close()
    finally:
        store.write_text(before)
        assert stack["postgres"].run(["bash", "/docker-entrypoint-initdb.d/roles.sh"]).returncode == 0


def options(stack: Stack, service: str, password: str | None = None) -> dict[str, Any]:
    """How a service connects to the broker."""
    environment = stack[service].environment
    settings = EventLogSettings(
        kafka=environment["ANSINH_KAFKA"],
        kafka_protocol="SASL_PLAINTEXT",
        kafka_user=environment["ANSINH_KAFKA_USER"],
        kafka_password=password or secret(stack, service, f"kafka_{service}"),
    )
    return {"bootstrap_servers": settings.kafka, "request_timeout_ms": 5000, **security_options(settings)}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_broker_lets_a_service_see_only_what_is_for_it(service: str, stack: Stack) -> None:
    admin = AIOKafkaAdminClient(**options(stack, service))
    await admin.start()
    try:
        described = await admin.describe_topics(list(TOPICS))
        seen = {topic["topic"] for topic in described if topic["error_code"] == 0}
        refused = {topic["topic"] for topic in described if topic["error_code"] == NOT_AUTHORIZED}
    finally:
        await admin.close()
    assert seen == {topic for topic in TOPICS if topic.startswith(f"{service}.") or service in readers(topic)}
    assert refused == set(TOPICS) - seen


@pytest.mark.parametrize("service", SERVICES)
async def test_the_broker_lets_a_service_write_its_own_topics_alone(service: str, stack: Stack) -> None:
    async with AIOKafkaProducer(**options(stack, service)) as producer:
        for topic in TOPICS:
            if not topic.startswith(f"{service}."):
                with pytest.raises(TopicAuthorizationFailedError):
                    await producer.send_and_wait(topic, b"forged", key=b"household")


@pytest.mark.parametrize("who", ["nobody", "wrong password", "the administrator from outside"])
async def test_the_broker_talks_to_nobody_else(who: str, stack: Stack) -> None:
    connection = options(stack, "registry", "wrong" * 8)
    if who == "nobody":
        connection = {name: connection[name] for name in ("bootstrap_servers", "request_timeout_ms")}
    if who == "the administrator from outside":
        password = secret(stack, "kafka", "kafka_admin")
        connection |= {"sasl_mechanism": "PLAIN", "sasl_plain_username": "admin", "sasl_plain_password": password}
    admin = AIOKafkaAdminClient(**connection)
    with pytest.raises((KafkaConnectionError, KafkaError)):
        await admin.start()
    await admin.close()


async def test_set_up_and_migration_are_harmless_when_they_run_again(stack: Stack) -> None:
    again = stack["kafka-setup"].run(stack["kafka-setup"].definition["command"])
    assert "0 thêm / added, 0 bỏ / removed" in again.stdout
    assert f"{len(TOPICS)} topic: 0 mới / new" in again.stdout
    migration = stack["benefits-migrate"]
    assert migration.run(migration.definition["command"]).returncode == 0


async def test_every_line_of_a_log_is_one_json_object(stack: Stack) -> None:
    for name in (*SERVICES, "gateway", "bank", "sms", "kafka", "keycloak"):
        lines = stack[name].log.read_text().splitlines()
        assert name == "sms" or lines, name
        if name == "keycloak":  # its starter says which options of the JVM it was given
            lines = list(dropwhile(lambda line: not line.startswith("{"), lines))
        for line in lines:
            assert isinstance(json.loads(line), dict), f"{name}: {line}"


async def test_every_topic_keeps_its_records_as_long_as_the_policy_says(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(**as_administrator(stack))
    await admin.start()
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in TOPICS]
        (answer,) = await admin.describe_configs(asked)
    finally:
        await admin.close()
    for _, _, _, topic, configs in answer.resources:
        said = {config[0]: config[1] for config in configs}
        wanted = retention(topic).configs()
        assert {name: said[name] for name in wanted} == wanted, topic


async def test_data_and_events_outlive_the_containers(stack: Stack) -> None:
    kept = kept_bytes(stack)
    assert kept["registry.households"] > 0
    for name in (*SERVICES, "keycloak", "kafka", "postgres"):
        stack[name].stop()
    for name in ("postgres", "kafka"):
        await stack.bring(name)
    assert kept_bytes(stack) == kept


async def test_a_backup_brings_everything_back_and_the_events_follow(stack: Stack) -> None:
    """After the test above no service runs. Each database and the broker's volume are lost, and come back."""
    backup = stack["backup"]
    backup.extra = {"PATH": programs_of_postgres(backup)}
    made = backup.run(backup.definition["command"])
    assert made.returncode == 0, made.stderr
    name = made.stdout.split()[-1]
    before = {service: await events_of(stack, service) for service in SERVICES}
    for service in SERVICES:
        await run_sql(stack, service, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE later (id int)")
    kafka = stack["kafka"]
    kafka.stop()
    empty(Path(kafka.here("/var/lib/kafka/data")))

    restored = backup.run(["bash", "/etc/ansinh/restore.sh", name])
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.count("tables agree") == len(SERVICES) + 1
    assert {service: await events_of(stack, service) for service in SERVICES} == before
    for each in ("kafka", "kafka-setup", "registry-migrate", "keycloak", "registry"):
        await stack.bring(each)

    async def events_are_back() -> bool:
        return kept_bytes(stack)["registry.households"] > 0

    await until(events_are_back, within=60, describe="the relay gives the new broker what the journal holds")


async def test_a_drill_restores_the_newest_backup_beside_what_runs_and_leaves_nothing(stack: Stack) -> None:
    backup = stack["backup"]
    folder = only_backup(backup)
    drill = [*as_ordinary_user(backup.folder), "bash", "/etc/ansinh/drill.sh"]
    done = backup.run(drill)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{folder.name}: khôi phục thử được sau ")
    assert (folder.parent / "drills").read_text() == done.stdout
    assert names_in(folder.parent.parent) == ["backups"]
    rows = folder / "registry.rows"
    held = rows.read_bytes()
    rows.write_bytes(held.replace(b"1", b"2", 1))
    assert backup.run(drill).returncode != 0
    rows.write_bytes(held)


async def test_a_damaged_backup_and_a_database_in_use_are_refused(stack: Stack) -> None:
    """After the test above the registry runs."""
    backup = stack["backup"]
    folder = only_backup(backup)
    in_use = backup.run(["bash", "/etc/ansinh/restore.sh", folder.name])
    assert in_use.returncode != 0
    assert "registry is in use; stop the services first" in in_use.stderr
    dump = folder / "benefits.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    damaged = backup.run(["bash", "/etc/ansinh/restore.sh", folder.name])
    assert damaged.returncode != 0
    assert "benefits.dump" in damaged.stdout + damaged.stderr


async def records_of(stack: Stack, topic: str) -> list[bytes]:
    """Everything the broker has on a topic: keys, values and headers."""
    async with AIOKafkaConsumer(topic, **as_administrator(stack), auto_offset_reset="earliest") as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[bytes] = []
        while [each for each, end in ends.items() if await consumer.position(each) < end]:
            for fetched in (await consumer.getmany(timeout_ms=500)).values():
                records += [b"".join([r.key or b"", r.value or b"", *(v for _, v in r.headers)]) for r in fetched]
        return records


def as_administrator(stack: Stack) -> dict[str, Any]:
    """How the broker's administrator connects, from where the set-up does."""
    environment = {"bootstrap_servers": f"{stack['kafka'].address}:9094", "security_protocol": "SASL_PLAINTEXT"}
    password = secret(stack, "kafka", "kafka_admin")
    return environment | {
        "sasl_mechanism": "PLAIN", "sasl_plain_username": "admin", "sasl_plain_password": password,
    }  # fmt: skip


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def only_backup(backup: Container) -> Path:
    (folder,) = Path(backup.here("/var/lib/postgresql/backups")).glob("*Z")
    return folder


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def run_sql(stack: Stack, service: str, sql: str) -> str:
    connection = await connect(stack, service, service, secret(stack, service, f"database_{service}"))
    try:
        return str(await connection.fetchval(sql)) if sql.startswith("SELECT") else await connection.execute(sql)
    finally:
        await connection.close()


async def events_of(stack: Stack, service: str) -> str:
    """What a service's journal and record hold."""
    written = "(SELECT count(*) FROM outbox) || ',' || (SELECT max(position) FROM outbox)"
    return await run_sql(stack, service, f"SELECT {written} || ',' || (SELECT count(*) FROM audit_rows)")


def kept_bytes(stack: Stack) -> dict[str, int]:
    """What the broker's files hold of each topic."""
    data = Path(stack["kafka"].here("/var/lib/kafka/data"))
    return {topic: sum(file.stat().st_size for file in data.glob(f"{topic}-*/*.log")) for topic in TOPICS}
