"""Whatever is asked of the bank and in whichever order, its book balances and its statements chain."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from deploy.bank import accounts, book, execution, payments, statements
from deploy.bank.accounts import Registration
from deploy.bank.app import open_bank
from deploy.bank.book import InsufficientFunds, Line, Tag, UnbalancedPosting, UnknownAccount
from deploy.bank.faults import BY_ACCOUNT, BY_AMOUNT, behaviour
from deploy.bank.store import Bank, Terms
from tests.support.payment_files import Pay, message_id, payment_file
from tests.support.simulated_bank import assert_chain, read_statement

PAYERS = ("1900201000017", "1900201000024")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

amounts = st.builds(
    lambda thousands, ending: thousands * 1000 + ending, st.integers(1, 900), st.sampled_from([0, *BY_AMOUNT])
)
pays = st.builds(
    Pay,
    amount=amounts,
    account=st.sampled_from([f"31202055{suffix}" for suffix in ("23456", "23457", *BY_ACCOUNT)]),
    bin=st.sampled_from(["970405", "970436", "999888"]),
)


class BankAtWork(RuleBasedStateMachine):
    """A bank of two payers that may pay each other's customers, be credited and closed at any time."""

    @initialize(fee=st.sampled_from([0, 1_100]), funds=st.integers(0, 2_000_000))
    def open(self, fee: int, funds: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.now = NOW
        self.bank = open_bank(self.folder, Terms(interbank_fee=fee, execution_delay=60), lambda: self.now)
        for payer in PAYERS:
            accounts.register(self.bank, Registration(payer, self.bank.terms.bin, None, funds, "open"))

    def teardown(self) -> None:
        self.bank.database.close()
        shutil.rmtree(self.folder)

    @rule(payer=st.sampled_from(PAYERS), batch=st.lists(pays, min_size=1, max_size=6))
    def pay(self, payer: str, batch: list[Pay]) -> None:
        message = message_id()
        submission = payments.submit(self.bank, message, payment_file(message, batch, payer))
        assert submission.receipt is not None

    @rule(payer=st.sampled_from(PAYERS), amount=st.integers(1, 3_000_000))
    def credit(self, payer: str, amount: int) -> None:
        accounts.credit(self.bank, payer, amount, message_id())

    @rule(seconds=st.integers(1, 90))
    def execute(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        execution.execute_due(self.bank, limit=4)

    @rule(payer=st.sampled_from(PAYERS))
    def close_one(self, payer: str) -> None:
        statements.close(self.bank, payer)

    @rule()
    def close_all(self) -> None:
        statements.close_all_with_entries(self.bank)

    @invariant()
    def the_book_balances(self) -> None:
        with self.bank.database.transaction() as db:
            trial = book.trial_balance(db)
        assert trial.balanced
        assert trial.total == 0
        assert all(one["kind"] == "internal" or int(one["balance"] or 0) >= 0 for one in trial.accounts)

    @invariant()
    def statements_chain(self) -> None:
        for payer in PAYERS:
            listed = statements.closed_after(self.bank, payer, 0)
            bodies = [statements.statement(self.bank, payer, one.sequence) or b"" for one in listed]
            assert_chain([read_statement(body) for body in bodies])

    @invariant()
    def a_payment_is_debited_exactly_when_it_was_carried_out_as_its_account_and_amount_ask(self) -> None:
        """What is told last may be anything: blocked since, refused since, or a code that nobody knows."""
        for payment in payments.truth(self.bank, None):
            way = behaviour(payment["creditor_account"], payment["amount"])
            carried_out = way.reported in {one["status"] for one in payment["history"]}
            assert payment["debited"] == carried_out * way.debits * (payment["amount"] + way.surplus)
            kept = min(way.returned.kept, payment["amount"] - 1) if way.returned else 0
            assert payment["returned"] == 0 or (way.returned and payment["returned"] == payment["amount"] - kept)


BankAtWork.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestBankAtWork = BankAtWork.TestCase


@pytest.mark.parametrize("suffix", [pytest.param("90001", id="settled at the payee's"), "90115", "23456"])
@pytest.mark.parametrize("ending", [0, 110, 115, 122])
def test_what_is_told_last_of_a_debited_payment_is_not_always_that_it_is_settled(suffix: str, ending: int) -> None:
    machine = BankAtWork()
    machine.open(fee=0, funds=1_000_000)
    try:
        machine.pay(PAYERS[0], [Pay(1_000 + ending, account=f"31202055{suffix}", bin="970405")])
        for _ in range(4):
            machine.execute(60)
            machine.a_payment_is_debited_exactly_when_it_was_carried_out_as_its_account_and_amount_ask()
        machine.close_one(PAYERS[0])
        machine.a_payment_is_debited_exactly_when_it_was_carried_out_as_its_account_and_amount_ask()
        machine.the_book_balances()
        [payment] = payments.truth(machine.bank, None)
        assert payment["debited"] == 1_000 + ending
    finally:
        machine.teardown()


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    bank = open_bank(tmp_path, Terms(), lambda: NOW)
    accounts.register(bank, Registration(PAYERS[0], bank.terms.bin, None, 1_000, "open"))
    return bank


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        pytest.param([Line(PAYERS[0], 100), Line(book.CAPITAL, -99)], UnbalancedPosting, id="a dong is missing"),
        pytest.param([Line(PAYERS[0], 0)], UnbalancedPosting, id="one side only"),
        pytest.param([Line(PAYERS[0], -1_001), Line(book.CAPITAL, 1_001)], InsufficientFunds, id="no funds"),
        pytest.param([Line("NOBODY", 100), Line(book.CAPITAL, -100)], UnknownAccount, id="nobody's account"),
    ],
)
def test_a_posting_that_is_not_right_is_refused_and_leaves_nothing(
    bank: Bank, lines: list[Line], refusal: type[Exception]
) -> None:
    with bank.database.transaction() as db:
        before = book.trial_balance(db)
        with pytest.raises(refusal):
            book.post(db, NOW, Tag("credit"), lines)
        assert book.trial_balance(db) == before
    bank.database.close()
