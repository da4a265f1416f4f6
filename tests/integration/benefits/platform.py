"""A benefits service over real PostgreSQL, driven as its clients and its log drive it, and a bank to pay through."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from services.benefits.app import CHECKS
from services.benefits.beneficiaries.consumers import BENEFICIARIES
from services.benefits.ledger.checks import run_checks
from services.benefits.ledger.domain.journal import Purpose
from services.benefits.ledger.store import commit_budget
from services.benefits.payments.domain.statement import Entry, Statement, totals_of
from services.benefits.payments.domain.verification import Verdict, Verification
from services.benefits.payments.iso20022.copies import Copied
from services.benefits.payments.store import accounts, messages, recovery
from services.benefits.payments.store.account_checks import keep_checks
from services.benefits.payments.store.statements import apply_statement
from services.benefits.payments.workers import BankWork
from shared import clock
from shared.db import Database
from shared.events import EVENT_TYPES, Event, Message
from shared.events.people import OpenAccount, sealed_account
from shared.events.registry import HouseholdClass, HouseholdStated, Member, PersonStated, Standing
from shared.ids import new_id
from shared.messaging.consumers import apply
from tests.support.keys import KEYS
from tests.support.simulated_bank import SimulatedBank
from tests.support.tokens import bearer
from tests.support.waiting import until

PROGRAMME = "monthly-assistance-poor-elderly"
FUND = "STATE_PROVINCE"

BIN = "970405"
STANDARD = "vn-2022-2025"


@dataclass(frozen=True)
class Somebody:
    """A person alone in a household."""

    household_id: UUID
    person_id: UUID


def message_of(event: Event) -> Message:
    """Return an event as the log would deliver it."""
    return Message(
        id=new_id(),
        type=event.TYPE,
        source="/registry",
        subject=event.key,
        time=clock.now(),
        topic=event.TOPIC,
        key=event.key,
        data=event.encode(),
    )


def household(
    who: Somebody,
    *,
    version: int = 1,
    birth_year: int = 1950,
    klass: HouseholdClass | None = "poor",
    area_code: str = "08566",
) -> Event:
    """Return a household of one person; without a class nobody has decided on it."""
    standings: tuple[Standing, ...] = ()
    if klass is not None:
        standings = (Standing(standard=STANDARD, household_class=klass, decided_on=date(2026, 1, 5)),)
    member = Member(person_id=who.person_id, sex="female", birth_year=birth_year, ethnicity="03", is_head=True)
    return HouseholdStated(
        household_id=who.household_id,
        version=version,
        area_code=area_code,
        members=(member,),
        standings=standings,
        recorded_at=clock.now(),
    )


def number_of(who: Somebody, ending: str = "12345") -> str:
    """Return the number of somebody's own account; by its last five digits the simulated bank knows what to do."""
    return f"{who.person_id.int % 10**13:013d}{ending}"


def person(
    who: Somebody, *, version: int = 1, number: str | None = "", holder: str = "Đặng Thị Lan", **told: Any
) -> Event:
    """Return a person with an account at the payer's bank: that number, their own, or with none where it is None.

    `told` is what else its event says of the account.
    """
    opened = OpenAccount(BIN, number or number_of(who), holder)
    account = None if number is None else sealed_account(KEYS.people, who.person_id, opened, **told)
    return PersonStated(
        household_id=who.household_id,
        person_id=who.person_id,
        version=version,
        full_name="Đặng Thị Lan",
        is_head=True,
        account=account,
    )


def approval_of(application: Any, **more: Any) -> dict[str, Any]:
    """Return the decision that approves an application by what was seen."""
    return {"approve": True, "content_hash": application["content_hash"]} | more


class Benefits:
    """A client of one benefits service that may look into its database."""

    def __init__(self, app: FastAPI, *, headers_of: Callable[[str], dict[str, str]] = bearer) -> None:
        self.app = app
        self._headers_of = headers_of
        self.database: Database = app.state.database
        # Tests share a bank; accounts and the ids of files must differ there.
        self.payer = "T" + uuid4().hex[:10].upper()
        self.payer_number = "1900" + uuid4().hex[:12].upper()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://benefits/benefits/v1", headers=headers_of("maker")
        )

    async def send(self, path: str, body: Any, *, actor: str = "maker", key: str | None = None) -> httpx.Response:
        """Post a body and return the answer, whatever it is."""
        headers = {"Idempotency-Key": key or uuid4().hex} | self._headers_of(actor)
        return await self.client.post(path, json=body, headers=headers)

    async def post(self, path: str, body: Any, *, actor: str = "maker", status: int = 201) -> Any:
        """Post a body and return the answer, which must have that status."""
        answer = await self.send(path, body, actor=actor)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, **query: str) -> Any:
        """Return what a path shows."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def hear(self, *events: Event) -> None:
        """Deliver events of the registry."""
        async with self.database.transaction() as session:
            await apply(session, BENEFICIARIES, [message_of(event) for event in events])

    async def open_fund(self, budget: int = 1_000_000_000, *, money: int | None = None, bank: str = "simbank") -> None:
        """Register the fund with a budget, its payer account, and as much money there unless told otherwise."""
        await self.post("/funds", {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh"})
        await self.allot(FUND, budget)
        payer = {"code": self.payer, "bank": bank, "bin": BIN, "number": self.payer_number, "holder": "Sở Y tế"}
        await self.approve_proposal(await self.post("/payer-accounts", payer | {"fund": FUND}))
        if money != 0:
            await self.money_arrives(FUND, self.payer, money or budget)

    async def money_arrives(self, fund: str, payer: str, amount: int) -> Any:
        """Let a fund's money arrive in a payer account, as two people say it did; return the contribution."""
        given = await self.post(f"/funds/{fund}/contributions", {"amount": amount, "reference": f"KBNN {uuid4().hex}"})
        arrival = {"payer_account": payer, "voucher": "KBNN 0251/UNC"}
        await self.approve_proposal(await self.post(f"/contributions/{given['id']}/arrival", arrival))
        return given

    async def allot(self, fund: str, amount: int) -> None:
        """Give a fund's budget to the programme, as two people."""
        allotment = {"programme": PROGRAMME, "amount": amount}
        await self.approve_proposal(await self.post(f"/funds/{fund}/allotments", allotment))

    async def approve_proposal(self, proposal: Any, *, actor: str = "checker") -> Any:
        """Approve a proposal by what was seen."""
        path = proposal["approve_at"].removeprefix("/benefits/v1")
        return await self.post(path, {"content_hash": proposal["content_hash"]}, actor=actor)

    async def settle_in(self, **given: Any) -> Somebody:
        """Make a poor old person known."""
        who = Somebody(new_id(), new_id())
        account = {"number": given.pop("number")} if "number" in given else {}
        await self.hear(household(who, **given), person(who, **account))
        return who

    async def apply_for(self, who: Somebody) -> Any:
        """Apply for the programme today."""
        body = {
            "programme": PROGRAMME,
            "household_id": str(who.household_id),
            "person_id": str(who.person_id),
            "applied_on": clock.today().isoformat(),
        }
        return await self.post("/applications", body)

    async def award(self, who: Somebody, *, fund: str = FUND) -> Any:
        """Apply and approve; return the award."""
        application = await self.apply_for(who)
        path = f"/applications/{application['id']}/decision"
        decided = await self.post(path, approval_of(application, fund=fund), actor="checker")
        return await self.get(f"/awards/{decided['decision']['award_id']}")

    async def award_of(self, amount: int, **given: Any) -> Somebody:
        """Award over 750,000 VND a month, to choose a fault of the bank by the amount's last digits."""
        who = await self.settle_in(**given)
        award = await self.award(who)
        extra = (amount - award["monthly_amount"]) * (13 - int(award["first_month"][5:]))
        purpose = Purpose(FUND, PROGRAMME, int(award["first_month"][:4]))
        async with self.database.transaction() as session:
            changed = text("UPDATE award SET monthly_amount = :amount WHERE id = :id")
            await session.execute(changed, {"amount": amount, "id": award["id"]})
            await commit_budget(session, purpose, extra, cause=uuid4().hex, actor="test", on=clock.today())
        return who

    def run_body(self, payer: str | None = None, **more: Any) -> dict[str, Any]:
        """Return what asks for this month's run."""
        body = {"programme": PROGRAMME, "period": f"{clock.today():%Y-%m}", "payer_account": payer or self.payer}
        return body | more

    async def prepare(self, *, actor: str = "maker", payer: str | None = None, **more: Any) -> Any:
        """Prepare this month's run."""
        return await self.post("/runs", self.run_body(payer, **more), actor=actor)

    async def correct_account(self, who: Somebody) -> None:
        """Tell of another account of somebody."""
        await self.hear(person(who, version=2, number="3120205154321"))

    async def approve(self, run: Any, *, actor: str = "checker") -> Any:
        """Approve a run by what was seen."""
        return await self.post(f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}, actor=actor)

    async def unexplained_credit(self, amount: int) -> str:
        """Book a credit that nobody can explain, as a statement would; return its place."""
        return await self.unexplained("credit", amount)

    async def unexplained(self, side: Literal["credit", "debit"], amount: int, end_to_end_id: str | None = None) -> str:
        """Book an entry that nobody can explain, as a statement would; return its place."""
        async with self.database.transaction() as session:
            payer = await accounts.payer(session, self.payer, lock=True)
            assert payer is not None
            number = (payer.reconciled_sequence or 0) + 1
            before = payer.reconciled_closing or 0
            entry = Entry(
                1, side, amount, clock.today(), end_to_end_id, None, None, is_return=False, return_reason=None
            )
            nothing = None, None
            said = Statement(
                "S",
                number,
                self.payer_number,
                clock.today(),
                before,
                before + (amount if side == "credit" else -amount),
                *nothing,
                totals_of([(side, amount)]),
                [entry],
            )
            message = await messages.keep(
                session, bank="simbank", kind="camt.053", external_id=uuid4().hex, content=b"-", now=clock.now()
            )
            await apply_statement(session, self.payer, message.id, said, clock.now())
        return f"{self.payer}/{number}/1"

    async def bank_says(self, who: Somebody, verdict: Verdict, name: str | None = None) -> None:
        """Keep what a bank said of the account of somebody's order."""
        async with self.database.transaction() as session:
            order = text("SELECT account_id FROM payment_order WHERE person_id = :person")
            account = (await session.execute(order, {"person": who.person_id})).scalar_one()
            await keep_checks(session, "simbank", {account: Verification(verdict, None, name)}, clock.now())

    async def make_unknown(self, message_id: str) -> None:
        """Let the outcome of a file be unknown, as a call that was cut off leaves it."""
        async with self.database.transaction() as session:
            for table in ("payment_file", "payment_instruction"):
                unknown = text(f"UPDATE {table} SET state = 'UNKNOWN' WHERE message_id = :message")
                await session.execute(unknown, {"message": message_id})

    async def forget_a_payment(self, amount: int = 123_000) -> str:
        """Let the bank know a payment that our books do not; return its end-to-end id."""
        key, message = uuid4().hex[:26].upper(), f"{self.payer}-20260101-{uuid4().hex[:6].upper()}"
        copied = Copied(key, uuid4(), amount, BIN, "9999888877776666", uuid4().hex.upper(), clock.today())
        async with self.database.transaction() as session:
            await recovery.stop(session, f"bank-{key.lower()}", "declared", "test", clock.now())
            found = await recovery.open_recovery(session, f"bank-{key.lower()}")
            assert found is not None
            await recovery.note(session, found.id, self.payer, [message])
            await recovery.keep(session, message, b"<Document/>", [copied], frozenset(), clock.now())
        return key

    async def share_an_account(self) -> str:
        """Let two people name one account as their own, so that neither is paid; return the account's id."""
        number = number_of(Somebody(new_id(), new_id()))
        for _ in range(2):
            await self.award(await self.settle_in(number=number))
        before = {one["id"] for one in (await self.get("/shared-accounts", limit="500"))["items"]}
        run = await self.prepare(actor="checker")
        await self.post(f"/runs/{run['id']}/refusal", {"note": "Rút lại"})
        found = {one["id"] for one in (await self.get("/shared-accounts", limit="500"))["items"]}
        [account] = found - before
        return str(account)

    async def forget_a_debit(self) -> tuple[str, str]:
        """Let a statement show a payment that our books do not know, and an order wait that it may have paid.

        Returns the end-to-end id and the order's id.
        """
        who = await self.settle_in(number=None)
        await self.award(who)
        run = await self.prepare(actor="maker")
        order = await self.order_of(who)
        await self.post(f"/runs/{run['id']}/refusal", {"note": "Rút lại"}, actor="checker")
        key = await self.forget_a_payment(order["amount"])
        await self.unexplained("debit", order["amount"], key)
        return key, str(order["id"])

    async def at_the_bank(self) -> Any:
        """Return a new order whose attempt the bank has."""
        who = await self.settle_in()
        await self.award(who)
        await self.approve(await self.prepare())
        order = await self.order_of(who)
        moved = text("UPDATE payment_instruction SET state = 'SENT' WHERE order_id = :order")
        async with self.database.transaction() as session:
            await session.execute(moved, {"order": order["id"]})
        return order

    async def at_a_cash_point(self) -> tuple[str, dict[str, Any]]:
        """Return a list that a cash point was given, and what somebody may type of it: that it paid the one person."""
        code, who = f"C{uuid4().hex[:8].upper()}", await self.settle_in(number=None)
        await self.award(who)
        payer = {"code": code, "bank": "simbank", "bin": BIN, "number": f"BD{code}", "holder": "Bưu điện", "fund": FUND}
        await self.approve_proposal(await self.post("/payer-accounts", payer))
        async with self.database.transaction() as session:
            await session.execute(text("UPDATE payer_account SET in_cash = true WHERE code = :code"), {"code": code})
        await self.money_arrives(FUND, code, 100_000_000)  # for who else waits for cash, too
        await self.approve(await self.prepare(payer=code))
        [attempt] = (await self.order_of(who))["instructions"]
        await self.make_unknown(attempt["message_id"])
        today = clock.today().isoformat()
        received = [{"amount": 1_000_000, "on": today, "reference": "KBNN 0251"}]
        typed = {"paid_on": today, "paid": [attempt["end_to_end_id"]], "received": received, "paper": "Biên bản 12/BĐ"}
        return attempt["message_id"], typed

    async def order_of(self, who: Somebody) -> Any:
        """Return the order of a person with its attempts."""
        [order] = (await self.get("/orders", household_id=str(who.household_id)))["items"]
        return await self.get(f"/orders/{order['id']}")

    async def events(self, *kinds: type[Event]) -> list[Any]:
        """Return the published events of those types, in the order in which they were written."""
        connection = await self.database.connect()
        try:
            rows = await connection.fetch("SELECT type, data FROM outbox ORDER BY seq")
        finally:
            await connection.close()
        found = [EVENT_TYPES[row["type"]].model_validate_json(row["data"]) for row in rows]
        return [event for event in found if isinstance(event, kinds)]

    async def balances(self) -> dict[str, int]:
        """Return debits less credits of each account, over all funds, where it is not zero."""
        found: dict[str, int] = {}
        for one in (await self.get("/ledger/trial-balance"))["accounts"]:
            found[one["account"]] = found.get(one["account"], 0) + one["debit"] - one["credit"]
        return {account: balance for account, balance in found.items() if balance}

    async def broken_invariants(self) -> list[Any]:
        """Return the invariants of the books that do not hold."""
        async with self.database.transaction() as session:
            return [one for one in await run_checks(session, CHECKS) if not one.ok]


class Through:
    """A bank with the service's payer account, and the service's work with it, done until something is seen."""

    def __init__(self, benefits: Benefits, bank: SimulatedBank, work: BankWork) -> None:
        self.benefits = benefits
        self.bank = bank
        self.url = str(bank.client.base_url)
        self.work = work

    async def round(self) -> None:
        """Let every worker do what it can do now."""
        for step in (self.work.send, self.work.status, self.work.statements):
            while await step(self.benefits.database):
                pass

    async def close_day(self) -> None:
        """Let the bank close the payer account's statement."""
        await self.bank.close(self.benefits.payer_number)

    async def next_day(self) -> None:
        """Let a day pass at the bank, and its statement of all of this day come."""
        await self.bank.next_day(self.benefits.payer_number)

    async def until_proven_unpaid(self, who: Somebody) -> Any:
        """Work until the bank has refused to pay somebody and a statement has proven it; return the order."""
        refused = await self.until_attempt(who, "REFUSED")
        assert refused["state"] == "INSTRUCTED"
        await self.next_day()
        return await self.until_attempt(who, "REJECTED")

    async def until_attempt(self, who: Somebody, state: str) -> Any:
        """Work until the last attempt to pay somebody is in a state; return the order."""

        async def there() -> Any:
            await self.round()
            order = await self.benefits.order_of(who)
            attempts = order["instructions"]
            return order if attempts and attempts[-1]["state"] == state else None

        return await until(there, within=30, describe=f"the attempt is {state}")

    async def until_attempt_of(self, order_id: UUID, state: str) -> Any:
        """Work until the last attempt to pay an order is in a state; return the order."""

        async def there() -> Any:
            await self.round()
            order = await self.benefits.get(f"/orders/{order_id}")
            return order if order["instructions"][-1]["state"] == state else None

        return await until(there, within=30, describe=f"the attempt is {state}")

    async def truth_of(self, who: Somebody) -> list[Any]:
        """Return what really happened at the bank with the attempts to pay somebody."""
        truth = await self.bank.truth()
        attempts = (await self.benefits.order_of(who))["instructions"]
        return [truth[one["end_to_end_id"]] for one in attempts if one["end_to_end_id"] in truth]
