"""How long the certificates last by which banks know us: for metrics, health page and the desk, before they end."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared import clock

# A bank takes weeks to sign another one.
WARNED_BEFORE = timedelta(days=60)


def ends_at(certificate: Path | None) -> datetime | None:
    """Return when a certificate (PEM) ends; None where there is none, or none that can be read now."""
    try:
        if certificate is None:
            return None
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def ends_soon(end: datetime | None, now: datetime) -> bool:
    """Say whether another certificate should be asked for."""
    return end is not None and end - now <= WARNED_BEFORE


class CertificatesWatch(Collector):
    """Counts the days of each bank's certificate of ours; the file is read each time, for it is renewed in place."""

    def __init__(self, certificates: Mapping[str, Path | None]) -> None:
        self._certificates = certificates

    def _ends(self) -> Mapping[str, datetime]:
        ends = {bank: ends_at(path) for bank, path in self._certificates.items()}
        return {bank: end for bank, end in ends.items() if end is not None}

    async def probe(self) -> Mapping[str, Any]:
        """Return what the health page shows: when each ends, and which end soon."""
        ends, now = self._ends(), clock.now()
        soon = [bank for bank, end in ends.items() if ends_soon(end, now)]
        return {"until": {bank: end.isoformat() for bank, end in ends.items()}, "ends_soon": soon}

    def collect(self) -> Iterator[Metric]:
        """Yield the days that are left of each, below zero once it has ended."""
        left = GaugeMetricFamily(
            "ansinh_bank_certificate_days", "Days until the certificate ends by which a bank knows us", None, ["bank"]
        )
        for bank, end in self._ends().items():
            left.add_metric([bank], (end - clock.now()) / timedelta(days=1))
        yield left
