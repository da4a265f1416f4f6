"""The days of the certificates by which banks know us are counted before they end."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.benefits.payments.bank.certificates import WARNED_BEFORE, CertificatesWatch, ends_at, ends_soon
from shared import clock
from tests.support.certificates import Authority


async def test_each_banks_certificate_is_counted_down_and_a_renewed_one_is_seen(tmp_path: Path) -> None:
    authority, registry = Authority("authority", tmp_path), CollectorRegistry()
    ended, lasting = authority.issue("ended", ended=True), authority.issue("lasting")
    watch = CertificatesWatch({"first": ended.certificate, "second": lasting.certificate, "by-hand": None})
    registry.register(watch)

    def left() -> dict[str, float]:
        [family] = watch.collect()
        return {sample.labels["bank"]: sample.value for sample in family.samples}

    assert left()["first"] < -28
    assert 0 < left()["second"] <= 1
    assert set(left()) == {"first", "second"}
    assert b'ansinh_bank_certificate_days{bank="second"}' in generate_latest(registry)
    probe = await watch.probe()
    assert (set(probe["until"]), probe["ends_soon"]) == ({"first", "second"}, ["first", "second"])
    ended.certificate.write_bytes(lasting.certificate.read_bytes())
    assert left()["first"] > 0


def test_a_certificate_that_cannot_be_read_counts_nothing(tmp_path: Path) -> None:
    assert ends_at(tmp_path / "none.pem") is None
    (tmp_path / "bad.pem").write_text("no certificate")
    assert ends_at(tmp_path / "bad.pem") is None


@pytest.mark.parametrize(("before", "soon"), [(timedelta(days=1), False), (timedelta(0), True), (-WARNED_BEFORE, True)])
def test_sixty_days_before_its_end_another_is_to_be_asked_for(before: timedelta, soon: bool) -> None:
    now = clock.now()
    assert ends_soon(now + WARNED_BEFORE + before, now) is soon
    assert not ends_soon(None, now)
