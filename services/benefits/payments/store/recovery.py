"""After a restore on either side: nothing is sent to a bank until all that it knows was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Result,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert

from services.benefits.accounts.store import COLUMNS, number_index
from services.benefits.payments.bank.port import Received
from services.benefits.payments.domain.identifiers import end_to_end_id
from services.benefits.payments.domain.matching import Outcome
from services.benefits.payments.domain.payees import bank_name
from services.benefits.payments.domain.states import OUT, FileState, InstructionState
from services.benefits.payments.iso20022.copies import Copied
from services.benefits.payments.store.rows import (
    COPY_CONTENT,
    clearing_table,
    entry_table,
    file_table,
    instruction_table,
    order_table,
    payee_of,
    payer_table,
    recovered_payment_table,
    recovered_table,
    recovery_table,
    with_payees,
)
from shared.db import Transaction, among
from shared.ids import new_id
from shared.keys import Keys, keys_of

Cause = Literal["foreign_files", "lost_files", "declared"]

KNOWN_TO_BANK = "known_to_bank"
"""Why an order is blocked that the bank was told to pay by a file which a restored database has forgotten."""

PERHAPS_PAID = "perhaps_paid"
"""Why an order is blocked that such a file paid somebody like: entered anew, it has another id. Two people say."""


def being_recovered(bank: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that nothing may be sent to a bank."""
    c = recovery_table.c
    return exists().where(c.bank == bank, c.released_at.is_(None))


async def open_recovery(session: Transaction, bank: str) -> Row[Any] | None:
    """Return the recovery that keeps a bank from being sent to, None when there is none."""
    c = recovery_table.c
    query = select(recovery_table).where(c.bank == bank, c.released_at.is_(None))
    return (await (await session.connection()).execute(query)).one_or_none()


async def recoveries(session: Transaction) -> Sequence[Row[Any]]:
    """Return every recovery, newest first, with what was found at the bank: files, those not read, payments, VND."""
    r, f, p = recovery_table.c, recovered_table.c, recovered_payment_table.c
    files = select(func.count()).where(f.recovery_id == r.id).correlate(recovery_table)
    paid = select(func.count(), func.coalesce(func.sum(p.amount), 0)).join(
        recovered_table, f.message_id == p.message_id
    )
    mine = paid.where(f.recovery_id == r.id).correlate(recovery_table)
    query = select(
        recovery_table,
        files.scalar_subquery().label("files"),
        files.where(f.read_at.is_(None)).scalar_subquery().label("unread"),
        mine.with_only_columns(func.count()).scalar_subquery().label("payments"),
        mine.with_only_columns(func.coalesce(func.sum(p.amount), 0)).scalar_subquery().label("total"),
    ).order_by(r.opened_at.desc())
    return (await (await session.connection()).execute(query)).all()


async def stop(session: Transaction, bank: str, cause: Cause, actor: str, now: datetime) -> bool:
    """Keep a bank from being sent to, and ask it about every file that waits; return whether it was not so already."""
    row = {"id": new_id(), "bank": bank, "cause": cause, "opened_at": now, "opened_by": actor}
    connection = await session.connection()
    statement = upsert(recovery_table).values(row).on_conflict_do_nothing()
    stopped = (await connection.execute(statement)).rowcount == 1
    again = update(recovery_table).where(recovery_table.c.bank == bank, recovery_table.c.released_at.is_(None))
    await connection.execute(again.values(walked_at=None))
    at_bank = select(payer_table.c.code).where(payer_table.c.bank == bank)
    waiting = (file_table.c.payer_account.in_(at_bank)) & (file_table.c.state == FileState.QUEUED)
    await _doubt(session, waiting, frozenset({InstructionState.QUEUED}), now)
    return stopped


async def _doubt(
    session: Transaction, files: ColumnElement[bool], states: frozenset[InstructionState], now: datetime
) -> None:
    connection = await session.connection()
    f, i = file_table.c, instruction_table.c
    statement = update(file_table).where(files).values(state=FileState.UNKNOWN, next_at=now, polls=0)
    ids = list((await connection.execute(statement.returning(f.message_id))).scalars())
    doubted = update(instruction_table).where(i.message_id.in_(ids), i.state.in_(states))
    await connection.execute(doubted.values(state=InstructionState.UNKNOWN, rank=0, version=i.version + 1))


async def lose(session: Transaction, bank: str, message_id: str, actor: str, now: datetime) -> None:
    """The bank says that it never received a file that it had taken: it lost it, and perhaps others."""
    await stop(session, bank, "lost_files", actor, now)
    lost = (file_table.c.message_id == message_id) & (file_table.c.state == FileState.SENT)
    await _doubt(session, lost, OUT - {InstructionState.QUEUED}, now)


async def payers_to_compare(session: Transaction, bank: str) -> Sequence[Row[Any]]:
    """Return the payer accounts of a bank with how far its list of their files was compared."""
    p = payer_table.c
    query = select(p.code, p.number, p.bank_mark, p.reconciled_sequence).where(p.bank == bank).order_by(p.code)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def compare(session: Transaction, payer: str, listed: Sequence[Received], now: datetime) -> Sequence[str]:
    """Lay the bank's list of a payer account's files beside ours; return the ids of those that nobody here knows of.

    Files of other programs that pay from the account are none of ours: their ids do not begin with its code. Where
    nothing is missing the list needs not be compared again.
    """
    connection = await session.connection()
    named = {one.message_id: one for one in listed if one.message_id.startswith(f"{payer}-")}
    f = file_table.c
    query = select(f.message_id, f.sha256).where(f.message_id.in_(named))
    ours = {row.message_id: row.sha256 for row in await connection.execute(query)}
    # What waits here and is there was sent before our database was restored.
    await _doubt(
        session, f.message_id.in_(ours) & (f.state == FileState.QUEUED), frozenset({InstructionState.QUEUED}), now
    )
    c = recovered_table.c
    noted = set((await connection.execute(select(c.message_id).where(c.message_id.in_(named)))).scalars())
    unknown = [id_ for id_, one in named.items() if id_ not in ours or one.sha256 not in (None, ours[id_])]
    foreign = [id_ for id_ in unknown if id_ not in noted]
    if not foreign and listed:
        mark = max(one.number for one in listed)
        statement = update(payer_table).where(payer_table.c.code == payer, payer_table.c.bank_mark < mark)
        await connection.execute(statement.values(bank_mark=mark))
    return sorted(foreign)


async def note(session: Transaction, recovery_id: UUID, payer: str, foreign: Sequence[str]) -> None:
    """Note files that the bank has and we have not."""
    if not foreign:
        return
    rows = [{"message_id": one, "recovery_id": recovery_id, "payer_account": payer} for one in foreign]
    await (await session.connection()).execute(upsert(recovered_table).values(rows).on_conflict_do_nothing())


async def unread(session: Transaction, recovery_id: UUID) -> Sequence[str]:
    """Return the ids of noted files whose copy was not read yet."""
    c = recovered_table.c
    query = select(c.message_id).where(c.recovery_id == recovery_id, c.read_at.is_(None)).order_by(c.message_id)
    return (await (await session.connection()).execute(query)).scalars().all()


async def keep(
    session: Transaction,
    message_id: str,
    copy: bytes,
    payments: Sequence[Copied],
    refused: frozenset[str],
    now: datetime,
) -> None:
    """Keep the bank's copy of a file that we do not have: what it was to pay, and which of it the bank refused."""
    connection, keys = await session.connection(), keys_of(session)
    rows = [
        {
            "end_to_end_id": one.end_to_end_id,
            "message_id": message_id,
            "amount": one.amount,
            "refused": one.end_to_end_id in refused,
            "payee_index": number_index(one.bank_bin, one.account_number, keys),
            "holder_index": _holder_index(one.holder_name, keys),
            "execution_date": one.execution_date,
            "uetr": one.uetr,
        }
        for one in payments
    ]
    if rows:
        await connection.execute(upsert(recovered_payment_table).values(rows).on_conflict_do_nothing())
    c = recovered_table.c
    values = {"read_at": now, "content": keys.data.seal_bytes(copy, COPY_CONTENT, message_id)}
    await connection.execute(update(recovered_table).where(c.message_id == message_id).values(values))


async def walked(session: Transaction, recovery_id: UUID, now: datetime) -> None:
    """All that the bank knows of was read, its statements too: two people may let files go again."""
    c = recovery_table.c
    statement = update(recovery_table).where(c.id == recovery_id, c.released_at.is_(None), c.walked_at.is_(None))
    await (await session.connection()).execute(statement.values(walked_at=now))


async def release(session: Transaction, recovery_id: UUID, actor: str, now: datetime) -> bool:
    """Let files go again; return False where there is something left to read first.

    What was sealed before all that was read, and pays what the bank was told to pay, does not go as it is.
    """
    c = recovery_table.c
    statement = update(recovery_table).where(c.id == recovery_id, c.released_at.is_(None), c.walked_at.is_not(None))
    released = statement.values(released_at=now, released_by=actor).returning(c.bank)
    bank = (await (await session.connection()).execute(released)).scalar_one_or_none()
    if bank is not None:
        await _mark_ignorant(session, bank)
    return bank is not None


async def _mark_ignorant(session: Transaction, bank: str) -> None:
    connection = await session.connection()
    f, i, o = file_table.c, instruction_table.c, order_table.c
    at_bank = select(payer_table.c.code).where(payer_table.c.bank == bank)
    waiting = f.payer_account.in_(at_bank) & f.state.in_((FileState.QUEUED, FileState.UNKNOWN))
    for message_id in (await connection.execute(select(f.message_id).where(waiting))).scalars().all():
        joined = instruction_table.join(order_table, o.id == i.order_id)
        query = with_payees(select(order_table, i.end_to_end_id, *COLUMNS).select_from(joined))
        told = await known_of(session, (await connection.execute(query.where(i.message_id == message_id))).all())
        if told.ids or told.alike:
            mine = update(file_table).where(f.message_id == message_id)
            await connection.execute(mine.values(in_ignorance=True))


@dataclass(frozen=True)
class Told:
    """What the bank was told by forgotten files: `ids` of our attempts, and orders that payments of it are `alike`."""

    ids: frozenset[str]
    alike: frozenset[UUID]


async def known_of(session: Transaction, rows: Sequence[Row[Any]]) -> Told:
    """Return what of attempts (orders with their `end_to_end_id`, PAYEE_COLUMNS) the bank was told already.

    What it had refused, and two people say that it moved no money, is as if it had not been told.
    """
    c = recovered_payment_table.c
    paid_nothing = c.refused & c.dismissed_at.is_not(None)
    query = select(c.end_to_end_id).where(among(c.end_to_end_id, [row.end_to_end_id for row in rows]), ~paid_nothing)
    ids = frozenset((await (await session.connection()).execute(query)).scalars())
    return Told(ids, await _alike(session, [row for row in rows if row.end_to_end_id not in ids]))


@dataclass(frozen=True)
class NextAttempts:
    """By order: the EndToEndId of its next attempt, and the orders of which the bank has that attempt already.

    `alike` are orders that a forgotten payment of the bank's looks like, until two people have dismissed it.
    """

    ids: Mapping[UUID, str]
    at_bank: frozenset[UUID]
    alike: frozenset[UUID]


def _holder_index(name: str, keys: Keys) -> str:
    return keys.index.of("recovered_payment.holder", bank_name(name))


# What the bank was told to pay and no order of ours is known to be: the same account or holder, amount, and a day from
# the month before the order's own on.
_ALIKE = text(
    """
    SELECT DISTINCT o.id FROM
      unnest(:orders, :payees, :holders, :amounts, :since) AS o (id, payee, holder, amount, since)
    JOIN recovered_payment r ON r.amount = o.amount AND (r.payee_index = o.payee OR r.holder_index = o.holder)
    WHERE r.dismissed_at IS NULL AND r.order_id IS NULL AND r.execution_date >= o.since
      AND NOT EXISTS (SELECT 1 FROM payment_instruction i WHERE i.end_to_end_id = r.end_to_end_id)
    """
).bindparams(
    bindparam("orders", type_=ARRAY(Uuid)),
    bindparam("payees", type_=ARRAY(TEXT)),
    bindparam("holders", type_=ARRAY(TEXT)),
    bindparam("amounts", type_=ARRAY(BigInteger)),
    bindparam("since", type_=ARRAY(Date)),
)
_CLAIM = (
    update(recovered_payment_table)
    .where(recovered_payment_table.c.end_to_end_id == bindparam("key"), recovered_payment_table.c.order_id.is_(None))
    .values(order_id=bindparam("of"))
)
_FORGOTTEN = exists().where(recovered_payment_table.c.dismissed_at.is_(None))


async def _alike(session: Transaction, orders: Sequence[Row[Any]]) -> frozenset[UUID]:
    """Return the orders (with PAYEE_COLUMNS) that payments look like which no order of ours is known to have."""
    if not orders or not (await session.execute(select(_FORGOTTEN))).scalar_one():
        return frozenset()
    keys = keys_of(session)
    found = [(row, payee) for row in orders if (payee := payee_of(row, keys)) is not None]
    wanted = {
        "orders": [row.id for row, _ in found],
        "payees": [number_index(payee.bank_bin, payee.account_number, keys) for _, payee in found],
        "holders": [_holder_index(payee.holder_name, keys) for _, payee in found],
        "amounts": [row.amount for row, _ in found],
        "since": [_month_before(row.period) for row, _ in found],
    }
    return frozenset((await session.execute(_ALIKE, wanted)).scalars())


def _month_before(period: str) -> date:
    first = date.fromisoformat(f"{period}-01")
    return (first - timedelta(days=1)).replace(day=1)


async def forgotten(session: Transaction, limit: int) -> Sequence[Row[Any]]:
    """Return payments that the bank knows and no attempt of ours is, newest first, with where they were debited."""
    c = recovered_payment_table.c
    ours = exists().where(instruction_table.c.end_to_end_id == c.end_to_end_id)
    query = _with_debits().where(~ours).order_by(c.execution_date.desc(), c.end_to_end_id).limit(limit)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def forgotten_payment(session: Transaction, key: str) -> Row[Any] | None:
    """Return a payment of a file that we had forgotten, with where it was debited."""
    query = _with_debits().where(recovered_payment_table.c.end_to_end_id == key).limit(1)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.one_or_none()


def _with_debits() -> Select[Any]:
    """Return the query of forgotten payments with the statement's entry that shows the debit and nobody explained.

    It is `payer_account`, `sequence`, `ordinal` and `debited_on`, None where no statement shows it.
    """
    c, r, e, s = recovered_payment_table.c, recovered_table.c, entry_table.c, clearing_table.c
    place = (e.payer_account, e.sequence, e.ordinal)
    explained = exists().where(*(s[column.name] == column for column in place))
    debit = and_(
        e.end_to_end_id == c.end_to_end_id,
        e.outcome == Outcome.UNKNOWN_DEBIT,
        e.amount == c.amount,
        e.payer_account == r.payer_account,
        ~explained,
    )
    joined = recovered_payment_table.join(recovered_table, r.message_id == c.message_id).outerjoin(entry_table, debit)
    return select(recovered_payment_table, *place, e.booked_on.label("debited_on")).select_from(joined)


async def dismiss(session: Transaction, key: str, actor: str, now: datetime) -> bool:
    """Note that a forgotten payment paid no order like it; return whether nobody had said so before."""
    c = recovered_payment_table.c
    statement = update(recovered_payment_table).where(c.end_to_end_id == key, c.dismissed_at.is_(None))
    done = await (await session.connection()).execute(statement.values(dismissed_by=actor, dismissed_at=now))
    return done.rowcount == 1


async def next_attempts(session: Transaction, orders: Sequence[Row[Any]]) -> NextAttempts:
    """Work out the next attempt of orders (with id, award_id, period, kind, amount and PAYEE_COLUMNS).

    An attempt that the bank had refused before we forgot it counts once two people have said that it moved no money:
    a refusal alone proves nothing. One that it did not refuse must not be made again.
    """
    connection = await session.connection()
    i, c = instruction_table.c, recovered_payment_table.c
    made = select(i.order_id, func.count()).where(among(i.order_id, [row.id for row in orders])).group_by(i.order_id)
    number = {order_id: count + 1 for order_id, count in await connection.execute(made)}
    ids: dict[UUID, str] = {}
    at_bank: set[UUID] = set()
    open_orders = {row.id: row for row in orders}
    while open_orders:
        for order_id, row in open_orders.items():
            ids[order_id] = end_to_end_id(row.award_id, row.period, row.kind, number.setdefault(order_id, 1))
        mine = [ids[order_id] for order_id in open_orders]
        unpaid = c.refused & c.dismissed_at.is_not(None)
        query = select(c.end_to_end_id, unpaid.label("unpaid")).where(among(c.end_to_end_id, mine))
        known = {row.end_to_end_id: row.unpaid for row in await connection.execute(query)}
        claimed = [{"key": key, "of": order_id} for order_id in open_orders if (key := ids[order_id]) in known]
        if claimed:
            await connection.execute(_CLAIM, claimed)
        at_bank |= {order_id for order_id in open_orders if known.get(ids[order_id]) is False}
        open_orders = {order_id: row for order_id, row in open_orders.items() if known.get(ids[order_id])}
        for order_id in open_orders:
            number[order_id] += 1
    alike = await _alike(session, [row for row in orders if row.id not in at_bank])
    return NextAttempts(ids, frozenset(at_bank), alike)
