"""The days of what banks and we know each other by are counted before it ends."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.benefits.payments.bank.certificates import (
    WARNED_BEFORE,
    CertificatesWatch,
    ends_at,
    ends_soon,
    last_ends_at,
)
from services.benefits.payments.bank.channels import Bank, FolderChannel, HttpChannel, connect, ends_of
from shared import clock
from tests.support.bank_keys import END, private_jwk, public_set
from tests.support.certificates import Authority


async def test_each_banks_certificate_is_counted_down_and_a_renewed_one_is_seen(tmp_path: Path) -> None:
    authority, registry = Authority("authority", tmp_path), CollectorRegistry()
    ended, lasting = authority.issue("ended", ended=True), authority.issue("lasting")
    first = HttpChannel(
        kind="http",
        url="https://h2h.bank.example",
        ca=authority.certificate,
        certificate=ended.certificate,
        certificate_key=ended.key,
    )
    banks = {
        "first": Bank(code="first", name="First", channel=first),
        "by-hand": Bank.model_validate({"code": "by-hand", "name": "By hand", "channel": {"kind": "manual"}}),
    }
    watch = CertificatesWatch({code: ends_of(bank, connect(bank)) for code, bank in banks.items()})
    registry.register(watch)

    def left() -> dict[tuple[str, str], float]:
        [family] = watch.collect()
        return {(sample.labels["bank"], sample.labels["proof"]): sample.value for sample in family.samples}

    assert left()["first", "our_certificate"] < -28
    assert 0 < left()["first", "bank_authority"] <= 1
    assert {bank for bank, _ in left()} == {"first"}
    assert b'ansinh_bank_certificate_days{bank="first",proof="bank_authority"}' in generate_latest(registry)
    probe = await watch.probe()
    assert set(probe["until"]) == set(probe["ends_soon"]) == {"first/our_certificate", "first/bank_authority"}
    ended.certificate.write_bytes(lasting.certificate.read_bytes())
    assert left()["first", "our_certificate"] > 0


def test_the_last_signing_key_of_either_side_is_counted_down(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    later = private_jwk("ours-2", not_after=END + timedelta(days=30))
    ours.write_text(json.dumps({"keys": [private_jwk("ours-1"), later]}))
    theirs.write_text(json.dumps(public_set(private_jwk("theirs-1"))))
    channel = FolderChannel(kind="folder", path=tmp_path, signing_keys=ours, bank_keys=theirs)
    bank = Bank(code="first", name="First", channel=channel)
    watch = CertificatesWatch({"first": ends_of(bank, connect(bank))})
    assert watch.ends_of("first") == {"our_signing_keys": END + timedelta(days=30), "bank_signing_keys": END}


def test_of_a_chain_ours_counts_and_of_authorities_the_last(tmp_path: Path) -> None:
    authority = Authority("authority", tmp_path)
    ended, lasting = authority.issue("ended", ended=True), authority.issue("lasting")
    both = tmp_path / "both.pem"
    both.write_bytes(ended.certificate.read_bytes() + lasting.certificate.read_bytes())
    assert ends_at(both) == ends_at(ended.certificate)
    assert last_ends_at(both) == ends_at(lasting.certificate)


def test_a_certificate_that_cannot_be_read_counts_nothing(tmp_path: Path) -> None:
    assert ends_at(tmp_path / "none.pem") is None
    (tmp_path / "bad.pem").write_text("no certificate")
    assert (ends_at(tmp_path / "bad.pem"), last_ends_at(tmp_path / "bad.pem"), ends_at(None)) == (None, None, None)


@pytest.mark.parametrize(("before", "soon"), [(timedelta(days=1), False), (timedelta(0), True), (-WARNED_BEFORE, True)])
def test_sixty_days_before_its_end_another_is_to_be_asked_for(before: timedelta, soon: bool) -> None:
    now = clock.now()
    assert ends_soon(now + WARNED_BEFORE + before, now) is soon
