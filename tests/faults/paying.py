"""Benefits and the simulated bank as processes of their own while payments run, and a look into both books."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.bank_check import check
from services.benefits.app import build
from services.benefits.settings import BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import BIN, Benefits
from tests.support.access import grant
from tests.support.programs import Program, start
from tests.support.simulated_bank import client
from tests.support.tokens import bearer
from tests.support.waiting import until

WITHIN = 120.0  # seconds after the last fault: twice what is promised, for a busy machine
RETURNED = 750_108
"""VND of a payment that comes back once a statement has shown its debit."""
REFUSED = 750_114
"""VND of a payment that the bank refuses in execution, though its check of the account finds nothing."""


@dataclass(frozen=True)
class Paying:
    """The processes, and our own look into their databases."""

    benefits: Benefits
    service: Program
    bank: Program

    async def counted(self, query: str) -> int:
        """Return a number that a query of the benefits database yields."""
        connection = await self.benefits.database.connect()
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    async def attempts_but(self, *states: str) -> int:
        """Return how many attempts are in none of these states."""
        listed = ", ".join(f"'{state}'" for state in states)
        return await self.counted(f"SELECT count(*) FROM payment_instruction WHERE state NOT IN ({listed})")

    async def settled(self, refused: str = "REJECTED") -> bool:
        """Say whether every attempt has ended, on the statements too; `refused` is where those are that did not go."""
        coming_back = await self.counted(
            f"SELECT count(*) FROM payment_instruction WHERE amount = {RETURNED} AND state = 'BOOKED'"
        )
        return await self.attempts_but("BOOKED", refused, "RETURNED") == 0 and coming_back == 0

    def last_output(self) -> str:
        """Return the last lines that the processes wrote."""
        return self.service.last_output() + self.bank.last_output()

    async def agree(self) -> str:
        """Return what differs between our book and the bank's."""
        url = self.benefits.database.url.render_as_string(hide_password=False)
        settings = BenefitsSettings(
            service="benefits",
            database_url=url,
            event_log=EventLogSettings(eventlog_url=url),
            bank_url=self.bank.url,
            bank_simulated=True,
        )
        app = build(settings)
        said: list[str] = []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://benefits") as platform:
            agree = await check(platform, bearer, "checker", said.append)
        await app.state.database.close()
        return "" if agree else "\n".join(said)

    async def nothing_lost_or_doubled(self, payments: int, why: str) -> None:
        """Fail unless the books hold and are the bank's, and each order was paid once or not at all, and told of."""
        assert await self.benefits.broken_invariants() == [], why
        assert await self.agree() == "", why
        async with client(self.bank) as bank:
            assert await bank.book_is_balanced()
            truth = await bank.truth()
        assert all(one["debited"] in (0, one["amount"]) for one in truth.values()), why
        assert len(truth) == payments, why
        paid = sum(1 for one in truth.values() if one["debited"] > one["returned"])
        states = "SELECT count(*) FROM payment_order WHERE state = "
        assert await self.counted(f"{states}'PAID'") == paid
        assert await self.counted("SELECT count(*) FROM payment_order") == payments

        async def relayed() -> bool:
            return await self.counted("SELECT count(*) FROM outbox WHERE position IS NULL") == 0

        await until(relayed, within=WITHIN, describe="every event in the log")
        told = "SELECT count(*) FROM outbox WHERE type LIKE '%payment.settled%'"
        debited = sum(1 for one in truth.values() if one["debited"])
        assert await self.counted(told) == debited


@asynccontextmanager
async def paying(url: str, log_url: str, folder: Path, *options: str) -> AsyncIterator[Paying]:
    """Run a bank with options, and benefits with it over a database; end both with the block."""
    settings = BenefitsSettings(service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    benefits = Benefits(build(settings))
    await grant(benefits.database, "maker", "checker", *(f"checker{number}" for number in range(5)))
    bank = await start("deploy.bank", "--bin", BIN, "--data", folder / "bank", *options)
    env = {
        "ANSINH_DATABASE_URL": url,
        "ANSINH_EVENTLOG_URL": log_url,
        "ANSINH_BANK_URL": bank.url,
        "ANSINH_BANK_SIMULATED": "true",
        "ANSINH_BANK_TIMEOUT": "5",
        "ANSINH_BANK_POLL": "0.1",
        "ANSINH_LOG_LEVEL": "WARNING",
    }
    service = await start("deploy.cli", "serve", "benefits", env=env, health="/benefits/healthz")
    try:
        yield Paying(benefits, service, bank)
    finally:
        for program in (service, bank):
            await program.kill()
        await benefits.client.aclose()
        await benefits.database.close()
