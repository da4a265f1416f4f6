"""Awards that end before their last month: what is not due any more is not paid, and its commitment is given back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from services.benefits.cash.domain.months import months_between
from services.benefits.cash.store.rows import award_table
from services.benefits.ledger.domain.journal import Purpose
from services.benefits.ledger.store import release_budget
from services.benefits.payments.store.outcomes import cancel_after
from services.benefits.turns import take_turns
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.benefits import AwardEnded
from shared.messaging.outbox import publish


async def end(session: Transaction, award_id: UUID, *, ends_with: str, reason: str, actor: str, now: datetime) -> bool:
    """End an award after a month; return whether it was active or held.

    Unpaid orders of later months are cancelled. What was paid for them stays paid, and what is at the bank runs its
    course and is held if it comes back. The rest of the commitment goes back to the budget.
    """
    connection = await session.connection()
    a = award_table.c
    household = (await connection.execute(select(a.household_id).where(a.id == award_id))).scalar_one()
    await take_turns(session, [household])
    row = (await connection.execute(select(award_table).where(a.id == award_id).with_for_update())).one()
    if row.state not in ("active", "held"):
        return False
    ordered = await cancel_after(session, award_id, ends_with, actor=actor, now=now)
    unordered = [month for month in months_between(row.first_month, row.last_month) if month > ends_with]
    given_back = row.monthly_amount * len(set(unordered) - ordered)
    ended = {"state": "ended", "ends_with": ends_with, "end_reason": reason, "released": given_back}
    await connection.execute(update(award_table).where(a.id == award_id).values(ended))
    if given_back:
        purpose = Purpose(row.fund, row.programme, row.fiscal_year)
        today = legal_date(now)
        await release_budget(session, purpose, given_back, cause=f"award-ended:{award_id}", actor=actor, on=today)
    event = AwardEnded(
        household_id=row.household_id,
        award_id=award_id,
        person_id=row.person_id,
        programme=row.programme,
        area_code=row.area_code,
        last_month=ends_with,
        reason=reason,
        ended_on=legal_date(now),
    )
    await publish(session, "benefits", [event])
    return True
