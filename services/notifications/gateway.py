"""The SMS gateway over HTTP. It knows a message by our id: the same id is one text to the telephone, however often."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from services.notifications.domain.progress import Attempted

_ANSWER_WITHIN = 5.0  # seconds for a whole call; a batch of calls must end before its lease does


class Line:
    """An open connection to the gateway."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, message_id: UUID, phone: str, text: str) -> Attempted:
        """Hand over a message; never raises for what the gateway or the network does."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                response = await self._client.put(f"/v1/messages/{message_id}", json={"to": phone, "text": text})
        except (httpx.HTTPError, TimeoutError) as error:
            return Attempted(fault=type(error).__name__)
        return Attempted(status=response.status_code)

    async def states(self, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, str | None]]:
        """Return `state` and `reason` of those messages that the gateway has.

        Raises:
            httpx.HTTPError: no usable answer.
        """
        response = await self._client.post("/v1/messages:query", json={"ids": [str(wanted) for wanted in ids]})
        response.raise_for_status()
        return {UUID(item["id"]): item for item in response.json()["messages"]}


class Gateway:
    """The gateway at an address. A line is opened for a batch and closed after it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._trusted = ssl.create_default_context()  # reading the system's certificates takes 20 ms: once

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Open connections for the block."""
        async with httpx.AsyncClient(
            base_url=self._url, verify=self._trusted, timeout=_ANSWER_WITHIN, trust_env=False
        ) as client:
            yield Line(client)
