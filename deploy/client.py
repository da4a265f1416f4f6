"""The platform's API as the sample and the smoke test use it: over HTTP alone, as any other system would."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx

T = TypeVar("T")


class Refused(Exception):
    """The platform answered with a problem; the sentence is the problem's own."""

    def __init__(self, what: str, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = problem.get("code", "")
        errors = "; ".join(f"{e.get('pointer')}: {e.get('message')}" for e in problem.get("errors", ()))
        super().__init__(f"{what}: {status} {self.code}: {problem.get('detail', '')} {errors}".strip())


class Platform:
    """A running platform at a base URL."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str) -> Any:
        """Return what a path answers. Raises Refused."""
        return _body(f"GET {path}", await self._client.get(path, params=query))

    async def post(self, path: str, body: Any, *, actor: str, key: str | None = None) -> Any:
        """Post a body as somebody, once for a key. Raises Refused."""
        headers = {"X-Actor": actor} | ({} if key is None else {"Idempotency-Key": key})
        return _body(f"POST {path}", await self._client.post(path, json=body, headers=headers))

    async def approved(self, path: str, body: Any, *, actor: str, approver: str, key: str) -> Any:
        """Propose a body as one person and approve it as another; return the approved proposal. Raises Refused."""
        proposal = await self.post(path, body, actor=actor, key=key)
        seen = {"content_hash": proposal["content_hash"]}
        return await self.post(proposal["approve_at"], seen, actor=approver, key=f"{key}-approval")


def _body(what: str, answer: httpx.Response) -> Any:
    if answer.is_error:
        try:
            problem = answer.json()
        except ValueError:
            problem = {"detail": answer.text[:200]}
        raise Refused(what, answer.status_code, problem)
    return answer.json() if answer.content else None


async def wait_until(look: Callable[[], Awaitable[T | None]], *, within: float) -> T | None:
    """Look every tenth of a second, at most `within` seconds; return the first thing seen, or None."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        seen = await look()
        if seen is not None:
            return seen
        await asyncio.sleep(0.1)
    return None
