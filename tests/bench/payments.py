"""A run of payments from its preparation to the statement, each part beside the raw limit of the same work.

In this process: benefits, with its work with the bank; beside it the simulated bank.
"""

import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from lxml import etree

from services.benefits.app import build
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer, write
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared.db import Database, migrations
from shared.ids import new_ulid
from shared.settings import EventLogSettings
from tests.bench.ground import Ground, report
from tests.integration.benefits.platform import BIN, Benefits
from tests.support.access import grant
from tests.support.many_awards import Due, award_many
from tests.support.programs import running
from tests.support.simulated_bank import SimulatedBank
from tests.support.tokens import trust_the_issuer

PAYMENTS = int(os.environ.get("ANSINH_BENCH_PAYMENTS", "20000"))  # 100,000 take ten minutes on two idle cores
_FILE, _FILES_A_STATEMENT = 1_000, 40
_MONEY = 1_500_000 * 12 * PAYMENTS
_WRITTEN_BY_A_STATEMENT = ("statement_entry", "ledger_journal", "ledger_entry", "outbox")
_SETTLED = "SELECT count(*) FROM payment_instruction WHERE state = 'BOOKED'"


async def measure_payments(ground: Ground) -> None:
    """Print orders a second, files a second, statement entries a second, and how long a whole run takes."""
    _measure_files()
    trust_the_issuer()
    url = ground.database("benefits")
    await migrations.upgrade("benefits", url)
    settings = BenefitsSettings(service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    benefits = Benefits(build(settings))
    benefits.client.timeout = httpx.Timeout(3_600)
    try:
        await grant(benefits.database, "maker", "checker", "checker1", "checker2")
        with tempfile.TemporaryDirectory() as folder:
            async with running("deploy.bank", "--bin", BIN, "--data", Path(folder) / "bank") as program:
                applied = await _measure_run(benefits, program.url)
        bare = await _bare_copy(benefits.database)
    finally:
        await benefits.client.aclose()
        await benefits.database.close()
    report(
        "statement_applied",
        applied,
        "entries/s",
        limit=bare,
        goal="50,000 in 2 min: >= 417",
        raw="COPY of the rows of the tables that it writes to, those that approvals wrote too",
    )


async def _measure_run(benefits: Benefits, bank_url: str) -> float:
    """Take a run to its end; return how many entries of statements were applied a second."""
    await benefits.open_fund(_MONEY)
    people = await award_many(benefits, [Due(number=f"31{number:06d}20000") for number in range(PAYMENTS - 1)])
    began = time.perf_counter()
    run = await benefits.prepare()
    prepared = time.perf_counter() - began
    if run["declared_count"] != len(people) + 1:
        raise RuntimeError(f"{run['declared_count']} orders instead of {PAYMENTS}")
    report(
        "payment_orders_prepared", PAYMENTS / prepared, "orders/s", goal=">= 50,000 in 3 min: >= 280", orders=PAYMENTS
    )
    async with httpx.AsyncClient(base_url=bank_url, timeout=3_600, trust_env=False) as client:
        bank = SimulatedBank(client)
        await bank.register(benefits.payer_number, balance=_MONEY)
        work = BankWork(HttpBank(BANK, bank_url, timeout=600), lease=timedelta(minutes=15))
        began = time.perf_counter()
        for approver in ("checker", "checker1", "checker2"):
            answer = await benefits.send(
                f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}, actor=approver
            )
            if answer.json().get("state") == "APPROVED":
                break
        sealed = time.perf_counter()
        await _send_all(benefits, bank, work)
        sent = time.perf_counter()
        await _until_executed(bank)
        await bank.client.post("/admin/close-statement", json={"account": benefits.payer_number})
        closed = time.perf_counter()
        await _all(benefits, work.statements)
        settled = time.perf_counter()
    connection = await benefits.database.connect()
    booked = await connection.fetchval(_SETTLED)
    await connection.close()
    if booked != PAYMENTS:
        raise RuntimeError(f"{booked} payments are settled instead of {PAYMENTS}")
    report("payments_sealed", PAYMENTS / (sealed - began), "payments/s", goal="50,000 in 30 s: >= 1,667")
    report("payments_submitted", PAYMENTS / (sent - sealed), "payments/s", goal=">= 200")
    report("run_from_approval_to_settled", settled - began, "s", payments=PAYMENTS, bank=round(closed - sent, 3))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("run_peak_memory", peak, "MB", goal="< 1,024", payments=PAYMENTS)
    return PAYMENTS / (settled - closed)


async def _all(benefits: Benefits, step: Callable[[Database], Awaitable[bool]]) -> None:
    while await step(benefits.database):
        pass


async def _send_all(benefits: Benefits, bank: SimulatedBank, work: BankWork) -> None:
    """Send every file; the bank closes a statement now and then, as it would each day."""
    files = 0
    while await work.send(benefits.database):
        files += 1
        if files % _FILES_A_STATEMENT == 0:
            await bank.client.post("/admin/close-statement", json={"account": benefits.payer_number})


async def _until_executed(bank: SimulatedBank) -> None:
    while True:
        answer = await bank.client.get("/admin/payments", params={"after": PAYMENTS - 1, "limit": 1})
        last = answer.raise_for_status().json()["payments"]
        if last and last[0]["status"] in ("ACSC", "ACCC"):
            return


def _measure_files() -> None:
    """Print how many payments a second are written and read back; beside it the same document made by bare lxml."""
    transfers = [Transfer(new_ulid(), uuid4(), 750_000, BIN, f"31{one:011d}", "Đặng Thị Lan") for one in range(_FILE)]
    moment = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    file = PaymentFile(
        message_id="BENCH-20261123-0001-A",
        created_at=moment,
        execution_date=moment.date(),
        debtor=Debtor("Sở Y tế", "1900999988887777", BIN),
        purpose="SSBE",
        category_purpose="SSBE",
        narrative="TRO CAP XA HOI",
        transfers=transfers,
    )
    files = max(1, PAYMENTS // _FILE)
    began = time.perf_counter()
    for _ in range(files):
        if findings(write(file)):
            raise RuntimeError("a file of the bench breaks the profile")
    seconds = time.perf_counter() - began
    tree = etree.fromstring(write(file))
    began = time.perf_counter()
    for _ in range(files):
        etree.tostring(_made_again(tree), xml_declaration=True, encoding="UTF-8")
    bare = time.perf_counter() - began
    report(
        "pain001_written_and_validated",
        files * _FILE / seconds,
        "payments/s",
        limit=files * _FILE / bare,
        raw="the same elements made one by one and serialised by lxml",
    )


def _made_again(element: etree._Element, parent: etree._Element | None = None) -> etree._Element:
    """Return the same element with all below it, made one by one."""
    made = etree.Element(element.tag) if parent is None else etree.SubElement(parent, element.tag)
    made.text = element.text
    for name, value in element.items():
        made.set(name, value)
    for child in element:
        _made_again(child, made)
    return made


async def _bare_copy(database: Database) -> float:
    """Return how many payments a second COPY puts into empty tables with the same indexes."""
    connection = await database.connect()
    try:
        rows = {table: await _rows_of(connection, table) for table in _WRITTEN_BY_A_STATEMENT}
        for table in rows:
            await connection.execute(f'CREATE TABLE "bare_{table}" (LIKE "{table}" INCLUDING ALL)')
        began = time.perf_counter()
        async with connection.transaction():
            for table, (columns, found) in rows.items():
                await connection.copy_records_to_table(f"bare_{table}", columns=columns, records=found)
        seconds = time.perf_counter() - began
    finally:
        await connection.close()
    return PAYMENTS / seconds


async def _rows_of(connection: "asyncpg.Connection[Any]", table: str) -> tuple[list[str], list[Any]]:
    query = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER'"
        " AND is_identity = 'NO' ORDER BY ordinal_position"
    )
    columns = [row["column_name"] for row in await connection.fetch(query, table)]
    names = ", ".join(f'"{name}"' for name in columns)
    return columns, [tuple(row) for row in await connection.fetch(f'SELECT {names} FROM "{table}"')]
