"""What the images of docker-compose.yml bring or do before the command, done here with the same programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.kafka import missing_tools
from deploy.kafka_jars import jars
from deploy.postgres import as_ordinary_user, binary
from tests.support.compose_stack import Container
from tests.support.keycloak import keycloak


def start_postgres(container: Container) -> None:
    """Make the data folder by the image's variables, run its first set-up on the socket alone, then the command."""
    data = Path(container.environment["PGDATA"])
    sockets = Path(container.here("/var/run/postgresql"))
    container.extra = {"PATH": programs_of_postgres(container), "PGHOST": str(sockets), "LC_ALL": "C"}
    enter = as_ordinary_user(container.folder)
    server = ["postgres", "-D", str(data), "-k", str(sockets)]
    if not (data / "PG_VERSION").exists():
        data.mkdir(parents=True, mode=0o700)
        options = container.environment["POSTGRES_INITDB_ARGS"].split()
        password = f"--pwfile={container.environment['POSTGRES_PASSWORD_FILE']}"
        _run(container, [*enter, "initdb", "-D", str(data), "--username=postgres", password, *options])
        # The image trusts its own loopback address, which every container here shares.
        (data / "pg_hba.conf").write_text("local all all trust\nhost all all all scram-sha-256\n")
        container.start([*server, "-c", "listen_addresses="], enter)
        _run(container, ["sh", "-c", f"until pg_isready -q -h {sockets} -U postgres; do sleep 0.1; done"])
        _run(container, ["bash", container.here("/docker-entrypoint-initdb.d/roles.sh")])
        container.stop()
    command = container.command[1:]
    container.start([*server, "-c", f"listen_addresses={container.address}", "-c", "fsync=off", *command], enter)


def programs_of_postgres(container: Container) -> str:
    """Return the way to programs that a container of PostgreSQL's image has."""
    return f"{binary('psql').parent}:{container.environment['PATH']}"


def _run(container: Container, command: list[str]) -> None:
    done = subprocess.run(command, env=container.environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def start_kafka(container: Container) -> None:
    """Put Kafka's two programs where the image has them, as its scripts call them, then run the command."""
    if (sentence := missing_tools()) is not None:
        pytest.fail(sentence, pytrace=False)
    programs = container.folder / "bin"
    programs.mkdir(exist_ok=True)
    java = f'exec java $KAFKA_HEAP_OPTS $KAFKA_LOG4J_OPTS -XX:TieredStopAtLevel=1 -cp "{jars()}/*"'
    for name, main in (("kafka-storage.sh", "kafka.tools.StorageTool"), ("kafka-server-start.sh", "kafka.Kafka")):
        (programs / name).write_text(f'#!/bin/sh\n{java} {main} "$@"\n')
        (programs / name).chmod(0o755)
    start = Path(container.command[1])
    start.write_text(start.read_text().replace("/opt/kafka/bin", str(programs)))
    container.start()


def start_caddy(container: Container) -> None:
    """Run the gateway's program, which this machine must have."""
    for program in ("caddy", "wget"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: apt-get install -y --no-install-recommends {program}", pytrace=False)
    container.start()


def start_keycloak(container: Container) -> None:
    """Put the built distribution where the image has it, with a data folder of its own, then run the command."""
    home = container.folder / "opt"
    if not home.exists():
        shutil.copytree(keycloak() / "bin", home / "bin")  # it finds everything else from where its script is
        for part in ("conf", "lib", "providers", "themes", "version.txt"):
            (home / part).symlink_to(keycloak() / part)
        (home / "data" / "import").mkdir(parents=True)
        shutil.copy(container.here("/opt/keycloak/data/import/realm.json"), home / "data" / "import")
    start = Path(container.command[1])
    start.write_text(start.read_text().replace("/opt/keycloak/bin", str(home / "bin")))
    container.extra = {"JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
    container.start()


IMAGES = {
    "postgres": start_postgres,
    "apache/kafka": start_kafka,
    "ansinh-gateway": start_caddy,
    "ansinh-keycloak": start_keycloak,
}
