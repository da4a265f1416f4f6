"""A bank in the test's own process: its application without a server, its work done when the test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deploy.bank.app import create_app, open_bank
from deploy.bank.hours import do_due
from deploy.bank.keys import CustomerKeys
from deploy.bank.store import Terms
from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.simulated_bank import FUNDS, SimulatedBank, Status

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 09:00 in Viet Nam
DAY = 86_400.0


class Desk(SimulatedBank):
    """A client that lets the bank work when it wants; `wall` is the time outside."""

    def __init__(self, client: httpx.AsyncClient, folder: Path, terms: Terms, customer: CustomerKeys | None) -> None:
        super().__init__(client)
        self.wall = MONDAY
        self.bank = open_bank(folder, terms, lambda: self.wall)
        self.app = create_app(self.bank, customer=customer)

    def work(self) -> None:
        """Do what is due."""
        do_due(self.bank)

    async def take(self, *payments: Pay, payer: str = PAYER, asked_for: str | None = None) -> str:
        """Have a file taken and return its id."""
        message = message_id()
        body = payment_file(message, payments, payer)
        if asked_for is not None:
            body = body.replace(b"<Dt>2026-11-24<", f"<Dt>{asked_for}<".encode())
        answer = await self.send(message, body)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        self.work()
        return message

    async def status_of(self, pay: Pay, message: str) -> Status:
        """Return the status of a payment now."""
        return (await self.statuses(message))[pay.end_to_end_id]

    async def order(self, path: str, **body: Any) -> Any:
        """Turn a switch."""
        answer = await self.client.post(f"/admin/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def pass_days(self, days: int) -> None:
        """Let days pass at the bank."""
        await self.order("clock", advance=f"P{days}D")

    def later(self, **given: float) -> None:
        """Let time pass outside."""
        self.wall += timedelta(**given)


@asynccontextmanager
async def open_desk(folder: Path, *, day: float = DAY, customer: CustomerKeys | None = None) -> AsyncIterator[Desk]:
    """Open a bank with a payer that has money; its book is balanced in the end."""
    async with httpx.AsyncClient(base_url="http://bank") as client:
        desk = Desk(client, folder, Terms(day=day), customer)
        client._transport = httpx.ASGITransport(desk.app)
        await desk.register(balance=FUNDS, holder="UY BAN NHAN DAN XA")
        yield desk
        assert await desk.book_is_balanced()
        desk.bank.database.close()
