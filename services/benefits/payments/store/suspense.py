"""Money that a statement showed and nobody explained: what it may be, and what two people said that it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import contribution_table, post
from services.benefits.payments.domain.states import InstructionState, OrderState
from services.benefits.payments.store.rows import (
    EVENT_COLUMNS,
    clearing_table,
    event_fields,
    instruction_table,
    order_table,
    payer_table,
    purpose_of,
)
from services.benefits.turns import take_turns
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.benefits import PaymentReturned
from shared.ids import new_id
from shared.messaging.outbox import publish

# contribution: money that the fund declared, or gives now. returned: a payment of ours that came back. owner: due back
# to who sent it. claim_repaid: the bank gives back what it took wrongly. claim: it took wrongly. fee: its own.
Becomes = Literal["contribution", "returned", "owner", "claim_repaid", "claim", "fee"]
OF_CREDITS: frozenset[Becomes] = frozenset({"contribution", "returned", "owner", "claim_repaid"})
OF_DEBITS: frozenset[Becomes] = frozenset({"claim", "fee"})


@dataclass(frozen=True)
class Place:
    """Which entry of which statement of which payer account."""

    payer_account: str
    sequence: int
    ordinal: int


class DoesNotFit(Exception):
    """What is said does not fit the entry: another amount, another fund, another state, or explained before."""


_OPEN = """
    SELECT e.payer_account, e.sequence, e.ordinal, e.side, e.amount, e.booked_on, e.outcome, e.return_reason,
           e.bank_reference, p.fund,
           (SELECT i.id FROM payment_instruction i JOIN payment_file f ON f.message_id = i.message_id
            WHERE f.payer_account = e.payer_account AND i.amount = e.amount AND i.state IN ('BOOKED', 'RETURN_EXPECTED')
              AND i.booked_on IS NOT NULL AND i.booked_on <= e.booked_on AND e.side = 'credit'
            ORDER BY i.booked_on DESC, i.id LIMIT 1) AS perhaps_return_of,
           (SELECT c.id FROM contribution c
            WHERE c.fund = p.fund AND c.amount = e.amount AND c.received_on IS NULL AND e.side = 'credit'
            ORDER BY c.id LIMIT 1) AS perhaps_contribution
    FROM statement_entry e JOIN payer_account p ON p.code = e.payer_account
    WHERE e.outcome IN ('unknown_credit', 'return_unmatched', 'opening_balance', 'unknown_debit')
      AND NOT EXISTS (SELECT 1 FROM suspense_clearing s WHERE s.payer_account = e.payer_account
                      AND s.sequence = e.sequence AND s.ordinal = e.ordinal)
"""
_ALL = text(f"{_OPEN} ORDER BY e.booked_on, e.payer_account, e.sequence, e.ordinal LIMIT :limit")
_ONE = text(f"{_OPEN} AND e.payer_account = :payer_account AND e.sequence = :sequence AND e.ordinal = :ordinal")


async def unexplained(session: Transaction, limit: int) -> Sequence[Row[Any]]:
    """Return what waits to be explained, oldest first, with what of ours it may be by its amount."""
    return (await session.execute(_ALL, {"limit": limit})).all()


async def entry(session: Transaction, place: Place) -> Row[Any] | None:
    """Return an unexplained entry, None where there is none or it was explained."""
    return (await session.execute(_ONE, place.__dict__)).one_or_none()


async def clear(session: Transaction, place: Place, said: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Book what an entry is, once.

    `said` has `becomes`, `reference`, and `contribution_id` or `instruction_id` where it is one of ours.

    Raises:
        DoesNotFit: it is not that, or not any more.
    """
    connection = await session.connection()
    lock = select(payer_table.c.code).where(payer_table.c.code == place.payer_account).with_for_update()
    await connection.execute(lock)
    found = await entry(session, place)
    if found is None:
        raise DoesNotFit
    becomes: Becomes = said["becomes"]
    if becomes not in (OF_CREDITS if found.side == "credit" else OF_DEBITS):
        raise DoesNotFit
    contribution_id = instruction_id = None
    if becomes == "contribution":
        contribution_id = await _contribution(session, found, said, actor, now)
        postings = templates.explained_credit(found.amount, found.fund, "F1")
    elif becomes == "returned":
        instruction_id = UUID(str(said["instruction_id"]))
        postings = await _returned(session, found, instruction_id)
    elif becomes in ("owner", "claim_repaid"):
        postings = templates.explained_credit(found.amount, found.fund, "L4" if becomes == "owner" else "A4")
    else:
        postings = templates.explained_debit(found.amount, found.fund, "A4" if becomes == "claim" else "E2")
    cause = f"suspense:{place.payer_account}:{place.sequence}:{place.ordinal}"
    [journal_id] = await post(session, [Journal(cause, f"suspense_{becomes}", legal_date(now), actor, postings)])
    row = place.__dict__ | {
        "becomes": becomes,
        "reference": said["reference"],
        "contribution_id": contribution_id,
        "instruction_id": instruction_id,
        "journal_id": journal_id,
        "cleared_by": actor,
        "cleared_at": now,
    }
    await connection.execute(insert(clearing_table), [row])


async def _contribution(
    session: Transaction, found: Row[Any], said: Mapping[str, Any], actor: str, now: datetime
) -> UUID:
    """Return the contribution that the money is: the declared one, or one that is declared with it."""
    connection = await session.connection()
    c = contribution_table.c
    if said.get("contribution_id") is None:
        row = {
            "id": new_id(),
            "fund": found.fund,
            "amount": found.amount,
            "reference": said["reference"],
            "declared_by": actor,
            "declared_at": now,
            "received_on": found.booked_on,
        }
        await connection.execute(insert(contribution_table), [row])
        return UUID(str(row["id"]))
    declared = UUID(str(said["contribution_id"]))
    open_one = (c.id == declared) & (c.fund == found.fund) & (c.amount == found.amount) & c.received_on.is_(None)
    arrived = update(contribution_table).where(open_one).values(received_on=found.booked_on)
    if (await connection.execute(arrived)).rowcount != 1:
        raise DoesNotFit
    return declared


async def _returned(session: Transaction, found: Row[Any], instruction_id: UUID) -> tuple[Posting, ...]:
    """Reopen the order whose money came back, and return the postings of that."""
    connection = await session.connection()
    i, o = instruction_table.c, order_table.c
    joined = select(instruction_table, o.fund, *EVENT_COLUMNS).join(order_table, o.id == i.order_id)
    known = (await connection.execute(joined.where(i.id == instruction_id))).one_or_none()
    if known is None:
        raise DoesNotFit
    await take_turns(session, [known.household_id])
    row = (await connection.execute(joined.where(i.id == instruction_id).with_for_update())).one()
    returnable = (InstructionState.BOOKED, InstructionState.RETURN_EXPECTED)
    if row.state not in returnable or row.booked_on is None or (row.amount, row.fund) != (found.amount, found.fund):
        raise DoesNotFit
    why = found.return_reason or "NARR"
    back = update(instruction_table).where(i.id == instruction_id)
    await connection.execute(back.values(state=InstructionState.RETURNED, reason=why, version=i.version + 1))
    owed = update(order_table).where(o.id == row.order_id)
    await connection.execute(owed.values(state=OrderState.RETURNED, reason=why, payable="L2"))
    event = PaymentReturned(**event_fields(row), reason=why, returned_on=found.booked_on)
    await publish(session, "benefits", [event])
    postings = templates.explained_return(row.amount, found.fund, purpose_of(row))
    return of_instruction(postings, row.order_id, row.id)
