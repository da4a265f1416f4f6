"""Proposals in the database. A proposal is locked while it is decided, so of two approvers one comes too late.

Their content is sealed as a whole: it may hold account numbers.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, Select, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from shared.approvals.proposals import Draft, Proposal
from shared.approvals.tables import proposals
from shared.db import Transaction
from shared.encryption import SealedTable
from shared.http.problems import Problem
from shared.ids import new_id
from shared.keys import keys_of

SEALED = SealedTable(proposals, ("content",))
SEALED_CONTENT = "proposals.content"


def _proposal(session: Transaction, row: Row[Any]) -> Proposal:
    fields = dict(row._mapping)
    content = keys_of(session).data.open_bytes(fields.pop("content"), SEALED_CONTENT, fields["id"])
    draft = Draft(
        kind=fields.pop("kind"),
        subject=fields.pop("subject"),
        area_code=fields.pop("area_code"),
        content=orjson.loads(content),
    )
    return Proposal(draft=draft, **fields)


async def _one(session: Transaction, query: Select[Any]) -> Proposal | None:
    row = (await (await session.connection()).execute(query)).one_or_none()
    return None if row is None else _proposal(session, row)


async def open_proposal(session: Transaction, kind: str, subject: str) -> Proposal | None:
    """Return the open proposal of a kind on a subject, locked until the transaction ends."""
    c = proposals.c
    query = select(proposals).where(c.kind == kind, c.subject == subject, c.state == "open")
    return await _one(session, query.with_for_update())


async def newest_proposal(session: Transaction, kind: str, subject: str) -> Proposal | None:
    """Return what was proposed last of a kind on a subject, decided or not."""
    c = proposals.c
    query = select(proposals).where(c.kind == kind, c.subject == subject)
    return await _one(session, query.order_by(c.id.desc()).limit(1))


async def newest_proposals(session: Transaction, kind: str, subjects: Sequence[str]) -> dict[str, Proposal]:
    """Return, by subject, what was proposed last of a kind."""
    c = proposals.c
    query = (
        select(proposals)
        .where(c.kind == kind, c.subject.in_(subjects))
        .ext(distinct_on(c.subject))
        .order_by(c.subject, c.id.desc())
    )
    rows = await (await session.connection()).execute(query)
    return {row.subject: _proposal(session, row) for row in rows}


async def find_proposal(session: Transaction, proposal_id: UUID, *, lock: bool = False) -> Proposal | None:
    """Return a proposal, locked if asked for."""
    query = select(proposals).where(proposals.c.id == proposal_id)
    return await _one(session, query.with_for_update() if lock else query)


async def page_of_proposals(
    session: Transaction,
    readable: ColumnElement[bool],
    *,
    kind: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Proposal]:
    """Return those proposals that are readable, newest first, before an id."""
    c = proposals.c
    query = select(proposals).where(readable).order_by(c.id.desc()).limit(limit)
    query = query if kind is None else query.where(c.kind == kind)
    query = query if state is None else query.where(c.state == state)
    query = query if after is None else query.where(c.id < after)
    return [_proposal(session, row) for row in await (await session.connection()).execute(query)]


async def propose(session: Transaction, draft: Draft, *, actor: str, now: datetime) -> Proposal:
    """Put a draft on record for another person to approve.

    Raises:
        Problem: 409 `proposal_open`, another draft of this kind on this subject waits to be decided.
    """
    if await open_proposal(session, draft.kind, draft.subject) is not None:
        raise Problem(409, "proposal_open")
    (made,) = await propose_of_new(session, [draft], actor=actor, now=now)
    return made


async def propose_of_new(
    session: Transaction, drafts: Sequence[Draft], *, actor: str, now: datetime
) -> Sequence[Proposal]:
    """Put drafts on record that are about subjects of which none can wait yet, since they are new."""
    rows = [
        {
            "id": (proposal_id := new_id()),
            "kind": draft.kind,
            "subject": draft.subject,
            "state": "open",
            "prepared_by": actor,
            "prepared_at": now,
            **_written(session, proposal_id, draft),
        }
        for draft in drafts
    ]
    if rows:
        await (await session.connection()).execute(insert(proposals), rows)
    return [
        Proposal(row["id"], draft, row["content_hash"], "open", actor, now, None, None, None)
        for row, draft in zip(rows, drafts, strict=True)
    ]


def _written(session: Transaction, proposal_id: UUID, draft: Draft) -> dict[str, Any]:
    keys = keys_of(session)
    return {
        "area_code": draft.area_code,
        "content": keys.data.seal_bytes(draft.encoded, SEALED_CONTENT, proposal_id),
        "content_hash": draft.hash(keys.digests),
    }


def is_as_proposed(session: Transaction, proposal: Proposal, current: Draft) -> bool:
    """Say whether a draft, as it would be prepared now, is what stands on record."""
    return current.hash(keys_of(session).digests) == proposal.content_hash


async def prepare_anew(session: Transaction, draft: Draft, *, actor: str, now: datetime) -> None:
    """Put a draft on record in place of the open one on its subject, if there is one: what was seen before is void."""
    found = await open_proposal(session, draft.kind, draft.subject)
    if found is None:
        await propose(session, draft, actor=actor, now=now)
        return
    values = {**_written(session, found.id, draft), "prepared_by": actor, "prepared_at": now}
    await _write(session, found, values)


async def approve(
    session: Transaction, found: Proposal | None, *, current: Draft | None = None, seen: str, actor: str, now: datetime
) -> None:
    """Approve a locked proposal, as another person than who prepared it; the caller then does what it says.

    `seen` is the hash of what the approver saw. `current` is the draft as it would be prepared now, given where the
    content can change by itself.

    Raises:
        Problem: 409 `proposal_not_open`; 403 `same_person`; 409 `content_changed`, what was seen, what is on record
            and what would be done are not one and the same.
    """
    found = _decidable(found)
    _two_people(found, actor)
    drafts = (found.draft, found.draft if current is None else current)
    if seen != found.content_hash or not all(is_as_proposed(session, found, each) for each in drafts):
        raise Problem(409, "content_changed")
    await _write(session, found, {"state": "approved", "decided_by": actor, "decided_at": now})


async def refuse(
    session: Transaction, found: Proposal | None, *, note: str, actor: str, now: datetime, seen: str | None = None
) -> None:
    """Refuse a locked proposal; who prepared it may withdraw it so.

    Where a refusal decides about somebody, `seen` is given: it too takes another person and the content on record.

    Raises:
        Problem: 409 `proposal_not_open`; with `seen` also 403 `same_person` and 409 `content_changed`.
    """
    found = _decidable(found)
    if seen is not None:
        _two_people(found, actor)
        if seen != found.content_hash:
            raise Problem(409, "content_changed")
    values = {"state": "refused", "decided_by": actor, "decided_at": now, "note": note}
    await _write(session, found, values)


def _two_people(found: Proposal, actor: str) -> None:
    if found.prepared_by == actor:
        raise Problem(403, "same_person")


def _decidable(found: Proposal | None) -> Proposal:
    if found is None or found.state != "open":
        raise Problem(409, "proposal_not_open")
    return found


async def _write(session: Transaction, found: Proposal, values: dict[str, Any]) -> None:
    query = update(proposals).where(proposals.c.id == found.id).values(values)
    await (await session.connection()).execute(query)
