"""What takes two people: of each kind, how it is prepared, approved, and changed after it was seen."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
from fastapi import FastAPI
from sqlalchemy import select, text, update

from services.benefits.app import build as build_benefits
from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.store import recovery
from services.benefits.settings import BenefitsSettings
from services.registry.domain.form_b1 import forms_b1
from services.registry.duplicate_scan import compare_new_people
from shared import clock
from shared.approvals.store import SEALED_CONTENT
from shared.approvals.tables import proposals
from shared.db import Database
from shared.keys import keys_of
from shared.settings import EventLogSettings, ServiceName
from tests.integration.benefits.platform import BIN, FUND, PROGRAMME, Benefits, Somebody, approval_of, household
from tests.integration.registry.conftest import Registry, member, registry_at
from tests.integration.registry.test_households import ACCOUNT
from tests.support.access import grant
from tests.support.tokens import bearer

MAKER, CHECKERS = "maker", tuple(f"checker{number}" for number in range(4))


@dataclass(frozen=True)
class Waiting:
    """Something that the maker prepared: where it is approved, and by which body. `about` is what it is about."""

    path: str
    body: Mapping[str, Any]
    about: Any = None

    @property
    def refusal(self) -> tuple[str, Mapping[str, Any]]:
        """Where it is refused, and by which body."""
        note = {"note": "Không đúng hồ sơ"}
        if "approve" in self.body:
            return self.path, {**self.body, **note, "approve": False}
        return self.path.replace("/approval", "/refusal"), note


@dataclass(frozen=True)
class Desk:
    """A service whose people may all do everything, so that nothing but the second person is missing."""

    app: FastAPI
    service: Any  # the client of it that its own tests use

    @property
    def database(self) -> Database:
        """The service's database."""
        database: Database = self.app.state.database
        return database

    async def send(self, path: str, body: Any, *, actor: str = MAKER) -> httpx.Response:
        """Post a body in somebody's name."""
        transport = httpx.ASGITransport(self.app)
        headers = {"Idempotency-Key": uuid4().hex} | bearer(actor)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return await client.post(path, json=body)

    async def made(self, path: str, body: Any) -> Any:
        """Post a body as the maker and return the answer, which must be that it is made."""
        answer = await self.send(path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def change(self, statement: str, **values: Any) -> None:
        """Change the database behind the service's back."""
        async with self.database.transaction() as session:
            await session.execute(text(statement), values)

    async def alter_draft(self, content_hash: str, **added: Any) -> None:
        """Add to a draft behind the service's back, as somebody who has the database and its keys."""
        c = proposals.c
        async with self.database.transaction() as session:
            ring = keys_of(session).data
            row = (await session.execute(select(c.id, c.content).where(c.content_hash == content_hash))).one()
            content = orjson.loads(ring.open_bytes(row.content, SEALED_CONTENT, row.id)) | added
            altered = ring.seal_bytes(orjson.dumps(content), SEALED_CONTENT, row.id)
            await session.execute(update(proposals).where(c.id == row.id).values(content=altered))


@dataclass(frozen=True)
class Kind:
    """How a kind is prepared; how what it is about changes after it was seen, where it can."""

    prepare: Callable[[Desk], Awaitable[Waiting]]
    changes: Mapping[str, Callable[[Desk, Waiting], Awaitable[object]]] = field(default_factory=dict)
    refusable: bool = True


async def desk_of(service: ServiceName, url: str) -> Desk:
    """Return a desk of a service over a fresh database."""
    if service == "registry":
        registry = await registry_at(url)
        desk = Desk(registry.app, registry)
    else:
        log = EventLogSettings(eventlog_url=url)
        settings = BenefitsSettings(service="benefits", database_url=url, event_log=log, bank_simulated=True)
        benefits = Benefits(build_benefits(settings))
        desk = Desk(benefits.app, benefits)
    await grant(desk.database, MAKER, "checker", *CHECKERS)
    if isinstance(desk.service, Benefits):
        await desk.service.open_fund()
    return desk


async def close(desk: Desk) -> None:
    """Close what a desk holds open."""
    await desk.service.client.aclose()
    await desk.database.close()


def _waiting(proposal: Any, about: Any = None) -> Waiting:
    return Waiting(proposal["approve_at"], {"content_hash": proposal["content_hash"]}, about)


async def _account_change(desk: Desk) -> Waiting:
    registry: Registry = desk.service
    registered = await registry.register(member(account=ACCOUNT))
    person = registered["members"][0]["id"]
    path = f"/registry/v1/people/{person}/account-changes"
    return _waiting(await desk.made(path, {"account": ACCOUNT | {"number": "3120205199999"}}), person)


async def _other_account(desk: Desk, waiting: Waiting) -> None:
    await desk.change("UPDATE people SET bank_bin = '970436' WHERE id = :id", id=waiting.about)


async def _other_home(desk: Desk, waiting: Waiting) -> None:
    moved = "UPDATE households SET area_code = '08593' WHERE id = (SELECT household_id FROM people WHERE id = :id)"
    await desk.change(moved, id=waiting.about)


async def _grant(desk: Desk) -> Waiting:
    wanted = {"subject": f"official-{uuid4().hex}", "role": "auditor", "area_code": "08566"}
    return _waiting(await desk.made("/registry/v1/grants", wanted))


async def _merger(desk: Desk) -> Waiting:
    registry: Registry = desk.service
    staying, absorbed = await registry.register(), await registry.register()
    body = {
        "effective_on": clock.today().isoformat(),
        "absorbed_id": absorbed["id"],
        "relationships": [{"person_id": absorbed["members"][0]["id"], "relationship": "parent"}],
        "note": "Hai sổ của cùng một hộ",
    }
    return _waiting(await desk.made(f"/registry/v1/households/{staying['id']}/mergers", body), absorbed["id"])


async def _more_members(desk: Desk, waiting: Waiting) -> None:
    await desk.change("UPDATE households SET version = version + 1 WHERE id = :id", id=waiting.about)


async def _people_merge(desk: Desk) -> Waiting:
    registry: Registry = desk.service
    name = f"Hà {uuid4().hex} Mận"
    kept, _ = [(await registry.register(member(full_name=name)))["members"][0]["id"] for _ in range(2)]
    await compare_new_people(desk.database)
    listed = (await registry.get("/duplicates", limit="500"))["items"]
    (pair,) = [each["id"] for each in listed if each["first"]["full_name"] == name == each["second"]["full_name"]]
    body = {"effective_on": clock.today().isoformat(), "kept_id": kept, "note": "Một người lập sổ hai lần"}
    return _waiting(await desk.made(f"/registry/v1/duplicates/{pair}/mergers", body), kept)


async def _other_name(desk: Desk, waiting: Waiting) -> None:
    await desk.change("UPDATE people SET full_name = 'Hà Thị Khác' WHERE id = :id", id=waiting.about)


async def _official_form(desk: Desk) -> Waiting:
    sample = forms_b1().forms[0].model_dump(mode="json")
    name = {"vi": "Phiếu B1", "en": "Form B1"}
    form = sample | {"version": f"tt07-{uuid4().hex}", "sample": False, "name": name}
    return _waiting(await desk.made(f"/registry/v1/standards/{form['standard']}/forms", form))


async def _undoing(desk: Desk) -> Waiting:
    registry: Registry = desk.service
    household = await registry.register()
    facts = {"kind": "facts", "effective_on": clock.today().isoformat(), "home": {"latrine": "none"}}
    change = (await registry.change(household["id"], facts))["change_id"]
    confirmed = await desk.send(f"/registry/v1/household-changes/{change}/confirmation", None, actor="checker")
    assert confirmed.status_code == 201, confirmed.text
    path = f"/registry/v1/household-changes/{change}/undo-proposals"
    return _waiting(await desk.made(path, {"note": "Ghi nhầm hộ khi nhập liệu"}), change)


async def _other_day(desk: Desk, waiting: Waiting) -> None:
    await desk.change("UPDATE household_changes SET effective_on = '2026-01-01' WHERE id = :id", id=waiting.about)


async def _planned(desk: Desk) -> str:
    order = {
        "title": "Sắp xếp đơn vị hành chính cấp xã",
        "legal_basis": "1676/NQ-UBTVQH15",
        "effective_on": "2025-07-01",
        "successions": [{"old_code": "08566", "new_code": "08566"}],
    }
    return str((await desk.made("/registry/v1/reorganisations", order))["id"])


async def _reorganisation(desk: Desk) -> Waiting:
    planned = await _planned(desk)
    return _waiting(await desk.made(f"/registry/v1/reorganisations/{planned}/application", None), planned)


async def _confirmation(desk: Desk) -> Waiting:
    planned = await _planned(desk)
    await desk.change("UPDATE reorganisations SET state = 'applied', applied_at = now() WHERE id = :id", id=planned)
    return _waiting(await desk.made(f"/registry/v1/reorganisations/{planned}/confirmation", None), planned)


async def _other_successions(desk: Desk, waiting: Waiting) -> None:
    await desk.change(
        """UPDATE reorganisations SET successions = '[["08566", "08593"]]' WHERE id = :id""", id=waiting.about
    )


async def _allotment(desk: Desk) -> Waiting:
    wanted = {"programme": PROGRAMME, "amount": 5_000_000}
    return _waiting(await desk.made(f"/benefits/v1/funds/{FUND}/allotments", wanted))


async def _payer_account(desk: Desk) -> Waiting:
    code = uuid4().hex[:10].upper()
    payer = {"code": f"T{code}", "bank": "simbank", "bin": BIN, "number": f"1900{code}", "holder": "Sở Y tế"}
    return _waiting(await desk.made("/benefits/v1/payer-accounts", payer | {"fund": FUND}))


async def _arrival(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    declared = {"amount": 5_000_000, "reference": f"KBNN {uuid4().hex}"}
    given = await desk.made(f"/benefits/v1/funds/{FUND}/contributions", declared)
    arrival = {"payer_account": benefits.payer, "voucher": "KBNN 0251/UNC"}
    return _waiting(await desk.made(f"/benefits/v1/contributions/{given['id']}/arrival", arrival))


async def _channel_release(desk: Desk) -> Waiting:
    path = f"/benefits/v1/bank-channels/b-{uuid4().hex}"
    await desk.made(f"{path}/halt", {"reason": "Ngân hàng báo sự cố"})
    return _waiting(await desk.made(f"{path}/release", {"reason": "Ngân hàng đã khắc phục"}))


async def _ending(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    award = await benefits.award(await benefits.settle_in())
    ending = {"ends_with": award["first_month"], "reason": "death", "note": "Giấy chứng tử số 12"}
    return _waiting(await desk.made(f"/benefits/v1/awards/{award['id']}/ending", ending))


async def _sent(desk: Desk) -> Any:
    """Return an order whose file may be at the bank or not."""
    benefits: Benefits = desk.service
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    order = await benefits.order_of(who)
    message = order["instructions"][0]["message_id"]
    await desk.change("UPDATE payment_file SET state = 'UNKNOWN' WHERE message_id = :message", message=message)
    await desk.change("UPDATE payment_instruction SET state = 'UNKNOWN' WHERE message_id = :message", message=message)
    return order["instructions"][0]


async def _acceptance(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    who = await benefits.settle_in(number=f"3120{uuid4().int % 10**9:09d}")
    await benefits.award(who)
    run = await benefits.prepare()
    await benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
    order = await benefits.order_of(who)
    path = f"/benefits/v1/runs/{run['id']}/account-checks/{order['id']}/acceptance"
    return _waiting(await desk.made(path, {"note": "Đã đối chiếu căn cước"}))


async def _file_outcome(desk: Desk) -> Waiting:
    path = f"/benefits/v1/payment-files/{(await _sent(desk))['message_id']}/outcome"
    return _waiting(await desk.made(path, {"outcome": "not_received", "certificate": "CV 124/NHNo"}))


async def _paid_list(desk: Desk) -> Waiting:
    message, typed = await desk.service.at_a_cash_point()
    return _waiting(await desk.made(f"/benefits/v1/payment-files/{message}/paid-list", typed))


async def _unpaid(desk: Desk) -> Waiting:
    path = f"/benefits/v1/instructions/{(await _sent(desk))['id']}/unpaid"
    return _waiting(await desk.made(path, {"certificate": "CV 124/NHNo"}))


async def _order_cancellation(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    who = await benefits.settle_in(number=None)
    await benefits.award(who)
    await benefits.prepare()
    order = await benefits.order_of(who)
    wanted = {"why": "death", "note": "Giấy chứng tử số 12"}
    return _waiting(await desk.made(f"/benefits/v1/orders/{order['id']}/cancellation", wanted))


async def _recovery(desk: Desk) -> Waiting:
    """Return the proposal to send to a bank again after a restore, with all that the bank knows read."""
    bank, now = f"b-{uuid4().hex}", clock.now()
    async with desk.database.transaction() as session:
        await recovery.stop(session, bank, "declared", MAKER, now)
        found = await recovery.open_recovery(session, bank)
        assert found is not None
        await recovery.walked(session, found.id, now)
    return _waiting(await desk.made(f"/benefits/v1/bank-recoveries/{found.id}/release", {}))


async def _forgotten(desk: Desk) -> Waiting:
    """Return the proposal that a payment which only the bank knows is none of ours that wait."""
    key = await desk.service.forget_a_payment()
    return _waiting(await desk.made(f"/benefits/v1/forgotten-payments/{key}/dismissal", {"note": "Chi bổ sung"}))


async def _joining(desk: Desk) -> Waiting:
    """Return the proposal that a payment which only the bank knows paid an order that waits."""
    key, order = await desk.service.forget_a_debit()
    body = {"order_id": order, "note": "Sao kê 17"}
    return _waiting(await desk.made(f"/benefits/v1/forgotten-payments/{key}/joining", body))


async def _by_hand(desk: Desk) -> Waiting:
    """Return the proposal of what a bank told of an account on paper."""
    run = (await _run(desk)).about
    [order, *_] = (await desk.service.get(f"/runs/{run}/account-checks"))["items"]
    told = {"answers": [{"order_id": order["order_id"], "holder_name": "DANG THI LAN"}], "paper": uuid4().hex}
    return _waiting(await desk.made(f"/benefits/v1/runs/{run}/account-checks", told))


async def _sharing(desk: Desk) -> Waiting:
    """Return the proposal that two people who name one account are both paid to it."""
    account = await desk.service.share_an_account()
    return _waiting(await desk.made(f"/benefits/v1/shared-accounts/{account}/acceptance", {"note": "Vợ chồng"}))


async def _suspense(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    place = await benefits.unexplained_credit(700_000)
    explanation = {"becomes": "owner", "reference": "KBNN 0251/UNC"}
    return _waiting(await desk.made(f"/benefits/v1/suspense/{place}/explanation", explanation))


async def _recall(desk: Desk) -> Waiting:
    order = await desk.service.at_the_bank()
    body = {"reason": "DUPL", "note": "Chuyển hai lần"}
    return _waiting(await desk.made(f"/benefits/v1/orders/{order['id']}/recall", body), order["id"])


async def _other_attempt(desk: Desk, waiting: Waiting) -> None:
    changed = "UPDATE payment_instruction SET end_to_end_id = 'X' || end_to_end_id WHERE order_id = :order"
    await desk.change(changed, order=waiting.about)


async def _application(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    who = await benefits.settle_in()
    application = await benefits.apply_for(who)
    return Waiting(f"/benefits/v1/applications/{application['id']}/decision", approval_of(application), who)


def _restated(**facts: Any) -> Callable[[Desk, Waiting], Awaitable[object]]:
    async def restate(desk: Desk, waiting: Waiting) -> None:
        who: Somebody = waiting.about
        await desk.service.hear(household(who, version=2, **facts))

    return restate


async def _run(desk: Desk) -> Waiting:
    benefits: Benefits = desk.service
    await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    return Waiting(f"/benefits/v1/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}, run["id"])


async def _run_again(desk: Desk, _: Waiting) -> None:
    await _run(desk)


def _orders(change: str) -> Callable[[Desk, Waiting], Awaitable[object]]:
    async def write(desk: Desk, waiting: Waiting) -> None:
        await desk.change(f"UPDATE payment_order SET {change} WHERE run_id = :run", run=waiting.about)

    return write


# By service, so that a new kind is missed.
KINDS: Mapping[ServiceName, Mapping[str, Kind]] = {
    "registry": {
        "account-change": Kind(_account_change, {"account": _other_account, "commune": _other_home}),
        "grant": Kind(_grant),
        "household-merge": Kind(_merger, {"members": _more_members}),
        "reorganisation": Kind(_reorganisation, {"successions": _other_successions}),
        "reorganisation-confirmation": Kind(_confirmation, {"successions": _other_successions}),
        "household-undo": Kind(_undoing, {"day": _other_day}),
        "official-form": Kind(_official_form),
        "people-merge": Kind(_people_merge, {"name": _other_name, "commune": _other_home}),
    },
    "benefits": {
        "allotment": Kind(_allotment),
        "payer-account": Kind(_payer_account),
        "contribution-arrival": Kind(_arrival),
        "bank-channel-release": Kind(_channel_release),
        "bank-recovery": Kind(_recovery),
        "forgotten-payment": Kind(_forgotten),
        "forgotten-payment-joining": Kind(_joining),
        "award-ending": Kind(_ending),
        "account-acceptance": Kind(_acceptance),
        "account-sharing": Kind(_sharing),
        "account-checks-by-hand": Kind(_by_hand),
        "file-outcome": Kind(_file_outcome),
        "unpaid-attempt": Kind(_unpaid),
        "paid-list": Kind(_paid_list),
        "order-cancellation": Kind(_order_cancellation),
        "suspense-clearing": Kind(_suspense),
        "payment-recall": Kind(_recall, {"attempt": _other_attempt}),
        "application": Kind(_application, {"amount": _restated(birth_year=1940), "class": _restated(klass="not_poor")}),
        "payment-run": Kind(
            _run,
            {
                "amount": _orders("amount = amount + 1"),
                "account": _orders("account_id = NULL"),
                "prepared anew": _run_again,
            },
        ),
    },
}
