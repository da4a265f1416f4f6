"""Benefits with its relay, and the bank, are killed while payments run: nothing lost, nothing doubled, books equal."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.workers import pause
from tests.faults.paying import REFUSED, RETURNED, WITHIN, Paying, paying
from tests.integration.benefits.platform import Benefits
from tests.support.many_awards import Due, award_many
from tests.support.postgres import CreateDatabase
from tests.support.simulated_bank import FUNDS, client
from tests.support.waiting import until

SOAK = bool(os.environ.get("ANSINH_SOAK"))
KILLS, PAYMENTS = (100, 10_000) if SOAK else (10, 500)
COMMUNES = [f"{number:05d}" for number in range(8_500, 8_500 + (40 if SOAK else 10))]
_DISTURBED = {"error_before": 0.05, "error_after": 0.05, "drop_before": 0.03, "drop_after": 0.03}


def dues(chance: random.Random) -> list[Due]:
    """Return what is due: most goes well, some is refused, some money comes back."""
    found = []
    for number in range(PAYMENTS - 1):
        drawn = chance.random()
        amount = REFUSED if drawn < 0.05 else RETURNED if drawn < 0.1 else 750_000
        found.append(Due(amount, area=COMMUNES[number % len(COMMUNES)]))
    return found


@pytest.fixture
async def killed(create_database: CreateDatabase, embedded_log_url: str, tmp_path: Path) -> AsyncIterator[Paying]:
    url = await create_database("benefits")
    async with paying(url, embedded_log_url, tmp_path, "--statement-every", "0.3") as running:
        yield running


async def test_killing_benefits_relay_and_bank_loses_and_doubles_no_payment(killed: Paying) -> None:
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
            within=WITHIN,
            describe=f"every payment settled or refused (seed {seed})",
        )
        async with client(killed.bank) as bank:
            await bank.next_day(benefits.payer_number)
        await until(killed.settled, within=WITHIN, describe=f"every refusal proven (seed {seed})")
    except BaseException:
        sys.stdout.write(killed.last_output())
        raise
    await killed.nothing_lost_or_doubled(PAYMENTS, f"seed {seed}")


async def _approve(benefits: Benefits, runs: list[Any]) -> None:
    for run in runs:
        await benefits.approve(run)
        await pause(asyncio.Event(), 0.2)  # so that kills find runs of every age
