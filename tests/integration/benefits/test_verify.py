"""`ansinh ledger verify`, and the same invariants while the service runs: broken ones are named with their rows."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli import app
from services.benefits.app import CHECKS
from services.benefits.ledger.watch import BooksWatch
from shared.db import Database
from tests.integration.benefits.platform import Benefits


async def _spoil(benefits: Benefits, by: int) -> None:
    async with benefits.database.transaction() as session:
        await session.execute(text("UPDATE budget SET available = available + :by"), {"by": by})


def _verify(database: Database) -> tuple[int, str]:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    result = CliRunner().invoke(app, ["ledger", "verify", "--database-url", url])
    return result.exit_code, result.output


async def test_the_command_names_the_broken_invariant_and_its_rows(benefits: Benefits) -> None:
    await benefits.open_fund()
    status, said = await asyncio.to_thread(_verify, benefits.database)
    assert (status, said.count("✓")) == (0, len(CHECKS)), said
    await _spoil(benefits, 1)
    status, said = await asyncio.to_thread(_verify, benefits.database)
    assert status == 1
    assert "✗ budget_never_overdrawn_and_equal_to_its_account: STATE_PROVINCE/" in said
    await _spoil(benefits, -1)


def test_books_that_cannot_be_read_are_another_status(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["ledger", "verify", "--home", str(tmp_path)])
    assert result.exit_code == 2


async def test_the_running_service_measures_its_books(benefits: Benefits) -> None:
    await benefits.open_fund()
    registry, watch = CollectorRegistry(), BooksWatch(CHECKS)
    registry.register(watch)
    assert generate_latest(registry) == b""
    await _spoil(benefits, 1)
    assert not await watch.step(benefits.database)
    figures = generate_latest(registry).decode()
    assert 'ansinh_books_broken{name="budget_never_overdrawn_and_equal_to_its_account"} 1.0' in figures
    assert figures.count("} 0.0") == len(CHECKS) - 1
    assert (await watch.probe())["broken"] == ["budget_never_overdrawn_and_equal_to_its_account"]
    await _spoil(benefits, -1)
    await watch.step(benefits.database)
    assert (await watch.probe())["broken"] == []
