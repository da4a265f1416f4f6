"""How long what we and banks know each other by lasts: for metrics, health page and the desk, before it ends."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared import clock

# A bank takes weeks to sign another one, and so does another bank to take ours.
WARNED_BEFORE = timedelta(days=60)

Proof = Literal["our_certificate", "our_signing_keys", "bank_certificate", "bank_signing_keys", "bank_authority"]
"""What one side is known by to the other. Of signing keys the last one counts, for one follows another.

The bank's certificate is the one that it showed at the last call; its authority is whom we take such certificates from.
"""
End = Callable[[], datetime | None]
"""Says when something ends, as it is now; None where there is none, or none that can be read."""


def ends_at(certificate: Path | None) -> datetime | None:
    """Return when a certificate (PEM) ends, the first of a chain; None where there is none that can be read now."""
    ends = _ends(certificate)
    return ends[0] if ends else None


def last_ends_at(authorities: Path | None) -> datetime | None:
    """Return when the last of several certificates (PEM) ends, of which one follows another."""
    return max(_ends(authorities), default=None)


def _ends(certificates: Path | None) -> list[datetime]:
    try:
        found = [] if certificates is None else x509.load_pem_x509_certificates(certificates.read_bytes())
    except (OSError, ValueError):
        return []
    return [each.not_valid_after_utc for each in found]


def ends_soon(end: datetime, now: datetime) -> bool:
    """Say whether another one should be asked for."""
    return end - now <= WARNED_BEFORE


class CertificatesWatch(Collector):
    """Counts the days of what each bank and we know each other by; it is read each time, for it is renewed in place."""

    def __init__(self, ends: Mapping[str, Mapping[Proof, End]]) -> None:
        self._ends = ends

    def ends_of(self, bank: str) -> Mapping[Proof, datetime]:
        """Return when each proof ends that a bank and we have."""
        ends = {proof: end() for proof, end in self._ends.get(bank, {}).items()}
        return {proof: end for proof, end in ends.items() if end is not None}

    async def probe(self) -> Mapping[str, Any]:
        """Return what the health page shows: when each ends, and which end soon."""
        ends, now = {f"{bank}/{proof}": end for bank, proof, end in self._all()}, clock.now()
        soon = [name for name, end in ends.items() if ends_soon(end, now)]
        return {"until": {name: end.isoformat() for name, end in ends.items()}, "ends_soon": soon}

    def collect(self) -> Iterator[Metric]:
        """Yield the days that are left of each, below zero once it has ended."""
        meaning = "Days until what a bank and we know each other by ends"
        left = GaugeMetricFamily("ansinh_bank_certificate_days", meaning, None, ["bank", "proof"])
        for bank, proof, end in self._all():
            left.add_metric([bank, proof], (end - clock.now()) / timedelta(days=1))
        yield left

    def _all(self) -> Iterator[tuple[str, Proof, datetime]]:
        for bank in self._ends:
            for proof, end in self.ends_of(bank).items():
                yield bank, proof, end
