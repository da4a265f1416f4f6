"""Whatever bytes come from a bank, in whatever order and however often: read, or refused, and the same in the end."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.benefits.ledger.domain.journal import Purpose
from services.benefits.payments.bank import lists
from services.benefits.payments.domain.callbacks import read_callback
from services.benefits.payments.domain.matching import Attempt, Matcher, Outcome
from services.benefits.payments.domain.statement import Entry, refusal
from services.benefits.payments.domain.states import InstructionState as State
from services.benefits.payments.domain.statuses import STATUS_CODES, change_by
from services.benefits.payments.iso20022 import camt029, camt053, camt054, pain002
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.iso20022.reading import MOST_RECORDS, Unreadable
from tests.support.bank_words import Booked, advice, answer, statement
from tests.unit.benefits.payment_samples import CAMT_053, FIRST, PAIN_002, written

_LIST = (
    b"account,sequence,date,opening,closing\n1900999988887777,3,2026-11-30,0,860000\n"
    b"line,end_to_end_id,amount,date,note\nreceived,,1360000,2026-11-24,KBNN\npaid,A,500000,2026-11-25,\n"
    b"unpaid,B,860000,,CNPC\nlost,C,1,,\nunpaid,,1,,\n"
)
READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "pain.002": (pain002.read, PAIN_002.encode()),
    "camt.053": (camt053.read, CAMT_053.encode()),
    "camt.054": (camt054.read, advice("1900", [Booked(-500, "A", reference="R")])),
    "camt.029": (camt029.read, answer("A", "RJCR", "PTNA")),
    "list": (lists.read, _LIST),
    "pain.001": (findings, written()),
    "callback": (read_callback, b'{"event_id": "a", "kind": "statement", "subject": "b"}'),
}
of_each = pytest.mark.parametrize("kind", READERS)


@of_each
@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=300), seed=st.integers(0, 2**32))
def test_no_bytes_make_a_reader_fail(kind: str, noise: bytes, seed: int) -> None:
    read, sample = READERS[kind]
    dice = random.Random(seed)
    spoiled = bytearray(sample)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(spoiled))
        match dice.randrange(4):
            case 0:
                spoiled[at] = dice.randrange(256)
            case 1:
                del spoiled[at : at + dice.randrange(1, 40)]
            case 2:
                spoiled[at:at] = noise[:40]
            case _:
                spoiled += spoiled[at : at + 60]
        if not spoiled:
            spoiled = bytearray(b"<")
    for raw in (noise, bytes(spoiled)):
        with suppress(Unreadable):
            read(raw)


@pytest.mark.parametrize("kind", ["pain.002", "camt.053", "camt.054", "camt.029", "pain.001"])
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(
            lambda xml: xml.replace(b"<Document", b'<!DOCTYPE d [<!ENTITY a "b">]><Document', 1), id="DOCTYPE"
        ),
        pytest.param(lambda xml: xml.decode().encode("utf-16"), id="an encoding that hides a DOCTYPE"),
        pytest.param(
            lambda xml: xml.replace(b"</Document>", b"<x>" * 300 + b"</x>" * 300 + b"</Document>"), id="depth"
        ),
        pytest.param(lambda xml: xml + b" " * (64 << 20), id="size"),
        pytest.param(lambda xml: xml + xml, id="two documents"),
    ],
)
def test_a_hostile_message_is_refused_whole(kind: str, hostile: Callable[[bytes], bytes]) -> None:
    read, sample = READERS[kind]
    if read is findings:
        assert findings(hostile(sample)) != []
        return
    with pytest.raises(Unreadable):
        read(hostile(sample))


def test_a_message_has_a_largest_number_of_records() -> None:
    entry = CAMT_053[CAMT_053.index("<Ntry>") : CAMT_053.index("</Ntry>") + len("</Ntry>")]
    small = "<Ntry><Amt Ccy='VND'>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>"
    with pytest.raises(Unreadable, match="records"):
        camt053.read(CAMT_053.replace(entry, small * (MOST_RECORDS + 1)).encode())


def test_a_list_of_paid_and_unpaid_lines_is_a_statement() -> None:
    paid = lists.read(_LIST)
    assert refusal(paid.statement, "1900999988887777", None) is None
    assert [(one.side, one.amount) for one in paid.statement.entries] == [("credit", 1_360_000), ("debit", 500_000)]
    assert [(one.end_to_end_id, one.reason) for one in paid.unpaid] == [("B", "CNPC")]
    assert [(one.ordinal, one.reason) for one in paid.faults] == [(4, "unknown_line"), (5, "no_end_to_end_id")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"account,sequence", b"account;sequence"),
        (b"paid,A,500000", b"paid,A,500.000"),
        (b"2026-11-30,0", b"30/11/2026,0"),
        (b"0,860000", b"0,-1"),
        (b"received", b"\xff\xfe"),
    ],
)
def test_a_list_whose_money_cannot_be_read_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Unreadable):
        lists.read(_LIST.replace(old, new, 1))


@given(
    codes=st.lists(st.sampled_from(sorted(set(STATUS_CODES) - {"RJCT", "CANC"})), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
    refused=st.booleans(),
)
def test_reports_in_any_order_and_number_lead_to_the_same_state(codes: list[str], seed: int, refused: bool) -> None:
    """Refused and settled contradict each other, whichever was heard first: then the money must come back."""
    history = [*codes, "RJCT"] if refused else codes

    def end(order: list[str]) -> tuple[State, int]:
        state, rank = State.SENT, 0
        for code in order:
            change = change_by(code, state, rank)
            if change is not None:
                state, rank = change.state, change.rank
        return state, rank

    dice = random.Random(seed)
    shuffled = [*history, *dice.choices(history, k=4)]
    dice.shuffle(shuffled)
    assert end(shuffled) == end(history)
    if refused:
        settled = any(STATUS_CODES[code].rank >= STATUS_CODES["ACSC"].rank for code in codes)
        assert end(shuffled)[0] is (State.RETURN_EXPECTED if settled else State.REFUSED)


_UUIDS = [UUID(int=number) for number in range(1, 5)]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["debit", "credit"]), st.booleans()), max_size=12))
def test_no_statement_pays_an_attempt_twice_or_makes_books_that_do_not_balance(
    lines: list[tuple[int, str, bool]],
) -> None:
    attempts = {
        f"E{n}": Attempt(
            _UUIDS[n], _UUIDS[n], 1_000 + n, Purpose("F", "p", 2026), State.SENT, None, str(_UUIDS[n]), "R"
        )
        for n in range(3)
    }
    entries = [
        Entry(i, side, 1_000 + n, date(2026, 11, 23), f"E{n}", None, None, is_return, None)  # type: ignore[arg-type]
        for i, (n, side, is_return) in enumerate(lines, 1)
    ]
    judged = Matcher(fund="F", bank_account="P", attempts=attempts, pledges={}, largest_kept=66_000).judge(entries)
    assert len(judged) == len(entries)
    for key in _UUIDS[:3]:
        mine = [one.outcome for one in judged if one.attempt is not None and one.attempt.instruction_id == key]
        assert mine.count(Outcome.PAID) <= 1
        assert mine.count(Outcome.RETURNED) <= mine.count(Outcome.PAID)


def test_entries_that_tell_their_payments_apart_are_a_line_for_each() -> None:
    batch = Booked(-1_360_000, details=((FIRST.end_to_end_id, 500_000), ("B", 860_000)))
    [first, second] = camt053.read(statement("1900", 1, 0, [batch])).statement.entries
    assert (first.number, first.amount, second.number, second.amount) == (1, 500_000, 1, 860_000)
    wrong = Booked(-1_360_000, details=((FIRST.end_to_end_id, 500_000), ("B", 860_001)))
    [whole] = camt053.read(statement("1900", 1, 0, [wrong])).statement.entries
    assert (whole.amount, whole.end_to_end_id, whole.fault) == (1_360_000, None, "details_do_not_add_up")


def test_an_entry_without_a_day_is_a_line_with_a_fault_and_the_balance_holds() -> None:
    read = camt053.read(statement("1900", 1, 0, [Booked(-5_000, "A", day="?"), Booked(7_000)])).statement
    assert [one.fault for one in read.entries] == ["no_booking_date", None]
    assert refusal(read, "1900", None) is None
