"""Settings: variables, files that hold secrets, and what is said when one is missing or wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.eventlog.security import security_options
from shared.settings import BadSetting, EventLogSettings, ServiceSettings

PASSWORD = "a&b/c#d@e:" + "x" * 22  # what a URL would misread
URL = "postgresql://registry@postgres:5432/registry"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(PASSWORD + "\n")
    return file


def test_a_password_from_a_file_is_part_of_the_database_url(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_DATABASE_URL", URL)
    monkeypatch.setenv("ANSINH_DATABASE_PASSWORD_FILE", str(secret))
    settings = ServiceSettings(service="registry")
    assert (
        settings.database_url
        == "postgresql://registry:a%26b%2Fc%23d%40e%3Axxxxxxxxxxxxxxxxxxxxxx@postgres:5432/registry"
    )


def test_every_setting_may_come_from_a_file(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret.write_text(URL)
    monkeypatch.setenv("ANSINH_DATABASE_URL_FILE", str(secret))
    assert ServiceSettings(service="registry").database_url == URL


def test_a_setting_given_twice_is_refused_by_name(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_DATABASE_URL", URL)
    monkeypatch.setenv("ANSINH_DATABASE_PASSWORD", PASSWORD)
    monkeypatch.setenv("ANSINH_DATABASE_PASSWORD_FILE", str(secret))
    with pytest.raises(BadSetting, match="ANSINH_DATABASE_PASSWORD and ANSINH_DATABASE_PASSWORD_FILE are both set"):
        ServiceSettings(service="registry")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_DATABASE_URL", URL)
    monkeypatch.setenv("ANSINH_DATABASE_PASSWORD_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(BadSetting, match="nowhere, which cannot be read: No such file"):
        ServiceSettings(service="registry")


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_KAFKA", "")
    assert EventLogSettings().kafka is None


def test_a_broker_that_asks_who_connects_needs_name_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_KAFKA_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("ANSINH_KAFKA_PASSWORD", PASSWORD)
    with pytest.raises(ValidationError, match="needs ANSINH_KAFKA_USER") as refused:
        EventLogSettings()
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"])
def test_clients_sign_in_as_the_protocol_says(protocol: str, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_KAFKA_PROTOCOL", protocol)
    monkeypatch.setenv("ANSINH_KAFKA_USER", "registry")
    monkeypatch.setenv("ANSINH_KAFKA_PASSWORD_FILE", str(secret))
    options = security_options(EventLogSettings())
    assert options["security_protocol"] == protocol
    assert options.get("sasl_plain_password") == (PASSWORD if protocol.startswith("SASL") else None)
    assert options.get("sasl_mechanism") == ("SCRAM-SHA-512" if protocol.startswith("SASL") else None)
    assert ("ssl_context" in options) == (protocol == "SASL_SSL")


def test_passwords_do_not_show_when_settings_are_printed(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_KAFKA_PASSWORD_FILE", str(secret))
    assert PASSWORD not in repr(EventLogSettings())
