"""Lists in pages: an opaque cursor over the key of the order, so that a walk neither misses nor doubles a row.

::

    async def list_households(tx: Tx, paging: Paging, area: str) -> Page[HouseholdOut]:
        after = paging.after(str, UUID)                       # None on the first page
        rows = await store.households(tx, area, after=after, limit=paging.limit + 1)
        return paging.page([HouseholdOut.of(row) for row in rows], key=lambda out: (out.sort_key, out.id))
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from shared.http.problems import Problem

T = TypeVar("T")
_DIGEST_BYTES = 8


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` is the `cursor` of the page after it, null on the last."""

    items: list[T]
    next: str | None = Field(default=None, examples=["n5fXq2kQ1bNbIuG7o24iXQ"])


class PageRequest:
    """Which page of which list: the list is the path and every query parameter but `limit` and `cursor`."""

    def __init__(self, request: Request, response: Response, limit: int, cursor: str | None) -> None:
        self.limit = limit
        self._cursor = cursor
        self._path = request.url.path
        self._filters = sorted(
            pair for pair in request.query_params.multi_items() if pair[0] not in ("limit", "cursor")
        )
        self._response = response

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """Return the key, of these types, that the page begins after; None on the first page.

        Raises:
            Problem: 400 `cursor_invalid`; the cursor is damaged, or of another list or other filters.
        """
        if self._cursor is None:
            return None
        try:
            raw = urlsafe_b64decode(self._cursor + "=" * (-len(self._cursor) % 4))
            digest, payload = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
            if digest != self._digest(payload):
                raise ValueError("a cursor of another list")
            key: tuple[Any, ...] = TypeAdapter(tuple[types]).validate_json(payload)  # type: ignore[valid-type]
        except ValueError as error:
            raise Problem(400, "cursor_invalid") from error
        return key

    def page(self, found: Sequence[T], *, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
        """Return the page of up to `limit` of what was found, one more than which says that another page follows.

        `key` gives the values by which the list is ordered. The answer's `Link` header points to the next page.
        """
        items = list(found[: self.limit])
        if len(found) <= self.limit:
            return Page(items=items)
        cursor = self._cursor_of(key(items[-1]))
        query = urlencode([*self._filters, ("limit", self.limit), ("cursor", cursor)])
        self._response.headers["Link"] = f'<{self._path}?{query}>; rel="next"'
        return Page(items=items, next=cursor)

    def _cursor_of(self, key: tuple[Any, ...]) -> str:
        payload = orjson.dumps(key, default=str)  # asyncpg has a UUID type of its own
        return urlsafe_b64encode(self._digest(payload) + payload).decode().rstrip("=")

    def _digest(self, payload: bytes) -> bytes:
        listed = orjson.dumps([self._path, self._filters])
        return hashlib.sha256(listed + b"\n" + payload).digest()[:_DIGEST_BYTES]


async def _page_request(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=500, description="rows a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next` of the page before")] = None,
) -> PageRequest:
    return PageRequest(request, response, limit, cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]
