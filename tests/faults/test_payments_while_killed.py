"""Benefits with its relay, and the bank, are killed while payments run: nothing lost, nothing doubled, books equal."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.bank_check import check
from services.benefits.app import build
from services.benefits.settings import BenefitsSettings
from shared.settings import EventLogSettings
from shared.workers import pause
from tests.integration.benefits.platform import BIN, Benefits
from tests.support.access import grant
from tests.support.many_awards import Due, award_many
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program, start
from tests.support.simulated_bank import FUNDS, client
from tests.support.tokens import bearer
from tests.support.waiting import until

SOAK = bool(os.environ.get("ANSINH_SOAK"))
KILLS, PAYMENTS = (100, 10_000) if SOAK else (10, 500)
COMMUNES = [f"{number:05d}" for number in range(8_500, 8_500 + (40 if SOAK else 10))]
_WITHIN = 120.0  # seconds after the last kill: twice what is promised, for a busy machine
_DISTURBED = {"error_before": 0.05, "error_after": 0.05, "drop_before": 0.03, "drop_after": 0.03}
_REFUSED, _RETURNED = "90104", 750_108


def dues(chance: random.Random) -> list[Due]:
    """Return what is due: most goes well, some accounts are closed, some money comes back."""
    found = []
    for number in range(PAYMENTS - 1):
        drawn = chance.random()
        ending = _REFUSED if drawn < 0.05 else "12345"
        amount = _RETURNED if 0.05 <= drawn < 0.1 else 750_000
        found.append(Due(amount, area=COMMUNES[number % len(COMMUNES)], ending=ending))
    return found


class Killed:
    """The two processes, and our own look into their databases."""

    def __init__(self, benefits: Benefits, service: Program, bank: Program) -> None:
        self.benefits = benefits
        self.service = service
        self.bank = bank

    async def counted(self, query: str) -> int:
        """Return a number that a query of the benefits database yields."""
        connection = await self.benefits.database.connect()
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    async def settled(self, refused: str = "REJECTED") -> bool:
        """Say whether every attempt has ended, on the statements too; `refused` is where those are that did not go."""
        waiting = await self.counted(
            f"SELECT count(*) FROM payment_instruction WHERE state NOT IN ('BOOKED', '{refused}', 'RETURNED')"
        )
        coming_back = await self.counted(
            f"SELECT count(*) FROM payment_instruction WHERE amount = {_RETURNED} AND state = 'BOOKED'"
        )
        return waiting == 0 and coming_back == 0

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


@pytest.fixture
async def killed(create_database: CreateDatabase, embedded_log_url: str, tmp_path: Path) -> AsyncIterator[Killed]:
    url = await create_database("benefits")
    settings = BenefitsSettings(service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    benefits = Benefits(build(settings))
    await grant(benefits.database, "maker", "checker", *(f"checker{number}" for number in range(5)))
    bank = await start("deploy.bank", "--bin", BIN, "--data", tmp_path / "bank", "--statement-every", "0.3")
    env = {
        "ANSINH_DATABASE_URL": url,
        "ANSINH_EVENTLOG_URL": embedded_log_url,
        "ANSINH_BANK_URL": bank.url,
        "ANSINH_BANK_SIMULATED": "true",
        "ANSINH_BANK_TIMEOUT": "5",
        "ANSINH_BANK_POLL": "0.1",
        "ANSINH_LOG_LEVEL": "WARNING",
    }
    service = await start("deploy.cli", "serve", "benefits", env=env, health="/benefits/healthz")
    yield Killed(benefits, service, bank)
    await service.kill()
    await bank.kill()
    await benefits.client.aclose()
    await benefits.database.close()


async def test_killing_benefits_relay_and_bank_loses_and_doubles_no_payment(killed: Killed) -> None:
    seed = random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    chance, benefits = random.Random(seed), killed.benefits
    async with client(killed.bank) as bank:
        await bank.register(benefits.payer_number, balance=FUNDS)
        (await bank.client.post("/admin/chances", json={"seed": seed} | _DISTURBED)).raise_for_status()
    await benefits.open_fund(FUNDS)
    await award_many(benefits, dues(chance))
    runs = [await benefits.prepare(area_code=commune) for commune in ["08566", *COMMUNES]]
    assert sum(run["declared_count"] for run in runs) == PAYMENTS

    never = asyncio.Event()
    approving = asyncio.create_task(_approve(benefits, runs))
    for _ in range(KILLS):
        await pause(never, chance.random() / 2)
        victims = chance.choice([(killed.service,), (killed.bank,), (killed.service, killed.bank)])
        for victim in victims:
            await victim.kill()
        for victim in victims:
            await victim.start_again()
    await approving
    async with client(killed.bank) as bank:
        (await bank.client.post("/admin/heal")).raise_for_status()
    try:
        await until(
            lambda: killed.settled("REFUSED"),
            within=_WITHIN,
            describe=f"every payment settled or refused (seed {seed})",
        )
        async with client(killed.bank) as bank:
            await bank.next_day(benefits.payer_number)
        await until(killed.settled, within=_WITHIN, describe=f"every refusal proven (seed {seed})")
    except BaseException:
        sys.stdout.write(killed.service.last_output() + killed.bank.last_output())
        raise
    await _nothing_lost_or_doubled(killed, seed)


async def _approve(benefits: Benefits, runs: list[Any]) -> None:
    for run in runs:
        await benefits.approve(run)
        await pause(asyncio.Event(), 0.2)  # so that kills find runs of every age


async def _nothing_lost_or_doubled(killed: Killed, seed: int) -> None:
    assert await killed.benefits.broken_invariants() == [], f"seed {seed}"
    assert await killed.agree() == "", f"seed {seed}"
    async with client(killed.bank) as bank:
        assert await bank.book_is_balanced()
        truth = await bank.truth()
    assert all(one["debited"] in (0, one["amount"]) for one in truth.values()), f"seed {seed}"
    assert len(truth) == PAYMENTS
    paid = sum(1 for one in truth.values() if one["debited"] > one["returned"])
    states = "SELECT count(*) FROM payment_order WHERE state = "
    assert await killed.counted(f"{states}'PAID'") == paid
    assert await killed.counted("SELECT count(*) FROM payment_order") == PAYMENTS

    async def relayed() -> bool:
        return await killed.counted("SELECT count(*) FROM outbox WHERE position IS NULL") == 0

    await until(relayed, within=_WITHIN, describe="every event in the log")
    told = "SELECT count(*) FROM outbox WHERE type LIKE '%payment.settled%'"
    debited = sum(1 for one in truth.values() if one["debited"])
    assert await killed.counted(told) == debited
