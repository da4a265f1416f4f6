"""What is proposed, and the hash by which it is approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from shared.keys import Digests

State = Literal["open", "approved", "refused"]


@dataclass(frozen=True)
class Draft:
    """Something to be approved: what kind of operation, on which subject, and all that it would do.

    `content` is JSON and holds everything that matters to who approves: amounts (VND), accounts, people. `area_code`
    is the commune it belongs to, None where it concerns the whole province.
    """

    kind: str
    subject: str
    content: Mapping[str, Any]
    area_code: str | None = None

    @property
    def encoded(self) -> bytes:
        """The content as canonical JSON: sorted keys, no spaces."""
        return orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)

    def hash(self, digests: Digests) -> str:
        """Return the keyed digest of kind, subject and content, as 64 hexadecimal digits.

        A bare hash would tell an account number to who tries them all.
        """
        head = f"{self.kind}\n{self.subject}\n{self.area_code or ''}\n".encode()
        return digests.whole(head + self.encoded)


@dataclass(frozen=True)
class Proposal:
    """A draft on record, and what became of it. Instants are aware."""

    id: UUID
    draft: Draft
    content_hash: str
    state: State
    prepared_by: str
    prepared_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
