"""Joining a payment that the bank made by a forgotten file to the order that it paid, once a statement shows its debit.

The order is paid then by an attempt of that very id, so that what comes back later finds it.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import post
from services.benefits.payments.domain.states import FileState, InstructionState, OrderState
from services.benefits.payments.domain.statuses import TERMINAL
from services.benefits.payments.store import accounts
from services.benefits.payments.store.recovery import forgotten_payment
from services.benefits.payments.store.rows import (
    COPY_CONTENT,
    FILE_CONTENT,
    clearing_table,
    entry_table,
    event_fields,
    file_table,
    instruction_table,
    order_table,
    purpose_of,
    recovered_payment_table,
    recovered_table,
)
from services.benefits.turns import take_turns
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.benefits import PaymentOrdered, PaymentSettled
from shared.ids import new_id
from shared.keys import keys_of
from shared.messaging.outbox import publish

JOINS = "paid"
_UNPAID = (OrderState.READY, OrderState.BLOCKED, OrderState.RETURNED)


class DoesNotFit(Exception):
    """The payment is not the order's, or not any more: another amount, fund or order, no debit, joined before."""


def fits(payment: Row[Any], order: Row[Any]) -> bool:
    """Say whether a forgotten payment, as `forgotten_payment` returns it, may be what an order was paid by."""
    return (
        payment.debited_on is not None
        and payment.dismissed_at is None
        and payment.order_id in (None, order.id)
        and payment.amount == order.amount
        and order.state in _UNPAID
    )


async def join(session: Transaction, key: str, order_id: UUID, *, note: str, actor: str, now: datetime) -> None:
    """Book a forgotten payment as the order's: paid on the day of its debit, which is in suspense no longer.

    Raises:
        DoesNotFit: it is not what it was paid by.
    """
    connection, o = await session.connection(), order_table.c
    payment = await forgotten_payment(session, key)
    household = (await connection.execute(select(o.household_id).where(o.id == order_id))).scalar_one_or_none()
    if payment is None or payment.debited_on is None or household is None:
        raise DoesNotFit
    payer = await accounts.payer(session, payment.payer_account, lock=True)
    payment = await forgotten_payment(session, key)
    await take_turns(session, [household])
    query = select(order_table, o.id.label("order_id")).where(o.id == order_id)
    order = (await connection.execute(query.with_for_update())).one()
    if payment is None or payer is None or order.fund != payer.fund or not fits(payment, order):
        raise DoesNotFit
    await _keep_file(session, payment, now)
    instruction_id = await _keep_attempt(session, payment, order)
    marked = of_instruction(_postings(order), order.id, instruction_id)
    [journal_id] = await post(session, [Journal(f"joined:{key}", "joining", legal_date(now), actor, marked)])
    await _explain(session, payment, instruction_id, journal_id, note=note, actor=actor, now=now)
    paid = {"state": OrderState.PAID, "reason": None, "obliged": True, "run_id": None}
    await connection.execute(update(order_table).where(o.id == order.id).values(paid))
    r = recovered_payment_table.c
    known = update(recovered_payment_table).where(r.end_to_end_id == key).values(order_id=order.id)
    await connection.execute(known)
    await _tell(session, order, payment)


def _postings(order: Row[Any]) -> tuple[Posting, ...]:
    purpose = purpose_of(order)
    owed = () if order.obliged else templates.obligation(order.amount, purpose)
    return (*owed, *templates.explained_payment(order.amount, order.fund, purpose, order.payable))


async def _keep_file(session: Transaction, payment: Row[Any], now: datetime) -> None:
    """Keep the file as the bank has it, with the payments that were joined: one more."""
    connection, keys, c = await session.connection(), keys_of(session), recovered_table.c
    query = select(c.content).where(c.message_id == payment.message_id)
    copy = keys.data.open_bytes((await connection.execute(query)).scalar_one(), COPY_CONTENT, payment.message_id)
    row = {
        "message_id": payment.message_id,
        "run_id": None,
        "payer_account": payment.payer_account,
        "content": keys.data.seal_bytes(copy, FILE_CONTENT, payment.message_id),
        "sha256": hashlib.sha256(copy).hexdigest(),
        "count": 1,
        "total": payment.amount,
        "state": FileState.RECOVERED,
        "attempts": 0,
        "sealed_at": now,
        "execution_date": payment.execution_date or payment.debited_on,
        "next_at": now,
        "polls": 0,
        "next_poll_at": now,
    }
    f = file_table.c
    one_more = {"count": f.count + 1, "total": f.total + payment.amount}
    kept = upsert(file_table).values(row).on_conflict_do_update(index_elements=["message_id"], set_=one_more)
    await connection.execute(kept)


async def _keep_attempt(session: Transaction, payment: Row[Any], order: Row[Any]) -> UUID:
    row = {
        "id": new_id(),
        "order_id": order.id,
        "message_id": payment.message_id,
        "end_to_end_id": payment.end_to_end_id,
        "uetr": func.coalesce(payment.uetr, func.gen_random_uuid()),
        "amount": order.amount,
        "state": InstructionState.BOOKED,
        "rank": TERMINAL,
        "booked_on": payment.debited_on,
        "version": 1,
    }
    await (await session.connection()).execute(insert(instruction_table).values(row))
    return UUID(str(row["id"]))


async def _explain(
    session: Transaction,
    payment: Row[Any],
    instruction_id: UUID,
    journal_id: UUID,
    *,
    note: str,
    actor: str,
    now: datetime,
) -> None:
    """Note that the debit is explained, and that it is of the attempt."""
    connection, e = await session.connection(), entry_table.c
    place = {name: getattr(payment, name) for name in ("payer_account", "sequence", "ordinal")}
    row = place | {
        "becomes": JOINS,
        "reference": note,
        "instruction_id": instruction_id,
        "journal_id": journal_id,
        "cleared_by": actor,
        "cleared_at": now,
    }
    await connection.execute(insert(clearing_table), [row])
    shown = update(entry_table).where(*(e[name] == value for name, value in place.items()))
    await connection.execute(shown.values(instruction_id=instruction_id))


async def _tell(session: Transaction, order: Row[Any], payment: Row[Any]) -> None:
    fields = event_fields(order)
    ordered = [] if order.obliged else [PaymentOrdered(**fields)]
    await publish(session, "benefits", [*ordered, PaymentSettled(**fields, settled_on=payment.debited_on)])
