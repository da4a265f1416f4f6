"""Audit at the edge: what a request did, written in its transaction, without the endpoint's doing.

Every operation of a `Router` whose method may change something has its row, whatever the endpoint does; an endpoint
may say more of it through `About`. An operation that shows personal data asks for `Reads` and says what it shows; one
that shows nothing said is answered 500 and shows nothing::

    @router.get("/people/{person_id}")
    async def get_person(tx: Tx, reads: Reads, person_id: UUID) -> PersonView:
        reads.one("person", person_id)

    @router.get("/people")
    async def list_people(tx: Tx, reads: Reads, …) -> Page[PersonView]:
        reads.many("person", ids)
"""

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from fastapi import Depends
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from structlog import get_logger

from shared.audit import Entry, Tally, counted, write, write_last
from shared.audit.rows import Outcome
from shared.db import Database, Transaction
from shared.http.actor import Principal, current_principal
from shared.http.problems import Problem
from shared.http.transactions import Tx
from shared.keys import Digests, keys_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Queries that name no person; what else is written as text is digested.
_CODES = frozenset(
    {
        "area_code",
        "parent_code",
        "code",
        "standard",
        "programme",
        "period",
        "payer_account",
        "consumer",
        "priority_group",
    }
)
_REFUSED = (403, 404)  # may be somebody trying; other refusals are mistakes
_log = get_logger("shared.audit")


class Concern:
    """What a request is about, as its endpoint says it. Ids are not personal; every other value is digested."""

    def __init__(self) -> None:
        self.told = False
        self.kind: str | None = None
        self.object_id: str | None = None
        self.area: str | None = None
        self.purpose: str | None = None
        self.ids: list[str] | None = None
        self.tally: Tally | None = None
        self.plain: dict[str, int | str | bool] = {}
        self.personal: dict[str, str] = {}

    def one(self, kind: str, object_id: object, *, area: str | None = None) -> None:
        """Say that it is about one thing."""
        self.told, self.kind, self.object_id, self.area = True, kind, str(object_id), area

    def many(self, kind: str, ids: Iterable[object], *, area: str | None = None) -> None:
        """Say that it is about several: their number and the digest of their ids are kept."""
        self.told, self.kind, self.area = True, kind, area
        self.ids = [str(each) for each in ids]

    def all_of(self, kind: str, tally: Tally, *, area: str | None = None) -> None:
        """Say that it is about very many, counted already."""
        self.told, self.kind, self.area, self.tally = True, kind, area, tally

    def for_purpose(self, purpose: str) -> None:
        """Say what personal numbers are shown in full for."""
        self.purpose = purpose

    def note(self, **plain: int | str | bool) -> None:
        """Add what is no personal value: codes, counts, names of fields."""
        self.plain |= plain

    def note_personal(self, **values: str) -> None:
        """Add what may be a personal value; its digest is kept."""
        self.personal |= values

    def details(self, session: Transaction) -> dict[str, Any]:
        """Return what the row says beside its columns."""
        digests = keys_of(session).digests
        details: dict[str, Any] = dict(self.plain)
        if self.ids is not None:
            details |= counted(session, self.ids)
        if self.tally is not None:
            details |= self.tally.details()
        if self.personal:
            details["digests"] = {name: digests.of(value) for name, value in self.personal.items()}
        return details


async def _concern(request: Request) -> Concern:
    concern: Concern | None = getattr(request.state, "concern", None)
    if concern is None:
        concern = request.state.concern = Concern()
    return concern


About = Annotated[Concern, Depends(_concern)]


async def note_change(
    request: Request, transaction: Tx, _principal: Annotated[Principal, Depends(current_principal)], concern: About
) -> None:
    """What every operation depends on that may change something: a transaction, and somebody who acts."""
    request.state.audited = transaction
    if request.path_params and not concern.told:
        name, value = list(request.path_params.items())[-1]
        concern.kind, concern.object_id = name.removesuffix("_id"), str(value)


async def note_read(
    request: Request, transaction: Tx, _principal: Annotated[Principal, Depends(current_principal)], concern: About
) -> Concern:
    """What every operation depends on that shows personal data."""
    request.state.audited = transaction
    return concern


Reads = Annotated[Concern, Depends(note_read, scope="function")]


def is_audited(route: object) -> bool:
    """Say whether a route's requests leave rows."""
    return isinstance(route, APIRoute) and any(
        each.call in (note_change, note_read) for each in route.dependant.dependencies
    )


def shows_personal_data(route: APIRoute) -> bool:
    """Say whether a route asks for `Reads`."""
    return any(each.call is note_read for each in route.dependant.dependencies)


def plain_parameters(route: APIRoute) -> frozenset[str]:
    """Return the query parameters of a route whose values may stand in an audit row: codes, ids, dates, numbers."""
    return frozenset(
        field.alias
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, Query)
        and (field.alias in _CODES or not _holds_text(field.field_info.annotation))
    )


def _holds_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return False
    if get_origin(annotation) in (Union, types.UnionType, list, tuple, Annotated):
        return any(_holds_text(part) for part in get_args(annotation))
    return annotation in (str, bytes, Any)


async def write_row(request: Request, route: APIRoute, plain: frozenset[str]) -> None:
    """Write the row of an answered request in the request's transaction.

    Raises:
        RuntimeError: the operation shows personal data and did not say whose.
    """
    transaction: Transaction | None = getattr(request.state, "audited", None)
    if transaction is None:
        return
    concern: Concern = request.state.concern
    if shows_personal_data(route) and not concern.told:
        raise RuntimeError(f"{route.name} shows personal data and did not say whose")
    digests = keys_of(transaction).digests
    details = concern.details(transaction) | _asked(request, plain, digests)
    await write_last(transaction, _entry(request, route, "done", details))


def _asked(request: Request, plain: frozenset[str], digests: Digests) -> dict[str, Any]:
    """Return the filter and the digest of the body."""
    asked: dict[str, Any] = {}
    filters: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        shown = value if name in plain else f"digest:{digests.of(value)}"
        filters[name] = f"{filters[name]},{shown}" if name in filters else shown
    if filters:
        asked["filter"] = filters
    body: bytes = getattr(request, "_body", b"")  # there once the framework has read it; a stream is not
    if body:
        asked["request"] = digests.of(body)
    return asked


def _entry(request: Request, route: APIRoute, outcome: Outcome, details: Mapping[str, Any]) -> Entry:
    concern: Concern = getattr(request.state, "concern", None) or Concern()
    principal: Principal = request.state.principal
    return Entry(
        who=principal.subject,
        operation=route.name,
        kind=concern.kind,
        object_id=concern.object_id,
        area=concern.area,
        purpose=concern.purpose,
        outcome=outcome,
        details=details,
    )


async def note_refusal(request: Request, problem: Problem) -> None:
    """Write the row of an audited operation that somebody was not allowed, or that named what is not theirs.

    The request's own transaction is rolled back by now; where the database is away the refusal stands without a row,
    but one that shows somebody is not answered so.
    """
    if problem.names:
        await _note_apart(request, "refused", {"status": problem.status, "code": problem.code}, problem.names)
        return
    if problem.status not in _REFUSED:
        return
    try:
        await _note_apart(request, "refused", {"status": problem.status, "code": problem.code})
    except (SQLAlchemyError, OSError):
        _log.exception("refusal_not_audited")


async def note_replay(request: Request, response: Response) -> None:
    """Write the row of an answer that is given again, before it is."""
    if "Idempotent-Replayed" in response.headers:
        await _note_apart(request, "replayed", {"status": response.status_code})


async def _note_apart(
    request: Request, outcome: Outcome, details: dict[str, Any], people: Sequence[object] = ()
) -> None:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not is_audited(route) or not hasattr(request.state, "principal"):
        return
    database: Database = request.app.state.database
    path = {name: str(value) for name, value in request.path_params.items()}
    async with database.transaction() as session:
        digests = keys_of(session).digests
        asked = _asked(request, plain_parameters(route), digests)
        if people:
            asked |= counted(session, [str(each) for each in people])
        await write(session, _entry(request, route, outcome, {**details, "path": path, **asked}))
