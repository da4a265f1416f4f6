"""Nothing that takes two people is done by one, done twice, or done otherwise than it was seen."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from deploy.access_page import app_of
from shared.settings import SERVICES, ServiceName
from tests.integration.access.two_people import CHECKERS, KINDS, MAKER, Desk, Kind, Waiting, close, desk_of
from tests.support.postgres import Databases

_EACH = [(service, name) for service, kinds in KINDS.items() for name in kinds]
_REFUSABLE = [(service, name) for service, name in _EACH if KINDS[service][name].refusable]
_CHANGES = [(service, name, change) for service, name in _EACH for change in KINDS[service][name].changes]
# A refusal too is on record: the record itself is no effect.
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND relname NOT LIKE 'audit%' ORDER BY 1"
)
of_each = pytest.mark.parametrize(("service", "name"), _EACH, ids=[name for _, name in _EACH])


@pytest.fixture(scope="module")
async def desks(databases: Databases) -> AsyncIterator[Mapping[ServiceName, Desk]]:
    """A desk of each service that has such operations."""
    urls = {service: await databases.create(service) for service in KINDS}
    opened = {service: await desk_of(service, url) for service, url in urls.items()}
    yield opened
    for service, desk in opened.items():
        await close(desk)
        await databases.drop(urls[service])


@dataclass(frozen=True)
class Case:
    """A kind at its service's desk."""

    desk: Desk
    kind: Kind

    async def prepared(self) -> Waiting:
        return await self.kind.prepare(self.desk)

    async def approve(self, waiting: Waiting, actor: str, **other: Any) -> httpx.Response:
        return await self.desk.send(waiting.path, {**waiting.body, **other}, actor=actor)


@pytest.fixture
def case(desks: Mapping[ServiceName, Desk], service: ServiceName, name: str) -> Case:
    """The kind that the test is about."""
    return Case(desks[service], KINDS[service][name])


async def _rows(desk: Desk) -> dict[str, tuple[int, str]]:
    """Return the number of rows of each table but the record's, and a digest of all that stands in it."""
    found = {}
    async with desk.database.transaction() as session:
        for table in (await session.execute(text(_TABLES))).scalars().all():
            digest = f"SELECT count(*), coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM \"{table}\" t"
            count, content = (await session.execute(text(digest))).one()
            found[table] = (count, content)
    return found


def _added(before: Mapping[str, tuple[int, str]], after: Mapping[str, tuple[int, str]]) -> dict[str, int]:
    return {table: count - before[table][0] for table, (count, _) in after.items() if count != before[table][0]}


def _codes(*answers: httpx.Response) -> list[str]:
    return sorted("done" if answer.is_success else answer.json()["code"] for answer in answers)


@pytest.mark.parametrize("service", SERVICES)
def test_every_registered_operation_is_tried(service: ServiceName) -> None:
    registered = {operation.kind for operation in app_of(service).state.operations}
    assert registered == set(KINDS.get(service, ())), "say in two_people.py how it is prepared and changed"


@of_each
async def test_of_several_approvers_at_once_one_gets_through_and_it_is_done_once(case: Case) -> None:
    await case.approve(await case.prepared(), CHECKERS[0])  # with whatever other tests have left to be paid
    alone = await case.prepared()
    before = await _rows(case.desk)
    assert _codes(await case.approve(alone, CHECKERS[0])) == ["done"]
    by_one = _added(before, await _rows(case.desk))
    contested = await case.prepared()
    before = await _rows(case.desk)
    answers = await asyncio.gather(*(case.approve(contested, checker) for checker in CHECKERS))
    assert _codes(*answers) == ["done", *["proposal_not_open"] * (len(CHECKERS) - 1)]
    assert _added(before, await _rows(case.desk)) == by_one


@of_each
async def test_who_prepared_does_not_approve_whatever_their_roles(case: Case) -> None:
    waiting = await case.prepared()
    before = await _rows(case.desk)
    assert _codes(await case.approve(waiting, MAKER)) == ["same_person"]
    assert await _rows(case.desk) == before


@of_each
async def test_the_preparer_does_not_slip_through_beside_an_approver(case: Case) -> None:
    waiting = await case.prepared()
    answers = await asyncio.gather(*(case.approve(waiting, actor) for actor in (MAKER, CHECKERS[0], MAKER)))
    assert answers[1].status_code == 201
    assert set(_codes(answers[0], answers[2])) <= {"same_person", "proposal_not_open"}


@pytest.mark.parametrize(("service", "name"), _REFUSABLE, ids=[name for _, name in _REFUSABLE])
async def test_approval_and_refusal_at_once_have_one_outcome(case: Case) -> None:
    waiting = await case.prepared()
    path, body = waiting.refusal
    answers = await asyncio.gather(case.approve(waiting, CHECKERS[0]), case.desk.send(path, body, actor=CHECKERS[1]))
    assert _codes(*answers) == ["done", "proposal_not_open"]


@of_each
async def test_what_was_not_seen_is_not_approved(case: Case) -> None:
    waiting = await case.prepared()
    before = await _rows(case.desk)
    assert _codes(await case.approve(waiting, CHECKERS[0], content_hash="0" * 64)) == ["content_changed"]
    assert await _rows(case.desk) == before


@of_each
async def test_a_draft_that_was_altered_in_the_database_is_not_approved(case: Case) -> None:
    waiting = await case.prepared()
    await case.desk.alter_draft(waiting.body["content_hash"], altered=1)
    before = await _rows(case.desk)
    assert _codes(await case.approve(waiting, CHECKERS[0])) == ["content_changed"]
    assert await _rows(case.desk) == before
    await case.desk.change(
        "UPDATE proposals SET content_hash = '' WHERE content_hash = :h", h=waiting.body["content_hash"]
    )


@pytest.mark.parametrize(("service", "name", "change"), _CHANGES, ids=[f"{name}: {what}" for _, name, what in _CHANGES])
async def test_what_changed_after_it_was_seen_is_not_approved(case: Case, change: str) -> None:
    waiting = await case.prepared()
    await case.kind.changes[change](case.desk, waiting)
    before = await _rows(case.desk)
    answer = await case.approve(waiting, CHECKERS[0])
    assert _codes(answer)[0] in ("content_changed", "not_eligible"), answer.text
    assert await _rows(case.desk) == before


@pytest.mark.parametrize(("service", "name", "change"), _CHANGES, ids=[f"{name}: {what}" for _, name, what in _CHANGES])
async def test_a_change_at_the_very_moment_of_approval_comes_before_or_after_it(case: Case, change: str) -> None:
    waiting = await case.prepared()
    answer, _ = await asyncio.gather(
        case.approve(waiting, CHECKERS[0]), case.kind.changes[change](case.desk, waiting), return_exceptions=True
    )
    assert isinstance(answer, httpx.Response)
    assert _codes(answer)[0] in ("done", "content_changed", "not_eligible"), answer.text
    late = await case.approve(waiting, CHECKERS[1])
    assert not late.is_success
