"""Reports of the Social Policy Bank are put in; nothing is sent to it."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request

from services.benefits.loans import store
from services.benefits.loans.reports import LoanReport, read
from services.benefits.payments.bank.channels import Bank, ReportChannel
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.store import accounts, messages
from services.benefits.payments.store.statements import StatementEarly, StatementRefused
from shared import clock
from shared.access import Access
from shared.db import Database, Transaction
from shared.http.access import needs
from shared.http.audit import About, Reads
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

LOAN_REPORTS = "/benefits/v1/loan-reports"


class LoanReportOut(BaseModel):
    """A report as it was taken; `lines_aside` are of nobody whom the registry has told of, or could not be read."""

    id: UUID = Field(description="among `/bank-messages`, where its lines that wait are")
    sequence: int
    state: str = Field(
        description="waiting: for the report before it; quarantined: it does not fit", examples=["applied"]
    )
    reason: str | None
    lines: int
    lines_aside: int


class LoanOut(BaseModel):
    """What a bank reported of a loan. `amount` is VND; `household_id` is null where nobody knows whose it is."""

    message: UUID
    ordinal: int
    contract: str
    kind: str = Field(examples=["disbursed"])
    amount: int
    on: date
    channel: str | None
    point: str | None
    area_code: str
    household_id: UUID | None
    person_id: UUID | None


def loans_router(banks: Mapping[str, Bank]) -> Router:
    """Return the routes; `banks` are those that are known, by code."""
    router = Router(prefix="/benefits/v1", tags=["loans"])

    @router.post("/loan-reports", status_code=201, dependencies=[needs("bank_messages.handle")])
    async def put_in_loan_report(request: Request, tx: Tx, about: About, bank: str) -> LoanReportOut:
        """Put in what the Social Policy Bank reports of an entrusted account (CSV), once, however often it is sent.

        A report that was taken before is matched again, for people whom the registry has told of since.
        """
        known = banks.get(bank)
        if known is None or not isinstance(known.channel, ReportChannel):
            raise Problem(422, "not_a_reporting_bank")
        content = await request.body()
        try:
            report = read(content)
        except Unreadable as error:
            raise Problem(422, "bank_message_unreadable", reason=str(error)) from error
        payers = await accounts.payers(tx, bank)
        payer = next((one.code for one in payers if one.number == report.statement.account), None)
        if payer is None:
            raise Problem(422, "payer_account_unknown")
        database: Database = request.app.state.database
        stored = await _kept(database, bank, payer, report.statement.sequence, content)
        await _taken(database, stored, report)
        about.one("bank_message", stored.id)
        return await _out(tx, stored.id, report)

    @router.get("/loans")
    async def list_loans(
        tx: Tx,
        access: Annotated[Access, needs("payments.read")],
        reads: Reads,
        paging: Paging,
        household_id: UUID | None = None,
    ) -> Page[LoanOut]:
        """List what was reported of loans in one's communes, of a household where asked."""
        after = paging.after(UUID, int)
        rows = await store.page_of_loans(
            tx, access, household_id=household_id, after=after and (after[0], after[1]), limit=paging.limit + 1
        )
        page = paging.page(
            [LoanOut.model_validate(dict(row._mapping)) for row in rows], key=lambda out: (out.message, out.ordinal)
        )
        reads.many("loan", [f"{one.message}/{one.ordinal}" for one in page.items])
        return page

    return router


async def _kept(database: Database, bank: str, payer: str, sequence: int, content: bytes) -> messages.StoredMessage:
    """Store a report as it came, before anything is made of it."""
    async with database.transaction() as session:
        about = f"{payer}/{sequence}"
        return await messages.keep(
            session, bank=bank, kind=store.KIND, external_id=about, content=content, now=clock.now()
        )


async def take_again(database: Database, stored: messages.StoredMessage) -> None:
    """Let a stored report take effect that did not yet, or match those of its lines again that are of nobody known."""
    await _taken(database, stored, await asyncio.to_thread(read, stored.content))


async def _taken(database: Database, stored: messages.StoredMessage, report: LoanReport) -> None:
    """Let a report take effect; one that does not follow from the one before is quarantined, or waits for it.

    What waited for it follows.
    """
    payer = stored.external_id.partition("/")[0]
    try:
        async with database.transaction() as session:
            if stored.applied:
                await store.match_again(session, stored, clock.now())
            else:
                await store.take_report(session, payer, stored, report, clock.now())
    except (StatementEarly, StatementRefused) as error:
        state: Literal["waiting", "quarantined"] = "waiting" if isinstance(error, StatementEarly) else "quarantined"
        async with database.transaction() as session:
            await messages.settle(session, stored.id, state=state, reason=str(error))
        return
    async with database.transaction() as session:
        waiting = await messages.first_waiting(session, stored.bank, store.KIND, payer)
    if waiting is not None and waiting.id != stored.id:
        await take_again(database, waiting)


async def _out(tx: Transaction, message_id: UUID, report: LoanReport) -> LoanReportOut:
    row = await messages.message(tx, message_id)
    assert row is not None  # noqa: S101 - it was stored above
    aside = sum(line.state == "open" for line in await messages.lines_of(tx, message_id))
    return LoanReportOut(
        id=message_id,
        sequence=report.statement.sequence,
        state=row.state,
        reason=row.reason,
        lines=len(report.movements),
        lines_aside=aside,
    )
