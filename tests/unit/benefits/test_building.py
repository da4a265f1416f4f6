"""The service is built from the settings that all services share, and finds its own in the environment."""

import pytest

from services.benefits.app import build, definition
from services.benefits.settings import BenefitsSettings
from shared.settings import EventLogSettings, ServiceSettings

URL = "postgresql://benefits@localhost/benefits"


def test_a_bank_named_in_the_environment_is_worked_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_BANK_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANSINH_BANK_SIMULATED", "true")
    settings = BenefitsSettings(service="benefits", database_url=URL)
    assert settings.bank_simulated
    names = [worker.name for worker in definition(settings).workers]
    works = ("send.0", "send.1", "accounts", "status", "statements", "inbound", "recall", "recovery")
    assert names == [*(f"benefits.payments.simbank.{work}" for work in works), "benefits.books"]


def test_without_a_bank_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANSINH_BANK_URL", raising=False)
    workers = definition(BenefitsSettings(service="benefits", database_url=URL)).workers
    assert [worker.name for worker in workers] == ["benefits.books"]


def test_the_shared_settings_are_enough_to_build() -> None:
    shared = ServiceSettings(service="benefits", database_url=URL, event_log=EventLogSettings(eventlog_url=URL))
    assert build(shared).state.service == "benefits"
