"""Months that close: the paid and the unpaid, as Decree 20/2021 article 34 and Decree 176/2025 ask for each month."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.ledger.store import find_fund
from services.benefits.payments.api.runs import Part
from services.benefits.payments.store import accounts, months
from services.benefits.payments.store.runs import Scope
from shared import clock
from shared.access import Access
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["months"])

Reading = Annotated[Access, needs("payments.read")]


class ClosingIn(BaseModel):
    """Which month to close, for a programme and the account that pays it."""

    model_config = ConfigDict(extra="forbid")

    programme: str = Field(examples=["monthly-assistance-poor-elderly"])
    payer_account: str = Field(examples=["PHUTHO-01"])
    period: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])


class ClosingOut(ClosingIn):
    """A closed month: what it owed is what was paid, what is carried unpaid, and what is still at the bank."""

    id: UUID
    carried_to: str
    closed_by: str
    closed_at: datetime
    owed: Part
    paid: Part
    unpaid: Part
    at_bank: Part


class LineOut(BaseModel):
    """What became of an order by the end of the month; `period` is the month that it was first due."""

    order_id: UUID
    household_id: UUID
    person_id: UUID
    area_code: str
    period: str
    outcome: months.Outcome
    amount: int
    reason: str | None


def _following(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12}-{month % 12 + 1:02d}"


async def _out(tx: Transaction, row: Any, access: Access) -> ClosingOut:
    sums = await months.sums_of(tx, row.id, access)
    parts = {name: Part(**sums.get(name, {"count": 0, "sum": 0})) for name in ("paid", "unpaid", "at_bank")}
    owed = Part(count=sum(one.count for one in parts.values()), sum=sum(one.sum for one in parts.values()))
    return ClosingOut(**dict(row._mapping), owed=owed, **parts)


@router.post("/months", status_code=201, dependencies=[IDEMPOTENT])
async def close_month(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.prepare")], about: About, body: ClosingIn
) -> ClosingOut:
    """Close a month that is not to come: what is unpaid is carried to the next, and its run takes it.

    It takes the right to prepare runs in every commune concerned.
    """
    payer = await accounts.payer(tx, body.payer_account)
    if payer is None:
        raise Problem(422, "payer_account_unknown")
    await find_fund(tx, payer.fund, lock=True)
    await accounts.payer(tx, payer.code, lock=True)
    now = clock.now()
    if body.period > f"{clock.legal_date(now):%Y-%m}":
        raise Problem(422, "month_to_come")
    scope = Scope(body.programme, body.period, payer.code, payer.fund, payer.area_code)
    closing_id = await months.close(tx, months.Closing(scope, _following(body.period)), actor=actor, now=now)
    access.require(*await months.areas_of(tx, closing_id))
    about.one("month", closing_id, area=payer.area_code)
    return await _out(tx, await months.closing(tx, closing_id), access)


@router.get("/months/{closing_id}")
async def get_month(tx: Tx, access: Reading, closing_id: UUID) -> ClosingOut:
    """Read a closed month, with the sums of the communes that one may see."""
    row = await months.closing(tx, closing_id)
    if row is None:
        raise Problem(404, "month_not_found")
    return await _out(tx, row, access)


@router.get("/months/{closing_id}/lines")
async def list_month_lines(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, closing_id: UUID, outcome: months.Outcome | None = None
) -> Page[LineOut]:
    """List the paid, or the unpaid with the reasons, of a closed month."""
    after = paging.after(UUID)
    rows = await months.page_of_lines(
        tx, closing_id, access, outcome=outcome, after=after[0] if after else None, limit=paging.limit + 1
    )
    lines = [LineOut.model_validate(dict(row._mapping)) for row in rows]
    page = paging.page(lines, key=lambda out: (out.order_id,))
    reads.many("order", [each.order_id for each in page.items])
    reads.note(month=str(closing_id))
    return page
