"""One running bank for the tests of a module, with a payer that has money."""

from collections.abc import AsyncIterator

import pytest

from tests.support.programs import Program, running
from tests.support.simulated_bank import FUNDS, SimulatedBank, client


@pytest.fixture(scope="module")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """The bank's process."""
    async with running("deploy.bank", "--data", tmp_path_factory.mktemp("bank")) as program:
        yield program


@pytest.fixture
async def bank(program: Program) -> AsyncIterator[SimulatedBank]:
    """The module's bank, nothing on the open statement of PAYER; its book is balanced after each test."""
    async with client(program) as bank:
        await bank.register(balance=FUNDS, holder="UY BAN NHAN DAN XA")
        await bank.close()
        await bank.close()  # the first close books what comes back
        yield bank
        assert await bank.book_is_balanced()
