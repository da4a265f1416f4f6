"""What waits for a second person, as pages: `/<service>/desk/proposals`."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages.desk import Desk, change
from shared.pages.visitor import Refused, Visiting, Visitor
from shared.texts import Language, has_text, text
from shared.texts.formats import Formats


@dataclass(frozen=True)
class Line:
    """Something that a proposal holds: its name in the visitor's language, its value, and the page about it."""

    name: str
    value: str
    page: str | None = None


# Fields that hold sums of money, and prefixes of the catalogue under which the codes of others stand.
_SUMS = frozenset({"amount", "total", "sum"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "becomes": ("becomes",),
        "side": ("entry.side",),
        "outcome": ("file.outcome",),
        "why": ("cancellation.why",),
        "reason": ("recall.reason",),
        "cause": ("recovery.cause",),
        "role": ("role",),
    }
)

# Kinds whose numbers are shown by their ends, and in full for a purpose.
_MASKED = frozenset({"account-change", "payer-account"})

Teller = Callable[[Visitor, Mapping[str, Any]], Awaitable[Sequence[Line]]]


def add_proposals(
    router: APIRouter,
    desk: Desk,
    *,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
    tellers: Mapping[str, Teller] = MappingProxyType({}),
) -> None:
    """Add the pages of proposals.

    `elsewhere` has, by kind, the page where such a one is approved, with `{subject}`; `tellers` what says in words what
    a proposal of a kind holds, where its fields alone do not.
    """
    api = f"/{desk.service}/v1/proposals"
    here = f"/{desk.service}/desk/proposals"

    async def show(
        visitor: Visitor, proposal_id: UUID, refusal: Refused | None = None, *, whole: Mapping[str, Any] | None = None
    ) -> Response:
        proposal = await visitor.get(f"{api}/{proposal_id}")
        page = elsewhere.get(proposal["kind"])
        tell = tellers.get(proposal["kind"], _tell)
        status = 200 if refusal is None else refusal.status
        return desk.show(
            visitor,
            "proposal.html",
            status,
            refusal=refusal,
            proposal=proposal,
            own=proposal["prepared_by"] == visitor.session.subject,
            elsewhere=page and page.format(subject=proposal["subject"]),
            lines=await tell(visitor, proposal),
            masked=_MASKED,
            whole=await _tell(visitor, whole) if whole else None,
        )

    @router.get("/proposals")
    async def proposals_page(visitor: Visiting, state: str = "open", cursor: str | None = None) -> Response:
        page = await visitor.get(api, state=state or None, cursor=cursor)
        return desk.show(visitor, "proposals.html", here=here, page=page, state=state)

    @router.get("/proposals/{proposal_id}")
    async def proposal_page(visitor: Visiting, proposal_id: UUID) -> Response:
        return await show(visitor, proposal_id)

    @router.post("/proposals/{proposal_id}/whole")
    async def whole_proposal_page(visitor: Visiting, proposal_id: UUID) -> Response:
        """Show the numbers of a proposal in full; the purpose is sent in a body, and stands on record."""
        try:
            whole = await visitor.get(f"{api}/{proposal_id}/whole", purpose=visitor.form.get("purpose"))
        except Refused as refusal:
            return await show(visitor, proposal_id, refusal.at("query"))
        return await show(visitor, proposal_id, whole=whole)

    @router.post("/proposals/{proposal_id}/approval")
    async def proposal_approval_page(visitor: Visiting, proposal_id: UUID) -> Response:
        async def send() -> None:
            seen = {"content_hash": visitor.form.get("content_hash")}
            await visitor.send("POST", f"{api}/{proposal_id}/approval", seen)

        return await change(
            send, then=f"{here}/{proposal_id}", otherwise=lambda refusal: show(visitor, proposal_id, refusal)
        )

    @router.post("/proposals/{proposal_id}/refusal")
    async def proposal_refusal_page(visitor: Visiting, proposal_id: UUID) -> Response:
        async def send() -> None:
            await visitor.send("POST", f"{api}/{proposal_id}/refusal", {"note": visitor.form.get("note")})

        return await change(
            send, then=f"{here}/{proposal_id}", otherwise=lambda refusal: show(visitor, proposal_id, refusal)
        )


async def _tell(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    return [
        Line(_label(visitor.language, name), _value(visitor.language, name, value))
        for name, value in lines_of(proposal["content"])
    ]


def _label(language: Language, name: str) -> str:
    steps = name.split(".")
    return ", ".join(text(f"field.{step}", language) if has_text(f"field.{step}") else step for step in steps)


def _value(language: Language, name: str, value: str) -> str:
    """Return a value as people read it: sums in đồng, days, and the words for codes."""
    last = name.rpartition(".")[2]
    if last in _SUMS and value.isdecimal():
        return Formats(language).money(int(value))
    if _DAY.fullmatch(value):
        return Formats(language).day(date.fromisoformat(value))
    keys = (f"{prefix}.{value}" for prefix in _WORDS.get(last, ()))
    return next((text(key, language) for key in keys if has_text(key)), value)


def lines_of(content: Any, name: str = "") -> list[tuple[str, str]]:
    """Return what a proposal holds as lines of a name and a value, nested names joined by a dot."""
    if isinstance(content, Mapping):
        pairs = [(str(key), each) for key, each in content.items()]
    elif isinstance(content, list):
        pairs = [(str(number), each) for number, each in enumerate(content, 1)]
    else:
        return [(name, "—" if content is None else str(content))]
    return [line for key, each in pairs for line in lines_of(each, f"{name}.{key}" if name else key)]
