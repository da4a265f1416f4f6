"""The bank as a process: killed at any moment it neither loses nor doubles; what it cannot do it says."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.programs import Program, free_port, running, start
from tests.support.simulated_bank import FUNDS, SimulatedBank, StatementRead, assert_chain, client
from tests.support.waiting import until


async def test_statements_close_by_themselves_and_fees_are_entries_of_their_own(tmp_path: Path) -> None:
    options = ("--statement-every", "0.1", "--interbank-fee", "1100")
    async with running("deploy.bank", "--data", tmp_path, *options) as program, client(program) as bank:
        await bank.register(balance=FUNDS)
        pay = Pay(600_108)
        await bank.pay([pay, Pay(account="2200205777777", bin="970405")])

        async def all_closed() -> list[StatementRead] | None:
            listed = (await bank.client.get(f"/v1/accounts/{PAYER}/statements")).json()
            statements = [await bank.statement(one["sequence"]) for one in listed]
            return statements if sum(len(one.entries) for one in statements) == 4 else None

        statements = await until(all_closed, describe="both payments, a fee and a return are on statements")
        assert statements is not None
        assert_chain(statements)
        entries = [(e.amount, e.family, e.end_to_end_id) for one in statements for e in one.entries]
        assert (-1_100, "PMNT/ICDT/CHRG", None) in entries
        assert entries[-1] == (600_108, "PMNT/ICDT/RRTN", pay.end_to_end_id)
        assert await bank.book_is_balanced()


async def test_killed_between_acceptance_and_booking_the_bank_books_once_when_it_returns(tmp_path: Path) -> None:
    program = await start("deploy.bank", "--data", tmp_path, "--execution-delay", "4")
    async with client(program) as bank:
        await bank.register(balance=FUNDS)
        message, pay = message_id(), Pay()
        body = payment_file(message, [pay])
        receipt = (await bank.send(message, body)).json()
        assert (await bank.statuses(message))[pay.end_to_end_id].status == "ACTC"
        await program.kill()
        await program.start_again()
        again = await bank.send(message, body)
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (receipt, "true")
        assert (await bank.final_statuses(message))[pay.end_to_end_id].status == "ACSC"
        assert (await bank.truth())[pay.end_to_end_id]["debited"] == pay.amount
    await program.stop()


async def test_killed_at_any_moment_the_bank_neither_loses_nor_doubles_what_it_answered(tmp_path: Path) -> None:
    program = await start("deploy.bank", "--data", tmp_path, "--statement-every", "0.05")
    files = {(message := message_id()): payment_file(message, [Pay(1_000 + n) for n in range(5)]) for _ in range(40)}
    receipts: dict[str, str] = {}
    async with client(program) as bank:
        await bank.register(balance=FUNDS)
        for kill_after in (3, 8, 14, 21, 29):
            await send_until_killed(bank, program, files, receipts, kill_after)
            await program.start_again()
        for message, body in files.items():
            answer = await bank.send(message, body)
            assert answer.status_code == 202
            assert answer.text == receipts.get(message, answer.text)
            assert len(await bank.final_statuses(message)) == 5
        truth = (await bank.truth()).values()
        assert len(truth) == 200
        assert all(payment["debited"] == payment["amount"] for payment in truth)
        assert await bank.book_is_balanced()
        await bank.close()
        assert_chain([await bank.statement(one["sequence"]) for one in await listed_statements(bank)])
    assert await program.stop() == 0


async def listed_statements(bank: SimulatedBank) -> list[dict[str, int]]:
    listed: list[dict[str, int]] = (await bank.client.get(f"/v1/accounts/{PAYER}/statements")).json()
    return listed


async def send_until_killed(
    bank: SimulatedBank, program: Program, files: dict[str, bytes], receipts: dict[str, str], kill_after: int
) -> None:
    """Send the files that have no receipt, four at a time, and kill the bank once there are `kill_after` receipts."""
    waiting = [message for message in files if message not in receipts]
    enough = asyncio.Event()

    async def sender() -> None:
        while waiting and not enough.is_set():
            message = waiting.pop()
            try:
                answer = await bank.send(message, files[message])
            except httpx.HTTPError:
                return
            assert answer.status_code == 202
            receipts[message] = answer.text
            if len(receipts) >= kill_after:
                enough.set()

    async def killer() -> None:
        await enough.wait()
        await program.kill()

    await asyncio.gather(killer(), *(sender() for _ in range(4)))


def ended(*args: object) -> tuple[int, str]:
    """Run a bank that must end by itself; return its status and what it said."""
    command = [sys.executable, "-m", "deploy.bank", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


async def test_a_second_bank_on_the_same_folder_says_so_and_ends(tmp_path: Path) -> None:
    async with running("deploy.bank", "--data", tmp_path):
        status, said = await asyncio.to_thread(ended, "--data", tmp_path, "--port", free_port())
    assert status == 2
    assert said.count("\n") == 1
    assert "another bank program uses the folder" in said


async def test_a_taken_port_is_said_in_one_sentence(program: Program, tmp_path: Path) -> None:
    status, said = await asyncio.to_thread(ended, "--data", tmp_path, "--port", program.port)
    assert status == 2
    assert said.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{program.port}" in said


async def test_a_folder_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "bank.sqlite3").write_text("not a database, but long enough to be taken for the header of one " * 20)
    for folder in (tmp_path / "file", tmp_path):
        status, said = await asyncio.to_thread(ended, "--data", folder, "--port", free_port())
        assert (status, said.count("\n")) == (2, 1)
        assert f"cannot open its folder {folder}" in said
