"""The benefits service over real PostgreSQL, and the simulated bank as a real process."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.benefits.app import build
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.workers import BankWork
from services.benefits.settings import BANK, BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import BIN, Benefits, Through
from tests.support.access import grant
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program, running
from tests.support.simulated_bank import SimulatedBank

FUNDS = 10_000_000_000


@pytest.fixture
async def benefits(create_database: CreateDatabase) -> AsyncIterator[Benefits]:
    """A benefits service that knows nobody and has no money; its books hold when the test ends."""
    url = await create_database("benefits")
    settings = BenefitsSettings(
        service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url), bank_simulated=True
    )
    platform = Benefits(build(settings))
    await grant(platform.database, "maker", "checker", *(f"checker{number}" for number in range(5)))
    try:
        yield platform
        assert await platform.broken_invariants() == []
    finally:
        await platform.client.aclose()
        await platform.database.close()


@pytest.fixture(scope="package")
async def bank_program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """A simulated bank; each test has a payer account of its own there."""
    async with running("deploy.bank", "--bin", BIN, "--data", tmp_path_factory.mktemp("bank")) as program:
        yield program


@pytest.fixture
async def through(benefits: Benefits, bank_program: Program) -> AsyncIterator[Through]:
    """The bank with our payer account, which holds money; the bank's book balances when the test ends."""
    async with httpx.AsyncClient(base_url=bank_program.url, timeout=30, trust_env=False) as client:
        bank = SimulatedBank(client)
        await bank.register(benefits.payer_number, balance=FUNDS, holder="SO Y TE")
        adapter = HttpBank(BANK, bank_program.url, timeout=5)
        yield Through(benefits, bank, BankWork(adapter, lease=timedelta(seconds=15)))
        assert await bank.book_is_balanced()
