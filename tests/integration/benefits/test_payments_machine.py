"""Whatever people, crashes and the bank do and in whichever order, nobody is paid twice and no đồng is lost.

A stateful test: the service over a real database, the simulated bank's own code, and one clock for both, which only
the test moves. `ANSINH_SOAK` makes it long.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from unittest.mock import patch
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deploy.bank import accounts, execution, hours, payments, statements
from deploy.bank.accounts import Registration
from deploy.bank.app import open_bank
from deploy.bank.store import Terms
from services.benefits.app import build
from services.benefits.payments import incoming
from services.benefits.payments.incoming import take_report, take_statement
from services.benefits.payments.store import outcomes
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared import clock
from shared.clock import VIETNAM
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import BIN, Benefits
from tests.support.access import grant
from tests.support.bank_in_process import BankInProcess, Cut, Died
from tests.support.bank_words import report, status
from tests.support.many_awards import Due, award_many
from tests.support.postgres import Databases
from tests.support.simulated_bank import FUNDS
from tests.support.tokens import bearer

SOAK = bool(os.environ.get("ANSINH_SOAK"))
EXAMPLES, STEPS = (300, 60) if SOAK else (5, 25)
T = TypeVar("T")

_OPENS, _CLOSES = time(9, 0), time(23, 59, 59)
DUES = (
    Due(750_000),
    Due(751_000, ending="90104"),  # a closed account
    Due(752_120),  # AM04
    Due(753_108),  # back after two days
    Due(754_111),  # called settled, never debited
    Due(755_115),  # refused after it was booked, and back
    Due(756_123),  # called refused for want of money, and debited when there is some
    Due(757_000, ending="90117"),  # pending for a day
    Due(758_114),  # refused in execution
)
_REFUSED_AND_DEBITED = next(one for one in DUES if one.amount % 1_000 == 123)
_ATTEMPTS = (
    "SELECT i.end_to_end_id, i.order_id, o.amount, o.state FROM payment_instruction i"
    " JOIN payment_order o ON o.id = i.order_id"
)


class PaymentsAtWork(RuleBasedStateMachine):
    """Runs, senders, readers and people over one month's payments, and a bank that they reach or not."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    databases: ClassVar[Databases]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(dues=st.lists(st.sampled_from(DUES), min_size=1, max_size=4))
    def open(self, dues: list[Due]) -> None:
        self.now = datetime.combine(clock.today(), _OPENS, VIETNAM)
        self.clock = patch.object(clock, "now", lambda: self.now)
        self.clock.start()
        self.folder = Path(tempfile.mkdtemp())
        there = open_bank(self.folder, Terms(bin=BIN, day=86_400, execution_delay=60), lambda: self.now)
        self.bank = BankInProcess(there, BANK)
        self.work = BankWork(self.bank, lease=timedelta(0))
        self.heard: list[tuple[str, bytes]] = []
        self.closed = 0
        self.run: str | None = None
        self.do(self._open([_REFUSED_AND_DEBITED, *dues]))
        accounts.register(there, Registration(self.benefits.payer_number, BIN, None, FUNDS, "open"))
        self.pay()

    async def _open(self, dues: Sequence[Due]) -> None:
        self.url = await self.databases.create("benefits")
        log = EventLogSettings(eventlog_url=self.url)
        wanted = BenefitsSettings(service="benefits", database_url=self.url, event_log=log, bank_simulated=True)
        tokens = {who: bearer(who) for who in ("maker", "checker")}
        self.benefits = Benefits(build(wanted), headers_of=tokens.__getitem__)
        await grant(self.benefits.database, *tokens)
        await self.benefits.open_fund(FUNDS)
        await award_many(self.benefits, dues)

    def teardown(self) -> None:
        if hasattr(self, "benefits"):
            self.do(self.benefits.client.aclose())
            self.do(self.benefits.database.close())
            self.do(self.databases.drop(self.url))
            self.bank.there.database.close()
            shutil.rmtree(self.folder)
            self.clock.stop()

    # People

    @rule()
    def pay(self) -> None:
        prepared = self.do(self.benefits.prepare())
        if prepared["declared_count"]:
            self.do(self.benefits.approve(prepared))
            self.run = prepared["id"]
            self.send(None)

    @precondition(lambda self: self.run is not None)
    @rule()
    def pay_again_what_failed(self) -> None:
        prepared = self.do(self.benefits.post(f"/runs/{self.run}/follow-up", None))
        if prepared["declared_count"]:
            self.do(self.benefits.approve(prepared))
            self.send(None)

    @precondition(lambda self: self.run is not None)
    @rule(how=st.sampled_from(["pause", "resume"]))
    def stop_or_go_on(self, how: str) -> None:
        self.do(self.benefits.send(f"/runs/{self.run}/{how}", {"reason": "Chờ xác minh"} if how == "pause" else None))

    @precondition(lambda self: self.run is not None)
    @rule(which=st.integers(0, 20))
    def cancel_an_order(self, which: int) -> None:
        self.do(self._cancel(which))

    async def _cancel(self, which: int) -> None:
        found = await self._rows("SELECT id FROM payment_order ORDER BY id")
        order: UUID = found[which % len(found)]["id"]
        async with self.benefits.database.transaction() as session:
            await outcomes.cancel_order(session, order, why="lapsed", actor="checker", now=self.now)

    # Senders, which may die at any step

    @rule(
        cut=st.sampled_from([None, None, "dies before", "dies after", "not sent", "no answer", "refused though taken"])
    )
    def send(self, cut: Cut | None) -> None:
        self.bank.cut = cut
        with suppress(Died):
            self.do(self.work.send(self.benefits.database))
        self.bank.cut = None

    @rule()
    def two_send_at_once(self) -> None:
        self.do(self._at_once(self.work.send, self.work.send))

    @rule()
    def ask(self) -> None:
        self.do(self.work.status(self.benefits.database))

    async def _at_once(self, *steps: Any) -> None:
        await asyncio.gather(*(step(self.benefits.database) for step in steps))

    # What the bank tells: twice, late, in another order, or otherwise than it does

    @rule(which=st.integers(0, 20))
    def the_bank_writes_a_report(self, which: int) -> None:
        files = sorted({one["message_id"] for one in payments.truth(self.bank.there, None)})
        if files:
            message = files[which % len(files)]
            self.heard.append((message, payments.status_report(self.bank.there, message) or b""))

    @precondition(lambda self: self.heard)
    @rule(which=st.integers(0, 20))
    def a_report_comes(self, which: int) -> None:
        message, content = self.heard[which % len(self.heard)]
        self.do(take_report(self.benefits.database, BANK, message, content))

    @rule(which=st.integers(0, 20), code=st.sampled_from(["RJCT", "ACSC", "ACSP"]))
    def the_bank_says_otherwise_than_it_does(self, which: int, code: str) -> None:
        """It does so on the day on which it has the payment, and has done what it does when that day ends."""
        truth = payments.truth(self.bank.there, None)
        today = [one for one in truth if one["history"][0]["at"][:10] == f"{self.now.astimezone():%Y-%m-%d}"]
        going = [one for one in today if one["amount"] == DUES[0].amount]
        if going:
            one = going[which % len(going)]
            content = report(
                one["message_id"],
                [status(one["end_to_end_id"], code, "AM04" if code == "RJCT" else None)],
                number=len(self.heard),
            )
            self.heard.append((one["message_id"], content))
            self.do(take_report(self.benefits.database, BANK, one["message_id"], content))

    @rule()
    def statements_are_read(self) -> None:
        self.bank.given = self.closed
        self.do(self.work.statements(self.benefits.database))

    @rule()
    def two_read_statements_at_once(self) -> None:
        self.bank.given = self.closed
        self.do(self._at_once(self.work.statements, self.work.statements, self.work.status))

    @precondition(lambda self: self.closed)
    @rule(which=st.integers(0, 20))
    def a_statement_comes(self, which: int) -> None:
        """Whichever: one that is late, one that was read, one before its turn."""
        self.do(self._statement(1 + which % self.closed))

    @precondition(lambda self: self.closed)
    @rule(which=st.integers(0, 20))
    def who_applies_a_statement_dies_at_its_end(self, which: int) -> None:
        with patch.object(incoming, "_settle", side_effect=Died), suppress(Died):
            self.do(self._statement(1 + which % self.closed))

    async def _statement(self, sequence: int) -> None:
        raw = self.bank.statement(self.benefits.payer_number, sequence)
        await take_statement(self.benefits.database, BANK, self.benefits.payer, raw)

    # The bank

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        ends = datetime.combine(self.now.date(), _CLOSES, VIETNAM) - timedelta(minutes=5)
        self.now = min(self.now + timedelta(minutes=minutes), ends)
        hours.do_due(self.bank.there)

    @rule()
    def the_bank_does_what_waits_for_a_person(self) -> None:
        execution.let_go_on(self.bank.there)
        hours.do_due(self.bank.there)

    @rule()
    def the_bank_closes_a_statement(self) -> None:
        self.closed = statements.close(self.bank.there, self.benefits.payer_number).sequence

    @rule()
    def the_day_ends(self) -> None:
        self.the_bank_does_what_waits_for_a_person()
        self.now = datetime.combine(self.now.date(), _CLOSES, VIETNAM)
        hours.do_due(self.bank.there)
        self.the_bank_closes_a_statement()
        self.now = datetime.combine(self.now.date() + timedelta(days=1), _OPENS, VIETNAM)
        hours.do_due(self.bank.there)

    @rule()
    def all_comes_to_rest(self) -> None:
        """Nobody interferes for some days: then all that went out is on statements, and the rest can be paid."""
        if self.run is not None:
            self.do(self.benefits.send(f"/runs/{self.run}/resumption", None))
        for _ in range(4):
            self.do(self._all_there_is())
            self.the_day_ends()
        self.do(self._all_there_is())
        self._at_rest(self.do(self._rows(_ATTEMPTS)))

    async def _all_there_is(self) -> None:
        self.bank.given = self.closed
        for step in (self.work.send, self.work.status, self.work.statements):
            for _ in range(50):
                if not await step(self.benefits.database):
                    break

    def _at_rest(self, attempts: Sequence[Any]) -> None:
        moved = self._moved()
        for order in {row["order_id"] for row in attempts}:
            mine = [row for row in attempts if row["order_id"] == order]
            net = sum(moved.get(row["end_to_end_id"], 0) for row in mine)
            assert (net == mine[0]["amount"]) == (mine[0]["state"] == "PAID"), mine
            assert net in (0, mine[0]["amount"]), mine
        money = self.do(self._rows("SELECT reconciled_closing FROM payer_account"))[0][0]
        assert money == accounts.standing(self.bank.there, self.benefits.payer_number).balance

    # What holds after each step

    def _moved(self) -> Mapping[str, int]:
        truth = payments.truth(self.bank.there, None)
        return {one["end_to_end_id"]: one["debited"] - one["returned"] for one in truth}

    async def _rows(self, query: str) -> Sequence[Any]:
        connection = await self.benefits.database.connect()
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    @invariant()
    def our_books_hold(self) -> None:
        assert self.do(self.benefits.broken_invariants()) == []

    @invariant()
    def the_bank_debits_each_order_once_at_most_and_nothing_that_is_not_one(self) -> None:
        orders = {row["end_to_end_id"]: row for row in self.do(self._rows(_ATTEMPTS))}
        debited: dict[UUID, int] = {}
        for key, net in self._moved().items():
            assert net == 0 or key in orders
            if net:
                debited[orders[key]["order_id"]] = debited.get(orders[key]["order_id"], 0) + net
        assert all(
            net <= next(r["amount"] for r in orders.values() if r["order_id"] == o) for o, net in debited.items()
        )

    @invariant()
    def nobody_is_told_to_be_paid_twice(self) -> None:
        told: dict[UUID, int] = {}
        for event in self.do(self.benefits.events(PaymentSettled, PaymentReturned)):
            told[event.order_id] = told.get(event.order_id, 0) + (1 if isinstance(event, PaymentSettled) else -1)
        assert set(told.values()) <= {0, 1}


def test_nobody_is_paid_twice_whatever_happens(databases: Databases) -> None:
    PaymentsAtWork.databases = databases
    PaymentsAtWork.loop = asyncio.new_event_loop()
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    # What was found is told at once; to make it small takes minutes.
    phases = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if SOAK else [])]
    wanted = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=phases,
        suppress_health_check=quiet,
        print_blob=True,
    )
    try:
        run_state_machine_as_test(PaymentsAtWork, settings=wanted)
    finally:
        PaymentsAtWork.loop.close()
