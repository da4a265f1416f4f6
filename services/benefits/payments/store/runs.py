"""Runs: preparing what a second person approves, sealing what was approved."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, exists, func, insert, not_, select, update

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import post
from services.benefits.payments.domain.content import Content, Line, content_of
from services.benefits.payments.domain.identifiers import LARGEST_FILE, message_id
from services.benefits.payments.domain.payees import PayeeProblem, problem_of
from services.benefits.payments.domain.states import FileState, InstructionState, OrderState, RunState
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer, write
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.store import accounts, orders
from services.benefits.payments.store.rows import (
    event_fields,
    file_table,
    instruction_table,
    order_table,
    payee_of,
    payer_table,
    purpose_of,
    run_table,
)
from services.benefits.turns import take_turns
from shared.access import Access
from shared.approvals import Draft
from shared.approvals import approve as approve_proposal
from shared.approvals.store import open_proposal, prepare_anew
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.benefits import PaymentOrdered
from shared.http.problems import Problem
from shared.ids import new_id, new_ulid
from shared.messaging.outbox import publish

PAYMENT_RUN = "payment-run"


class NothingToPay(Exception):
    """The run has no order that can be paid."""


class FileRefused(Exception):
    """A written file breaks our own profile; nothing was sealed."""


@dataclass(frozen=True)
class Scope:
    """What a run covers: the open orders of a programme and month, paid from an account for the fund it belongs to."""

    programme: str
    period: str
    payer_account: str
    fund: str


@dataclass(frozen=True)
class Wording:
    """How a programme's payments are described to banks: ISO 20022 external codes, a text without personal data."""

    purpose: str
    category_purpose: str
    narrative: str


async def run(session: Transaction, run_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """Return a run, locked if asked for, with the fund and account that pay it."""
    query = (
        select(run_table, payer_table.c.fund, payer_table.c.bank)
        .join(payer_table, payer_table.c.code == run_table.c.payer_account)
        .where(run_table.c.id == run_id)
    )
    query = query.with_for_update(of=run_table) if lock else query
    return (await (await session.connection()).execute(query)).one_or_none()


async def areas_outside(session: Transaction, run_id: UUID, access: Access) -> Sequence[str]:
    """Return the communes whose orders a run holds and an access does not cover."""
    c = order_table.c
    query = select(c.area_code).where(c.run_id == run_id, not_(access.within(c.area_code))).distinct()
    return (await (await session.connection()).execute(query.order_by(c.area_code))).scalars().all()


async def page_of_runs(
    session: Transaction,
    access: Access,
    *,
    payer_account: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return runs that pay in an access's areas alone, newest first, before an id; of a payer account, in a state."""
    c = order_table.c
    elsewhere = exists().where(c.run_id == run_table.c.id, not_(access.within(c.area_code)))
    query = select(run_table).where(not_(elsewhere)).order_by(run_table.c.id.desc()).limit(limit)
    query = query if payer_account is None else query.where(run_table.c.payer_account == payer_account)
    query = query if state is None else query.where(run_table.c.state == state)
    query = query if after is None else query.where(run_table.c.id < after)
    return (await (await session.connection()).execute(query)).all()


def _draft(run_id: UUID, scope: Scope, content: Content) -> Draft:
    return Draft(PAYMENT_RUN, str(run_id), asdict(scope) | asdict(content))


async def _open_run(session: Transaction, scope: Scope) -> UUID:
    connection = await session.connection()
    c = run_table.c
    query = select(c.id).where(
        c.programme == scope.programme,
        c.period == scope.period,
        c.payer_account == scope.payer_account,
        c.state == RunState.PREPARED,
    )
    found = (await connection.execute(query.with_for_update())).scalar_one_or_none()
    if found is not None:
        return UUID(str(found))
    row = {
        "id": new_id(),
        "programme": scope.programme,
        "period": scope.period,
        "payer_account": scope.payer_account,
        "state": RunState.PREPARED,
        "declared_count": 0,
        "declared_sum": 0,
    }
    await connection.execute(insert(run_table), [row])
    return UUID(str(row["id"]))


async def prepare(
    session: Transaction, scope: Scope, *, placed: Select[Any], payees: Select[Any], actor: str, now: datetime
) -> UUID:
    """Place the month's orders and put all that can be paid into the scope's open run, prepared anew if it stands.

    `placed` is for `place_orders`, `payees` for `refresh_payees`. Returns the run's id.
    """
    run_id = await _open_run(session, scope)
    await orders.place_orders(session, placed)
    await orders.refresh_payees(session, scope.programme, scope.period, scope.fund, payees)
    found = await orders.orders_for_run(
        session, run_id, scope.programme, scope.period, scope.fund, get_args(PayeeProblem)
    )
    problems: dict[UUID, str | None] = {row.id: problem_of(payee_of(row)) for row in found}
    await orders.put_in_run(session, run_id, problems)
    content = content_of(Line(row.id, row.amount, payee_of(row)) for row in found if problems[row.id] is None)
    await prepare_anew(session, _draft(run_id, scope, content), actor=actor, now=now)
    values = {"declared_count": content.count, "declared_sum": content.total}
    await (await session.connection()).execute(update(run_table).where(run_table.c.id == run_id).values(values))
    return run_id


async def funnel(session: Transaction, run_id: UUID) -> dict[str, dict[str, int]]:
    """Return count and sum (VND) of a run's orders by state, and of its attempts by state."""
    connection = await session.connection()
    o, i = order_table.c, instruction_table.c
    by_order = select(o.state, func.count(), func.sum(o.amount)).where(o.run_id == run_id).group_by(o.state)
    by_instruction = (
        select(i.state, func.count(), func.sum(i.amount))
        .join(file_table, file_table.c.message_id == i.message_id)
        .where(file_table.c.run_id == run_id)
        .group_by(i.state)
    )
    result: dict[str, dict[str, int]] = {}
    for prefix, query in (("orders", by_order), ("instructions", by_instruction)):
        for state, count, total in await connection.execute(query):
            result[f"{prefix}.{state}"] = {"count": count, "sum": int(total)}
    return result


async def _approved_content(session: Transaction, run_id: UUID) -> tuple[Sequence[Row[Any]], Content]:
    connection = await session.connection()
    c = order_table.c
    batched = (c.run_id == run_id) & (c.state == OrderState.BATCHED)
    households = (await connection.execute(select(c.household_id).where(batched).distinct())).scalars()
    await take_turns(session, list(households))
    query = select(order_table, c.id.label("order_id")).where(batched).order_by(c.id).with_for_update()
    rows = (await connection.execute(query)).all()
    return rows, content_of(Line(row.id, row.amount, payee_of(row)) for row in rows)


async def approve(
    session: Transaction,
    run_id: UUID,
    *,
    content_hash: str,
    payees: Select[Any],
    wording: Wording,
    actor: str,
    now: datetime,
) -> None:
    """Seal a run: attempts, files, postings and events, all in this transaction. Sending begins after its commit.

    Raises:
        Problem: as `shared.approvals.approve` says; what would be paid may have changed since it was prepared.
        NothingToPay: no order of it can be paid.
        FileRefused: our own check refused a file that we wrote.
    """
    prepared = await run(session, run_id, lock=True)
    assert prepared is not None  # noqa: S101 - who asks has read it
    proposal = await open_proposal(session, PAYMENT_RUN, str(run_id))
    payer = await accounts.payer(session, prepared.payer_account, lock=True)
    assert payer is not None  # noqa: S101 - a foreign key says so
    found, content = await _approved_content(session, run_id)
    scope = Scope(prepared.programme, prepared.period, prepared.payer_account, prepared.fund)
    current = _draft(run_id, scope, content)
    await approve_proposal(session, proposal, current=current, seen=content_hash, actor=actor, now=now)
    if await orders.payees_changed(session, run_id, payees):
        raise Problem(409, "content_changed")
    if not found:
        raise NothingToPay
    instructions = await _seal(session, run_id, payer, found, wording, now)
    await _book(session, run_id, found, instructions, actor, legal_date(now))
    await _mark(session, run_id, found)


def _chunks(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), LARGEST_FILE):
        yield rows[start : start + LARGEST_FILE]


def _written(file: PaymentFile) -> bytes:
    content = write(file)
    if findings(content):
        raise FileRefused
    return content


async def _seal(
    session: Transaction, run_id: UUID, payer: Row[Any], rows: Sequence[Row[Any]], wording: Wording, now: datetime
) -> dict[UUID, UUID]:
    """Write the files and one instruction an order; return the instruction's id by order."""
    connection = await session.connection()
    day, number = legal_date(now), payer.files
    debtor = Debtor(payer.holder, payer.number, payer.bin)
    instruction_ids: dict[UUID, UUID] = {}
    for chunk in _chunks(rows):
        number += 1
        transfers = [
            Transfer(new_ulid(), uuid4(), row.amount, row.bank_bin, row.account_number, row.holder_name)
            for row in chunk
        ]
        file = PaymentFile(
            message_id=message_id(payer.code, day, number),
            created_at=now,
            execution_date=day,
            debtor=debtor,
            purpose=wording.purpose,
            category_purpose=wording.category_purpose,
            narrative=wording.narrative,
            transfers=transfers,
        )
        content = await asyncio.to_thread(_written, file)
        await connection.execute(insert(file_table), [_file_row(file, content, run_id, payer.code, now)])
        instructions = [
            {
                "id": new_id(),
                "order_id": row.id,
                "message_id": file.message_id,
                "end_to_end_id": transfer.end_to_end_id,
                "uetr": transfer.uetr,
                "amount": transfer.amount,
                "state": InstructionState.QUEUED,
                "rank": 0,
                "version": 1,
            }
            for row, transfer in zip(chunk, transfers, strict=True)
        ]
        await connection.execute(insert(instruction_table), instructions)
        instruction_ids |= {row.id: one["id"] for row, one in zip(chunk, instructions, strict=True)}
    await connection.execute(update(payer_table).where(payer_table.c.code == payer.code).values(files=number))
    return instruction_ids


def _file_row(file: PaymentFile, content: bytes, run_id: UUID, payer: str, now: datetime) -> dict[str, Any]:
    return {
        "message_id": file.message_id,
        "run_id": run_id,
        "payer_account": payer,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "count": len(file.transfers),
        "total": file.total,
        "state": FileState.QUEUED,
        "attempts": 0,
        "sealed_at": now,
        "next_at": now,
        "polls": 0,
        "next_poll_at": now,
    }


async def _book(
    session: Transaction,
    run_id: UUID,
    rows: Sequence[Row[Any]],
    instructions: dict[UUID, UUID],
    actor: str,
    day: date,
) -> None:
    postings: list[Posting] = []
    for row in rows:
        purpose = purpose_of(row)
        if not row.obliged:
            postings += of_instruction(templates.obligation(row.amount, purpose), row.id, None)
        reserved = templates.reservation(row.amount, purpose, row.payable)
        postings += of_instruction(reserved, row.id, instructions[row.id])
    await post(session, [Journal(f"run:{run_id}", "disbursement", day, actor, tuple(postings))])


async def _mark(session: Transaction, run_id: UUID, rows: Sequence[Row[Any]]) -> None:
    connection = await session.connection()
    c = order_table.c
    batched = (c.run_id == run_id) & (c.state == OrderState.BATCHED)
    await connection.execute(
        update(order_table).where(batched).values(state=OrderState.INSTRUCTED, obliged=True, reason=None)
    )
    await connection.execute(update(run_table).where(run_table.c.id == run_id).values(state=RunState.APPROVED))
    await publish(session, "benefits", [PaymentOrdered(**event_fields(row)) for row in rows if not row.obliged])
