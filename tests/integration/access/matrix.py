"""The matrix: what every operation must answer to every role, by the relation of areas and by ownership.

What is expected is computed from `shared.access.roles`; what is observed are real answers over real PostgreSQL, each
request in a transaction of its own that is rolled back, so that none changes what the next one finds.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Literal
from uuid import uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from services.registry.domain.area_csv import read_areas
from services.registry.domain.areas import Area
from services.registry.domain.coverage import covered_communes
from shared.access import PERMISSIONS, Permission, Reach, Role
from shared.access.tables import access_grants
from shared.approvals.tables import proposals
from shared.db import Database
from shared.jobs.tables import jobs
from tests.integration.registry.conftest import SAMPLE_AREAS
from tests.support.access import grant
from tests.support.tokens import ISSUER

ACTOR, OTHER = "maker", "checker"
MACHINE = "machine.maker"
PURPOSE = "?purpose=Doi+chieu+the+can+cuoc"
PROVINCE, COMMUNE, SIBLING = "25", "08566", "08593"
VILLAGE = Area.model_validate(
    {
        "code": "08566-01",
        "name": "Thôn Một",
        "level": "village",
        "parent_code": COMMUNE,
        "kind": "thôn",
        "valid_from": "2025-07-01",
    }
)
AREAS = (*read_areas(SAMPLE_AREAS.read_text(encoding="utf-8")).values(), VILLAGE)

# Where the record is, seen from the area of the grant: the record's commune is the grant's, its child, its sibling, its
# parent; the grant is for everywhere, or there is none.
Relation = Literal["own", "child", "sibling", "parent", "everywhere", "none"]
GRANTED_IN: Mapping[Relation, str | None] = {
    "own": COMMUNE,
    "child": PROVINCE,
    "sibling": SIBLING,
    "parent": VILLAGE.code,
    "everywhere": None,
}
RELATIONS: tuple[Relation, ...] = ("own", "child", "sibling", "parent", "everywhere", "none")


@dataclass(frozen=True)
class Call:
    """A request. Its path begins after `/<service>/v1`, unless it is given whole."""

    method: str
    path: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    whole: bool = False


@dataclass(frozen=True)
class Operation:
    """What is known of an operation beside the table: how to ask for it, and how it says that it was done.

    `call` takes whether the record is the actor's own. `foreign` is the answer in an area that is not covered. `seen`
    tells whether a list holds the record. `kinds` are the permissions of all kinds of record, where each kind takes its
    own. `own` is the answer about one's own record where it differs. A record of `no_area` takes a grant without one.
    """

    permission: str
    call: Callable[[bool], Call]
    success: int = 200
    foreign: str = "404"
    seen: Callable[[Any], bool] | None = None
    kinds: Sequence[str] = ()
    own: str | None = None
    no_area: bool = False
    owned: bool = False


Operations = Mapping[str, Operation]
Expectation = Callable[[Operation, bool], str]

ALL_SCOPES = " ".join(PERMISSIONS)
# What must stand in the log when somebody was answered so.
_DENIED, _OUTSIDE = {"access_denied"}, {"access_outside_area", "access_to_anothers"}
_LOGGED = {
    "permission_missing": _DENIED,
    "whole_platform_needed": _DENIED,
    "scope_missing": _DENIED,
    "404": _OUTSIDE,
    "422": _OUTSIDE,
    "area_not_granted": _OUTSIDE,
}


def expected(operation: Operation, role: Role, relation: Relation, *, own: bool) -> str:
    """Return what the table says that the answer is."""
    permission = PERMISSIONS[operation.permission]
    if permission.reach is Reach.OPEN:
        return "done"
    if role is Role.PUBLIC:
        return "401"
    if permission.reach is Reach.SELF:
        return "done"
    worth = _worth(permission, role, relation, no_area=operation.no_area)
    if permission.reach is Reach.OWN and worth in ("covered", "foreign"):
        return "done" if own else operation.foreign
    if operation.kinds:
        held = any(_worth(PERMISSIONS[name], role, relation) in ("covered", "foreign") for name in operation.kinds)
        if not held:
            return "permission_missing"
        if own and operation.own == "done":
            return "done"
        if worth != "covered" and operation.permission.endswith(".read"):
            return operation.foreign
    if worth == "foreign":
        return operation.foreign
    if worth != "covered":
        return worth
    return operation.own or "done" if own else "done"


def _worth(permission: Permission, role: Role, relation: Relation, *, no_area: bool = False) -> str:
    if relation == "none" or role not in permission.roles:
        return "permission_missing"
    if permission.reach is Reach.PLATFORM:
        return "covered" if relation == "everywhere" else "whole_platform_needed"
    covering = ("everywhere",) if no_area else ("own", "child", "everywhere")
    return "covered" if relation in covering else "foreign"


def observed(operation: Operation, answer: httpx.Response) -> str:
    """Return what an answer says, in the words of `expected`."""
    if answer.status_code == operation.success:
        return "done" if operation.seen is None or operation.seen(answer.json()) else "empty"
    code = str(answer.json().get("code", ""))
    return code if answer.status_code == 403 else str(answer.status_code)


class World:
    """A service with records of one commune, and an actor whose grants change."""

    def __init__(self, app: FastAPI, service: str, operations: Operations) -> None:
        self.app = app
        self.service = service
        self.operations = operations
        self.database: Database = app.state.database
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
        self._actor: str | None = None

    async def hold(self, *roles: Role, relation: Relation, **more: Any) -> None:
        """Give the actor just these roles there; a machine acts where the only one is a machine's."""
        subject = MACHINE if roles == (Role.MACHINE_CLIENT,) else ACTOR
        subjects = access_grants.c.subject
        async with self.database.transaction() as session:
            await session.execute(delete(access_grants).where(subjects.in_([ACTOR, MACHINE])))
            for made_by in (proposals.c.prepared_by, jobs.c.created_by):
                whoever = update(made_by.table).where(made_by.in_([ACTOR, MACHINE]), made_by != subject)
                await session.execute(whoever.values({made_by.name: subject}))
        if roles != (Role.PUBLIC,) and relation != "none":
            area = GRANTED_IN[relation]
            communes = () if area is None else covered_communes(AREAS, area, date(2026, 1, 1))
            await grant(self.database, subject, roles=roles, area=area, communes=communes, **more)
        self._actor = None if roles == (Role.PUBLIC,) else subject

    async def ask(self, call: Call, identity: Mapping[str, str]) -> httpx.Response:
        """Make a request, whose effect is rolled back."""
        path = call.path if call.whole else f"/{self.service}/v1{call.path}"
        headers = {"Idempotency-Key": uuid4().hex, **call.headers, **identity}
        return await self.client.request(call.method, path, json=call.json, content=call.content, headers=headers)

    def identity(self, *, scopes: str = ALL_SCOPES) -> dict[str, str]:
        """Return the headers with which the actor acts; the scopes are a machine's."""
        if self._actor is None:
            return {}
        if self._actor == ACTOR:
            return ISSUER.headers(ACTOR)
        token = ISSUER.token(ACTOR, preferred_username="service-account-maker", azp="maker", scope=scopes)
        return {"Authorization": f"Bearer {token}"}

    async def differences(self, wanted: Expectation, identity: Mapping[str, str]) -> list[str]:
        """Ask for every operation; return where the answer is not what is wanted, or a refusal was not logged."""
        found = []
        for (name, operation), own in product(self.operations.items(), (False, True)):
            if own and not operation.owned:
                continue
            with capture_logs() as lines:
                answer = await self.ask(operation.call(own), identity)
            want, saw = wanted(operation, own), observed(operation, answer)
            logged = not _LOGGED.get(want) or _LOGGED[want] & {line["event"] for line in lines}
            if want != saw or not logged:
                mine = " of one's own" if own else ""
                found.append(f"{name}{mine}: expected {want}, saw {saw}, logged {bool(logged)}: {answer.text[:300]}")
        return found


@asynccontextmanager
async def rolling_back(world: World) -> AsyncIterator[World]:
    """Let every request of a world leave nothing behind, and close it at the end."""

    @asynccontextmanager
    async def leaves_nothing() -> AsyncIterator[AsyncSession]:
        session = AsyncSession(world.database.engine, expire_on_commit=False, info={"keys": world.database.keys})
        async with session:
            try:
                yield session
            finally:
                await session.rollback()

    world.app.state.request_transaction = leaves_nothing
    yield world
    await world.client.aclose()
    await world.database.close()
