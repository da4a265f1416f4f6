"""Alive, and ready: which of the things that a service needs does not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from structlog import get_logger

_LIMIT = 2.0  # seconds a check may take
_log = get_logger(__name__)


class NotReady(Exception):
    """A check's own words for what is missing; they are shown, so they hold no secret and no address."""


@dataclass(frozen=True)
class Check:
    """One thing that a service needs. `probe` returns what to show of it, or raises when it is missing."""

    name: str
    probe: Callable[[], Awaitable[Mapping[str, Any] | None]]


async def _outcome(check: Check, limit: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout(limit):
            found = await check.probe()
    except NotReady as error:
        return {"ok": False, "detail": str(error)}
    except TimeoutError:
        return {"ok": False, "detail": f"no answer within {limit:g} s"}
    except Exception as error:  # noqa: BLE001 - whatever a check raises means that the thing is missing
        _log.warning("check_failed", check=check.name, exc_info=True)
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True, **(found or {})}


async def readiness(checks: Sequence[Check], *, limit: float = _LIMIT) -> tuple[bool, dict[str, Any]]:
    """Run all checks at once, each with `limit` seconds; return whether all passed and what each said."""
    outcomes = await asyncio.gather(*(_outcome(check, limit) for check in checks))
    named = {check.name: outcome for check, outcome in zip(checks, outcomes, strict=True)}
    return all(outcome["ok"] for outcome in outcomes), named
