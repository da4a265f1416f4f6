"""Grants: proposed by one, approved by another, told to every service, following the areas that they are in."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from services.registry.store.grants import AdministratorsExist, NewGrant, bootstrap, follow_areas
from shared import clock
from shared.access import PERMISSIONS, Access, Role
from shared.access.projection import access_consumer
from shared.access.store import RoleMissing, access_of
from shared.events.registry import GrantStated
from shared.messaging.consumers import apply
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.events import message
from tests.support.reorganising import applied, planned
from tests.support.tokens import bearer

COMMUNES = ["07900", "08545", "08560", "08566", "08590", "08593"]
READ = PERMISSIONS["households.read"]


class Desk:
    """The registry's grants in the hands of an operator and a province officer."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.database = registry.database
        self._told = 0

    async def send(self, path: str, body: Any = None, *, actor: str) -> httpx.Response:
        headers = {"Idempotency-Key": uuid4().hex} | bearer(actor)
        return await self.registry.client.post(path, json=body, headers=headers)

    async def proposed(self, *, actor: str = "operator", **changes: Any) -> Any:
        body = {"subject": "mai", "role": "commune_officer", "area_code": "08566"} | changes
        answer = await self.send("/grants", body, actor=actor)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def decide(self, proposal: Any, *, actor: str) -> httpx.Response:
        seen = {"content_hash": proposal["content_hash"]}
        return await self.send(f"/proposals/{proposal['id']}/approval", seen, actor=actor)

    async def read(self, path: str, *, actor: str, **query: str) -> httpx.Response:
        return await self.registry.client.get(path, params=query, headers=bearer(actor))

    async def approved(self, **changes: Any) -> Any:
        proposal = await self.proposed(**changes)
        answer = await self.decide(proposal, actor="province")
        assert answer.status_code == 201, answer.text
        return (await self.read(f"/grants/{proposal['subject']}", actor="province")).json()

    async def project(self) -> None:
        """Let the registry's own copy hear what was told since."""
        events = (await self.registry.events(GrantStated))[self._told :]
        self._told += len(events)
        async with self.database.transaction() as session:
            await apply(session, access_consumer("registry"), [message(event) for event in events])

    async def access(self, subject: str = "mai", on: date | None = None) -> Access:
        await self.project()
        async with self.database.transaction() as session:
            return await access_of(session, subject, READ, on or clock.today())

    async def follow(self, on: date) -> int:
        async with self.database.transaction() as session:
            return await follow_areas(session, on)

    async def bootstrap(self, *wanted: NewGrant) -> int:
        async with self.database.transaction() as session:
            return await bootstrap(session, wanted, by="root", now=clock.now())


@pytest.fixture
async def desk(registry: Registry) -> Desk:
    await grant(registry.database, "operator", roles=[Role.OPERATOR])
    await grant(registry.database, "province", roles=[Role.PROVINCE_OFFICER])
    return Desk(registry)


def first(subject: str, role: Role, area_code: str | None = None) -> NewGrant:
    return NewGrant(subject, role, area_code, clock.today(), None)


async def test_a_grant_is_in_force_once_a_second_person_approved_it(desk: Desk) -> None:
    made = await desk.proposed()
    assert (made["state"], made["content"]["valid_from"]) == ("open", clock.today().isoformat())
    assert (await desk.read(f"/grants/{made['subject']}", actor="province")).status_code == 404
    with pytest.raises(RoleMissing):
        await desk.access()
    answer = await desk.decide(made, actor="province")
    assert (answer.status_code, answer.json()["state"]) == (201, "approved")
    assert (await desk.access()).areas == frozenset({"08566"})
    shown = await desk.registry.client.get("/access", headers=bearer("mai"))
    assert shown.status_code == 200
    assert shown.json()["grants"][0]["area_code"] == "08566"
    assert "households.register" in shown.json()["permissions"]
    assert "ledger.read" not in shown.json()["permissions"]


async def test_neither_the_preparer_nor_who_gets_it_approves(desk: Desk) -> None:
    made = await desk.proposed(subject="province", role="auditor")
    await grant(desk.database, "operator", roles=[Role.PROVINCE_OFFICER])
    for actor, code in (("operator", "same_person"), ("province", "grant_to_oneself")):
        answer = await desk.decide(made, actor=actor)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert await desk.registry.events(GrantStated) == []


async def test_a_grant_is_approved_once(desk: Desk) -> None:
    made = await desk.proposed()
    assert (await desk.decide(made, actor="province")).status_code == 201
    answer = await desk.decide(made, actor="province")
    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_not_open")
    assert len(await desk.registry.events(GrantStated)) == 1


async def test_a_province_covers_its_communes_and_no_area_is_everywhere(desk: Desk) -> None:
    assert (await desk.approved(area_code="25"))["communes"] == 6
    assert (await desk.access()).areas == frozenset({"25", *COMMUNES})
    assert (await desk.approved(subject="lan", area_code=None))["communes"] is None
    assert (await desk.access("lan")).areas is None


async def test_days_are_days_in_law_both_included(desk: Desk) -> None:
    today = clock.today()
    begin, end = today + timedelta(days=2), today + timedelta(days=4)
    await desk.approved(valid_from=begin.isoformat(), valid_to=end.isoformat())
    for day in (begin, end):
        assert (await desk.access(on=day)).areas == frozenset({"08566"})
    for day in (today, end + timedelta(days=1)):
        with pytest.raises(RoleMissing):
            await desk.access(on=day)


async def test_what_is_revoked_ends_at_once_and_takes_one_person(desk: Desk) -> None:
    made = await desk.approved()
    assert (await desk.access()).areas == frozenset({"08566"})
    path, body = f"/grants/{made['id']}/revocation", {"reason": "Đã chuyển công tác"}
    answer = await desk.send(path, body, actor="operator")
    assert (answer.status_code, answer.json()["state"]) == (201, "revoked")
    with pytest.raises(RoleMissing):
        await desk.access()
    answer = await desk.send(path, body, actor="operator")
    assert (answer.status_code, answer.json()["code"]) == (409, "grant_revoked")


async def test_a_late_older_statement_does_not_bring_a_revoked_grant_back(desk: Desk) -> None:
    made = await desk.approved()
    await desk.send(f"/grants/{made['id']}/revocation", {"reason": "Đã chuyển công tác"}, actor="operator")
    approved, revoked = await desk.registry.events(GrantStated)
    async with desk.database.transaction() as session:
        await apply(session, access_consumer("registry"), [message(revoked), message(approved)])
        with pytest.raises(RoleMissing):
            await access_of(session, "mai", READ, clock.today())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"area_code": "99"}, "area_not_grantable", id="no such unit"),
        pytest.param({"area_code": "240"}, "area_not_grantable", id="a district that is gone"),
        pytest.param({"role": "public"}, "role_not_grantable", id="what everybody is"),
        pytest.param({"role": "mayor"}, "enum", id="no such role"),
        pytest.param({"valid_to": "2020-01-01"}, "area_period", id="ends before it begins"),
    ],
)
async def test_a_proposal_that_means_nothing_is_refused(desk: Desk, changes: dict[str, Any], code: str) -> None:
    body = {"subject": "mai", "role": "commune_officer", "area_code": "08566"} | changes
    answer = await desk.send("/grants", body, actor="operator")
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]


async def test_who_administers_an_area_grants_nothing_beyond_it(desk: Desk) -> None:
    await grant(desk.database, "local", roles=[Role.OPERATOR, Role.AUDITOR], area="08566", communes=["08566"])
    await desk.approved(actor="local")
    for area_code in ("08593", "25", None):
        body = {"subject": "mai", "role": "auditor", "area_code": area_code}
        answer = await desk.send("/grants", body, actor="local")
        assert (answer.status_code, answer.json()["code"]) == (403, "area_not_granted")
    other = await desk.approved(area_code="08593")
    everywhere = await desk.approved(area_code=None)
    waiting = await desk.proposed(area_code="08593", subject="lan")
    for made in (other, everywhere):
        answer = await desk.read(f"/grants/{made['id']}", actor="local")
        assert (answer.status_code, answer.json()["code"]) == (404, "grant_not_found")
    answer = await desk.read(f"/proposals/{waiting['id']}", actor="local")
    assert (answer.status_code, answer.json()["code"]) == (404, "proposal_not_found")
    listed = (await desk.read("/grants", actor="local")).json()["items"]
    assert [each["area_code"] for each in listed] == ["08566"]
    everything = (await desk.read("/grants", actor="operator")).json()["items"]
    assert [each["area_code"] for each in everything] == [None, "08593", "08566"]


async def test_a_list_asked_for_in_another_area_is_empty_and_the_attempt_logged(desk: Desk) -> None:
    await grant(desk.database, "local", roles=[Role.COMMUNE_OFFICER], area="08566", communes=["08566"])
    await desk.registry.register(area_code="08593")
    with capture_logs() as lines:
        answer = await desk.read("/households", actor="local", area_code="08593")
    assert answer.json()["items"] == []
    assert {"subject": "local", "areas": ["08593"]}.items() <= next(
        line for line in lines if line["event"] == "access_outside_area"
    ).items()


async def test_who_approves_in_one_area_approves_there_alone(desk: Desk) -> None:
    await grant(desk.database, "local", roles=[Role.PROVINCE_OFFICER], area="08566", communes=["08566"])
    for area_code in ("08593", "25", None):
        answer = await desk.decide(await desk.proposed(area_code=area_code), actor="local")
        assert (answer.status_code, answer.json()["code"]) == (404, "proposal_not_found")
    assert (await desk.decide(await desk.proposed(), actor="local")).status_code == 201


async def test_who_may_not_approve_grants_approves_none(desk: Desk) -> None:
    await grant(desk.database, "local", roles=[Role.APPROVER, Role.AUDITOR])
    made = await desk.proposed()
    for actor in ("local", "nobody"):
        answer = await desk.decide(made, actor=actor)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        refusal = await desk.send(f"/proposals/{made['id']}/refusal", {"note": "Không cần"}, actor=actor)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "permission_missing")


async def test_who_proposed_a_grant_may_withdraw_it(desk: Desk) -> None:
    made = await desk.proposed()
    withdrawn = await desk.send(f"/proposals/{made['id']}/refusal", {"note": "Nhập nhầm"}, actor="operator")
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (201, "refused")
    assert (await desk.decide(made, actor="province")).status_code == 409


async def test_grants_are_found_by_person_role_area_and_state(desk: Desk) -> None:
    await desk.approved()
    lan = await desk.approved(subject="lan", role="auditor", area_code="25")
    await desk.send(f"/grants/{lan['id']}/revocation", {"reason": "Hết nhiệm vụ thanh tra"}, actor="province")
    for query, subjects in (
        ({"subject": "mai"}, ["mai"]),
        ({"role": "auditor"}, ["lan"]),
        ({"area_code": "25"}, ["lan"]),
        ({"state": "approved"}, ["mai"]),
        ({"state": "revoked"}, ["lan"]),
    ):
        answer = await desk.read("/grants", actor="province", **query)
        assert [each["subject"] for each in answer.json()["items"]] == subjects


async def test_a_refusal_names_the_roles_and_whom_to_ask(desk: Desk) -> None:
    answer = await desk.registry.client.get("/grants", headers={"Accept-Language": "vi"} | bearer("nobody"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert "cán bộ tỉnh, thanh tra, kiểm toán, quản trị hệ thống" in answer.json()["detail"]
    answer = await desk.registry.client.get("/grants", headers={"Accept-Language": "en"} | bearer("nobody"))
    assert "province officer, auditor, operator" in answer.json()["detail"]


async def test_a_grant_follows_the_communes_that_its_area_gains(desk: Desk) -> None:
    await desk.approved(area_code="25")
    new = {"code": "08620", "name": "Xã Long Cốc", "level": "commune", "parent_code": "25", "kind": "xã"}
    answer = await desk.registry.client.post("/areas", json=[{**new, "valid_from": "2025-07-01"}])
    assert answer.status_code == 200, answer.text
    assert (await desk.access()).areas == frozenset({"25", *COMMUNES, "08620"})
    stated = [event for event in await desk.registry.events(GrantStated) if isinstance(event, GrantStated)]
    assert [(each.version, len(each.communes)) for each in stated] == [(1, 6), (2, 7)]


async def test_a_unit_that_begins_later_is_covered_from_its_first_day(desk: Desk) -> None:
    await desk.approved(area_code="25")
    begin = clock.today() + timedelta(days=30)
    new = {"code": "08620", "name": "Xã Long Cốc", "level": "commune", "parent_code": "25", "kind": "xã"}
    await desk.registry.client.post("/areas", json=[{**new, "valid_from": begin.isoformat()}])
    assert await desk.follow(begin - timedelta(days=1)) == 0
    assert await desk.follow(begin) == 1
    assert await desk.follow(begin) == 0
    assert (await desk.access()).areas == frozenset({"25", *COMMUNES, "08620"})


async def test_who_is_granted_a_commune_sees_the_households_of_those_that_it_took_over(desk: Desk) -> None:
    await desk.approved()
    ended = {"code": "08548", "name": "Xã Kiệt Sơn", "level": "commune", "kind": "xã", "parent_code": "240"}
    period = {"valid_from": "0001-01-01", "valid_to": "2025-06-30"}
    assert (await desk.registry.client.post("/areas", json=[ended | period])).status_code == 200
    body = {"area_code": "08548", "registered_on": "2025-05-01", "members": [member()]}
    home = (await desk.registry.post("/households", body))["household"]
    await desk.project()
    assert (await desk.read(f"/households/{home['id']}", actor="mai")).status_code == 404
    plan = await planned(desk.registry, "2025-07-01", [("08548", "08566")])
    await applied(desk.registry, plan["id"])
    assert (await desk.access()).areas == frozenset({"08548", "08566"})
    assert (await desk.read(f"/households/{home['id']}", actor="mai")).status_code == 200
    shown = (await desk.read("/area-successions", actor="mai", code="08548")).json()["items"]
    assert shown == [{"old_code": "08548", "new_code": "08566", "effective": "2025-07-01"}]


async def test_no_succession_is_stated_but_by_a_reorganisation(desk: Desk) -> None:
    wanted = {"old_code": "08566", "new_code": "08566", "effective": "2025-07-01"}
    answer = await desk.registry.client.post("/area-successions", json=[wanted])
    assert answer.status_code == 405


async def test_a_grant_in_a_commune_that_ends_is_worth_nothing_from_the_day_after(desk: Desk) -> None:
    last = clock.today() + timedelta(days=30)
    new = {"code": "08620", "name": "Xã Long Cốc", "level": "commune", "parent_code": "25", "kind": "xã"}
    period = {"valid_from": "2025-07-01", "valid_to": last.isoformat()}
    assert (await desk.registry.client.post("/areas", json=[new | period])).status_code == 200
    await desk.approved(area_code="08620")
    assert await desk.follow(last) == 0
    assert (await desk.access(on=last)).areas == frozenset({"08620"})
    assert await desk.follow(last + timedelta(days=1)) == 1
    assert (await desk.access(on=last + timedelta(days=1))).areas == frozenset()


async def test_the_first_grants_come_from_the_machine_until_two_people_can_grant(registry: Registry) -> None:
    desk = Desk(registry)
    assert await desk.bootstrap(first("an", Role.OPERATOR)) == 1
    people = [first("an", Role.OPERATOR), first("binh", Role.PROVINCE_OFFICER), first("mai", Role.AUDITOR, "08566")]
    assert await desk.bootstrap(*people) == 2
    assert await desk.bootstrap(*people) == 0
    with pytest.raises(AdministratorsExist):
        await desk.bootstrap(first("mallory", Role.OPERATOR))
    assert (await desk.access()).areas == frozenset({"08566"})
    made = await desk.proposed(actor="an", subject="lan")
    assert (await desk.decide(made, actor="binh")).status_code == 201


async def test_one_person_with_both_roles_is_not_two_people(registry: Registry) -> None:
    desk = Desk(registry)
    assert await desk.bootstrap(first("an", Role.OPERATOR), first("an", Role.PROVINCE_OFFICER)) == 2
    assert await desk.bootstrap(first("binh", Role.PROVINCE_OFFICER)) == 1


async def test_a_first_grant_waits_for_its_area_to_be_stated(registry: Registry) -> None:
    desk = Desk(registry)
    assert await desk.bootstrap(first("mai", Role.AUDITOR, "08620")) == 1
    new = {"code": "08620", "name": "Xã Long Cốc", "level": "commune", "parent_code": "25", "kind": "xã"}
    await desk.registry.client.post("/areas", json=[{**new, "valid_from": "2025-07-01"}])
    stated = [event for event in await desk.registry.events(GrantStated) if isinstance(event, GrantStated)]
    assert [each.communes for each in stated] == [(), ("08620",)]
