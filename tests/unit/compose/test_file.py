"""docker-compose.yml: what every container is given and denied."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.apps import SETTINGS
from deploy.make_env import KEY_FOLDERS, SECRETS, main
from deploy.pin_images import FILES as IMAGE_FILES
from deploy.pin_images import IMAGE, pin
from shared.settings import SERVICES
from tests.support.compose_file import FILE, ROOT, MissingVariable, read, read_variables

RAW = read(None)
NAMES = sorted(RAW["services"])
ONCE = [name for name in NAMES if RAW["services"][name]["restart"] == "no"]
BUILT = [service for service in RAW["services"].values() if "build" in service]
LASTING = [name for name in NAMES if name not in ONCE]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("env")
    assert main(["--demo", "--folder", str(folder)]) == 0
    return read_variables(folder / ".env")


@pytest.fixture(scope="module")
def services(variables: dict[str, str]) -> dict[str, Any]:
    return dict(read(variables)["services"])


def size(text: str) -> int:
    """Return megabytes."""
    return int(text[:-1]) * {"m": 1, "g": 1024}[text[-1]]


@pytest.mark.parametrize("name", NAMES)
class TestEveryContainer:
    def test_has_a_user_other_than_root_and_no_rights(self, name: str, services: dict[str, Any]) -> None:
        service = services[name]
        user, group = service["user"].split(":")
        assert int(user) > 0
        assert int(group) > 0
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged")
        assert "cap_add" not in service
        assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])
        assert not any("docker.sock" in volume for volume in service.get("volumes", []))

    def test_has_limits_of_memory_processors_and_processes(self, name: str, services: dict[str, Any]) -> None:
        service = services[name]
        assert 0 < service["cpus"] <= 2
        assert 0 < service["pids_limit"] <= 256
        assert service["mem_limit"] == service["memswap_limit"]

    def test_keeps_its_logs_small(self, name: str, services: dict[str, Any]) -> None:
        logging = services[name]["logging"]
        assert logging == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}

    def test_waits_for_what_it_needs_by_a_condition(self, name: str, services: dict[str, Any]) -> None:
        for needed, edge in services[name].get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert edge == {"condition": expected}, needed
            assert "profiles" not in services[needed], (
                f"{needed} may be left out"
            )  # monitoring too: nothing waits for it

    def test_can_be_there_more_than_once(self, name: str, services: dict[str, Any]) -> None:
        assert "container_name" not in services[name]
        assert name in ("gateway", "monitoring") or "ports" not in services[name]

    def test_mounts_only_what_is_in_the_tree(self, name: str, services: dict[str, Any]) -> None:
        for volume in services[name].get("volumes", []):
            source, _, options = volume.split(":") if volume.startswith(".") else (".", "", "ro")
            assert (ROOT / source).exists()
            assert options == "ro"

    def test_is_given_no_secret_by_its_environment(self, name: str, services: dict[str, Any]) -> None:
        for variable, value in services[name].get("environment", {}).items():
            if variable == "ANSINH_KEYS" and name in ONCE:
                assert value == "/run/secrets"
                assert not [secret for secret in services[name]["secrets"] if secret.startswith("keys_")]
            elif variable == "ANSINH_KEYS":
                assert value == f"/run/secrets/keys_{name}"
                assert f"keys_{name}" in services[name]["secrets"]
            elif re.search("PASSWORD|SECRET|KEY", variable):
                assert variable.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in services[name]["secrets"]


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_on_has_a_health_check_with_time_to_start(name: str, services: dict[str, Any]) -> None:
    check = services[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["start_period"]
    assert services[name]["restart"] == "unless-stopped"
    # Who freezes is seen within a minute.
    times = {part: int(check[part].removesuffix("s")) for part in ("interval", "timeout")}
    assert (times["interval"] + times["timeout"]) * check["retries"] <= 60


def test_each_service_waits_for_its_own_migration_and_its_rights(services: dict[str, Any]) -> None:
    for name in SERVICES:
        needs = services[name]["depends_on"]
        assert needs[f"{name}-migrate"] == {"condition": "service_completed_successfully"}
        assert needs["kafka-setup"] == {"condition": "service_completed_successfully"}
    assert set(SERVICES) <= set(services["gateway"]["depends_on"])


@pytest.mark.parametrize("name", [*SERVICES, *(f"{service}-migrate" for service in SERVICES)])
def test_what_a_program_must_be_told_is_told_to_it(name: str, services: dict[str, Any]) -> None:
    given = services[name]["environment"]
    fields = SETTINGS[name.removesuffix("-migrate")].model_fields.items()  # type: ignore[index]
    needed = {f"ANSINH_{field.upper()}" for field, info in fields if info.is_required()} - {"ANSINH_SERVICE"}
    assert not [variable for variable in needed if not given.get(variable) and not given.get(f"{variable}_FILE")]


def test_the_gateway_opens_after_the_first_password_of_keycloak_is_changed(services: dict[str, Any]) -> None:
    assert services["gateway"]["depends_on"]["keycloak-setup"] == {"condition": "service_completed_successfully"}
    assert services["keycloak-setup"]["command"][-1] == "set-up"
    assert services["keycloak-setup"]["network_mode"] == "service:keycloak"


def test_a_service_holds_only_its_own_secrets(services: dict[str, Any]) -> None:
    for name in SERVICES:
        for holder in (name, f"{name}-migrate"):
            foreign = [other for other in SERVICES if other != name]
            assert not [secret for secret in services[holder]["secrets"] if secret.endswith(tuple(foreign))]
    everything = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert everything == set(RAW["secrets"]) == {*SECRETS, *KEY_FOLDERS}


def test_only_the_gateway_is_reached_from_outside(services: dict[str, Any]) -> None:
    networks = RAW["networks"]
    assert [name for name, network in networks.items() if not network.get("internal")] == ["outside"]
    outside = {name for name, service in services.items() if "outside" in service.get("networks", [])}
    assert outside == {"gateway", "benefits", "notifications", "monitoring"}
    assert [name for name in NAMES if "ports" in services[name]] == ["gateway", "monitoring"]
    assert services["monitoring"]["ports"] == ["127.0.0.1:9090:9090"]  # this machine's own people alone
    for hidden, network in (("postgres", "database"), ("kafka", "events")):
        assert services[hidden]["networks"] == [network]
    assert not {"database", "events"} & set(services["gateway"]["networks"])


def test_the_whole_fits_four_gigabytes(services: dict[str, Any]) -> None:
    standard = [name for name in NAMES if "profiles" not in services[name]]
    assert sum(size(services[name]["mem_limit"]) for name in standard if name in LASTING) <= 4096
    # Set-up runs before the services do, in less than they will have.
    assert sum(size(services[name]["mem_limit"]) for name in standard if name in ONCE) <= 4 * 320 + 128 + 768


def test_what_is_not_for_every_platform_comes_only_with_its_profile(services: dict[str, Any]) -> None:
    profiles = {name: services[name]["profiles"] for name in NAMES if "profiles" in services[name]}
    assert profiles == {"bank": ["demo"], "sms": ["demo"], "backup": ["backup"], "monitoring": ["monitoring"]}


def test_foreign_images_are_pinned_by_version_and_digest() -> None:
    dockerfiles = [(ROOT / name).read_text() for name in IMAGE_FILES if name != FILE.name]
    named = {found["tagged"] for text in (FILE.read_text(), *dockerfiles) for found in IMAGE.finditer(text)}
    used = {service["image"].partition("@")[0] for service in RAW["services"].values()}
    bases = re.findall(r"^FROM (\S+?)(?:@\S+)?(?: AS \w+)?$", "\n".join(dockerfiles), re.MULTILINE)
    ours = {image for image in used if image.startswith("ansinh")}
    built = {Path(service["build"]["context"], service["build"].get("dockerfile", "Dockerfile")) for service in BUILT}
    assert built == {Path(name) for name in IMAGE_FILES if name != FILE.name}
    assert named == (used - ours) | set(bases)
    assert len(used) <= 10
    for tagged in named:
        assert re.search(r":v?\d+\.\d+(\.\d+)?\b", tagged), tagged
        assert "latest" not in tagged


def test_pins_follow_what_the_registry_says() -> None:
    old, new = "sha256:" + "0" * 64, "sha256:" + "1" * 64
    text = f"image: postgres:18.6-bookworm@{old}\nimage: caddy:2.11.4-alpine@{new}\n"
    pinned, changed = pin(text, lambda _: new)
    assert pinned == text.replace(old, new)
    assert changed == [f"postgres:18.6-bookworm: {old} → {new}"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\$\{([A-Z_]+):\?", FILE.read_text()))))
def test_a_missing_variable_is_a_sentence_in_both_languages(name: str, variables: dict[str, str]) -> None:
    with pytest.raises(MissingVariable, match=f"^{name}: Thiếu {name}.* / "):
        read(variables | {name: ""})


def test_events_are_kept_on_a_volume_and_not_in_the_container(services: dict[str, Any]) -> None:
    properties = (ROOT / "deploy/compose/kafka/server.properties").read_text()
    assert "\nlog.dirs=/var/lib/kafka/data\n" in properties
    assert "kafka-data:/var/lib/kafka/data" in services["kafka"]["volumes"]
    assert "postgres-data:/var/lib/postgresql" in services["postgres"]["volumes"]
    assert services["postgres"]["environment"]["PGDATA"].startswith("/var/lib/postgresql/18/")


def test_no_secret_stands_in_any_file_of_the_tree_that_is_deployed() -> None:
    files = [
        FILE,
        ROOT / ".env.example",
        *(ROOT / "deploy" / "compose").rglob("*.*"),
        *ROOT.glob("deploy/**/Dockerfile"),
    ]
    literal = re.compile(r"(?i)(password|secret|passwd)[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9+/_-]{4,}")
    allowed = re.compile(r"/run/secrets|\$\{secrets:|scram-sha-256|_FILE|:'password'")
    for file in files:
        for line in file.read_text().splitlines():
            assert not literal.search(line) or allowed.search(line), f"{file.name}: {line}"


def test_compose_itself_reads_the_file_where_there_is_one(variables: dict[str, str], tmp_path: Path) -> None:
    command = _compose_command()
    if command is None:  # this machine has no Compose; the tests above read the file by its rules
        return
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    read_it = [*command, "--file", str(FILE), "--env-file", str(tmp_path / ".env"), "config"]
    done = subprocess.run([*read_it, "--services"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == NAMES
    without = subprocess.run(
        [*command, "--file", str(FILE), "--env-file", "/dev/null", "config"],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("ANSINH_")},
    )
    assert without.returncode != 0
    assert "Thiếu ANSINH_" in without.stderr


def _compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "version"], capture_output=True, check=False)
            if done.returncode == 0:
                return command
    return None
