"""The platform's API as the sample and the smoke test use it: over HTTP alone, as any other system would."""

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

import httpx

from deploy.acting import Acting

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

    def __init__(self, client: httpx.AsyncClient, acting: Acting, *, reader: str) -> None:
        """`acting` gives everybody's tokens, `reader` is who reads."""
        self._client = client
        self._acting = acting
        self._reader = reader

    async def missing_grants(self, actors: Collection[str], *, within: float) -> str | None:
        """Wait until all of these people hold roles in every service that asks for them; return who does not."""
        waiting = [(actor, service) for actor in actors for service in ("registry", "benefits", "notifications")]

        async def known() -> bool | None:
            while waiting:
                actor, service = waiting[-1]
                answer = await self._client.get(f"/{service}/v1/access", headers=self._acting(actor))
                if not _body(f"GET /{service}/v1/access", answer)["grants"]:
                    return None
                waiting.pop()
            return True

        return None if await wait_until(known, within=within) else waiting[-1][0]

    async def get(self, path: str, **query: str) -> Any:
        """Return what a path answers. Raises Refused."""
        return _body(f"GET {path}", await self._client.get(path, params=query, headers=self._acting(self._reader)))

    async def post(self, path: str, body: Any, *, actor: str, key: str | None = None) -> Any:
        """Post a body as somebody, once for a key. Raises Refused."""
        headers = {**self._acting(actor), **({} if key is None else {"Idempotency-Key": key})}
        return _body(f"POST {path}", await self._client.post(path, json=body, headers=headers))

    async def post_csv(self, path: str, pieces: AsyncIterable[bytes], *, actor: str, **query: str) -> Any:
        """Post a CSV file as it is made, piece by piece. Raises Refused."""
        headers = {**self._acting(actor), "Content-Type": "text/csv"}
        answer = await self._client.post(path, content=pieces, params=query, headers=headers)
        return _body(f"POST {path}", answer)

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
