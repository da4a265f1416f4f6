"""Versions over HTTP: strong entity tags, conditional reads and guarded updates (RFC 9110, 8.8.3 and 13)."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from starlette.responses import Response

from shared.http.problems import Answered, Problem

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag(version: int) -> str:
    """Return the strong entity tag of a resource's version."""
    return f'"{version}"'


def _tags(header: str) -> list[tuple[bool, str]]:
    return [(bool(weak), tag) for weak, tag in _TAG.findall(header)]


@dataclass(frozen=True)
class KnownVersions:
    """What a reading client has already, from `If-None-Match`."""

    header: str | None

    def check(self, version: int) -> str:
        """Return the tag to send as `ETag`.

        Raises:
            Answered: 304, the client has this version.
        """
        current = etag(version)
        known = self.header or ""
        if known.strip() == "*" or current in {tag for _, tag in _tags(known)}:
            raise Answered(Response(status_code=304, headers={"ETag": current}))
        return current


@dataclass(frozen=True)
class ExpectedVersion:
    """The version that an update was made on, from `If-Match`."""

    header: str

    def check(self, version: int) -> None:
        """Pass when the stored version, read under lock, is the one expected.

        Raises:
            Problem: 412 `precondition_failed` with the current tag; a weak tag never matches.
        """
        current = etag(version)
        if self.header.strip() != "*" and (False, current) not in _tags(self.header):
            raise Problem(412, "precondition_failed", headers={"ETag": current})


async def _known(header: Annotated[str | None, Header(alias="If-None-Match")] = None) -> KnownVersions:
    return KnownVersions(header)


async def _expected(header: Annotated[str, Header(alias="If-Match", examples=['"3"'])]) -> ExpectedVersion:
    return ExpectedVersion(header)


# In a read: `response.headers["ETag"] = known.check(row.version)`.
IfNoneMatch = Annotated[KnownVersions, Depends(_known)]

# In an update: `expected.check(row.version)`; a request without the header is answered 428.
IfMatch = Annotated[ExpectedVersion, Depends(_expected)]
