"""deploy/make_env.py: random secrets, closed to others, never overwritten."""

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.apps import SETTINGS
from deploy.make_env import SECRETS, main
from shared.keys import load_keys
from shared.settings import SERVICES, AuditSettings, EventLogSettings, IdentitySettings, Settings
from tests.support.compose_file import FILE, ROOT, read_variables

SCRIPT = ROOT / "deploy" / "make_env.py"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_runs_with_nothing_but_python(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(SCRIPT), "--demo", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".env").exists()


def test_every_secret_is_random_long_and_out_of_reach(tmp_path: Path) -> None:
    assert main(["--demo", "--folder", str(tmp_path)]) == 0
    texts = [(tmp_path / "secrets" / name).read_text() for name in SECRETS]
    assert len(set(texts)) == len(SECRETS)
    assert all(len(text) >= 32 and text == text.strip() for text in texts)
    assert mode(tmp_path / ".env") == 0o600
    assert mode(tmp_path / "secrets") == 0o700
    env = (tmp_path / ".env").read_text()
    assert not [text for text in texts if text in env]


def test_a_second_run_refuses_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--demo", "--folder", str(tmp_path)])
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert main(["--demo", "--folder", str(tmp_path)]) == 1
    assert re.search(r"không ghi đè\. / .*never overwritten", capsys.readouterr().err)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_upgrade_adds_what_is_new_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--demo", "--folder", str(tmp_path)])
    env, secret = tmp_path / ".env", tmp_path / "secrets" / "kafka_benefits"
    env.write_text("# mine\n" + env.read_text().replace("ANSINH_LOG_LEVEL=INFO\n", ""))
    secret.unlink()
    kept = {path: path.read_text() for path in (tmp_path / "secrets").rglob("*") if path.is_file()}
    before = env.read_text()
    capsys.readouterr()

    assert main(["--add", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == ["ANSINH_LOG_LEVEL", "secrets/kafka_benefits"]
    assert env.read_text() == before + "ANSINH_LOG_LEVEL=INFO\n"
    assert {path: path.read_text() for path in kept} == kept
    assert len(secret.read_text()) >= 32


def test_there_is_nothing_to_add_to_before_the_first_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--add", "--folder", str(tmp_path)]) == 1
    assert "run this without --add" in capsys.readouterr().err


def test_what_is_still_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--domain", "ansinh.example.vn", "--folder", str(tmp_path)])
    said = capsys.readouterr().out
    assert "ANSINH_SMS_URL in .env is still to be filled in" in said
    assert "ANSINH_OIDC_ISSUER" not in said
    assert read_variables(tmp_path / ".env")["ANSINH_SITE"] == "https://ansinh.example.vn"


def test_people_sign_in_at_keycloak_under_the_address_that_they_type(tmp_path: Path) -> None:
    main(["--domain", "ansinh.example.vn", "--https-port", "9443", "--folder", str(tmp_path)])
    written = read_variables(tmp_path / ".env")
    assert written["ANSINH_OIDC_ISSUER"] == "https://ansinh.example.vn:9443/identity/realms/ansinh"
    assert written["ANSINH_OIDC_DISCOVERY_URL"].startswith("http://keycloak:8080/identity/realms/ansinh/")
    assert written["ANSINH_OIDC_JWKS_URL"].startswith("http://keycloak:8080/identity/realms/ansinh/")


def test_another_issuer_is_asked_where_it_says_itself(tmp_path: Path) -> None:
    main(["--demo", "--issuer", "https://signin.example.vn/realms/tinh", "--folder", str(tmp_path)])
    written = read_variables(tmp_path / ".env")
    assert written["ANSINH_OIDC_ISSUER"] == "https://signin.example.vn/realms/tinh"
    assert written["ANSINH_OIDC_DISCOVERY_URL"] == written["ANSINH_OIDC_JWKS_URL"] == ""


def test_an_upgrade_keeps_the_name_under_which_the_platform_is_reached(tmp_path: Path) -> None:
    main(["--domain", "ansinh.example.vn", "--folder", str(tmp_path)])
    env = tmp_path / ".env"
    env.write_text(env.read_text().replace("ANSINH_DOMAIN=ansinh.example.vn\n", ""))
    assert main(["--add", "--folder", str(tmp_path)]) == 0
    assert read_variables(env)["ANSINH_DOMAIN"] == "ansinh.example.vn"


def test_the_example_names_what_the_script_writes_and_compose_asks_for(tmp_path: Path) -> None:
    main(["--demo", "--folder", str(tmp_path)])
    written = list(read_variables(tmp_path / ".env"))
    assert list(read_variables(ROOT / ".env.example")) == written
    asked = set(re.findall(r"\$\{([A-Z_]+)", FILE.read_text()))
    assert asked | {"COMPOSE_PROFILES"} == set(written)


def test_the_example_explains_every_setting_of_the_programs() -> None:
    example = (ROOT / ".env.example").read_text()
    classes: list[type[Settings]] = [EventLogSettings, IdentitySettings, *SETTINGS.values()]
    fields = {name for settings in classes for name in settings.model_fields} - {"service", "event_log", "identity"}
    fields = fields - {"audit"} | {f"audit__{name}" for name in AuditSettings.model_fields}
    assert not [name for name in sorted(fields) if f"ANSINH_{name.upper()}=" not in example]


def test_each_service_finds_its_keys_in_its_own_folder(tmp_path: Path) -> None:
    main(["--demo", "--folder", str(tmp_path)])
    for service in SERVICES:
        keys = load_keys(tmp_path / "secrets" / f"keys_{service}", service)
        assert keys.data.open(keys.data.seal("1", "a"), "a") == "1"
    texts = [path.read_text() for path in (tmp_path / "secrets").glob("keys_*/*") if path.name != "people.1"]
    assert len(texts) == len(set(texts)) == 12
    assert len({path.read_text() for path in (tmp_path / "secrets").glob("keys_*/people.1")}) == 1
    assert not (tmp_path / "secrets" / "keys_indicators" / "people.1").exists()


@pytest.mark.parametrize(("key", "files"), [("registry", ["keys_registry/data_registry.2"]), ("people", None)])
def test_a_new_generation_comes_beside_the_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, files: list[str] | None
) -> None:
    main(["--demo", "--folder", str(tmp_path)])
    capsys.readouterr()
    assert main(["--new-key", key, "--folder", str(tmp_path)]) == 0
    made = capsys.readouterr().out.split()
    readers = ("registry", "benefits", "notifications")
    assert made == [f"secrets/{each}" for each in files or [f"keys_{name}/people.2" for name in readers]]
    assert len({(tmp_path / each).read_text() for each in made}) == 1
    assert main(["--add", "--folder", str(tmp_path)]) == 0
    assert "Không thiếu gì" in capsys.readouterr().out
    assert main(["--new-key", "nobody", "--folder", str(tmp_path)]) == 1
