"""The bank's process is gone for a virtual day in the middle of a run: afterwards nothing is lost or doubled."""

import sys
from pathlib import Path
from typing import Any

from tests.faults.paying import REFUSED, WITHIN, Paying, paying
from tests.support.many_awards import Due, award_many
from tests.support.postgres import CreateDatabase
from tests.support.simulated_bank import FUNDS, client
from tests.support.waiting import until

_A_DAY = "86400"  # seconds
_BEFORE, _MEANWHILE = ("08500", "08501", "08502"), ("08503", "08504")
_PENDING = "90117"
"""How the number of an account ends whose payments wait for a day at the bank."""
_EACH = (*[Due()] * 8, Due(ending=_PENDING), Due(REFUSED))
PAYMENTS = len(_EACH) * len((*_BEFORE, *_MEANWHILE)) + 1


async def test_a_run_is_reconciled_after_the_bank_was_gone_for_a_virtual_day(
    create_database: CreateDatabase, embedded_log_url: str, tmp_path: Path
) -> None:
    url = await create_database("benefits")
    async with paying(url, embedded_log_url, tmp_path, "--day", _A_DAY) as there:
        try:
            await _pay_through_the_outage(there)
        except BaseException:
            sys.stdout.write(there.last_output())
            raise
        await there.nothing_lost_or_doubled(PAYMENTS, "after a day without the bank")
        async with client(there.bank) as bank:
            truth = list((await bank.truth()).values())
        refused = len([each for each in _EACH if each.amount == REFUSED]) * len((*_BEFORE, *_MEANWHILE))
        assert sorted(one["debited"] for one in truth) == [0] * refused + [750_000] * (PAYMENTS - refused)


async def _pay_through_the_outage(there: Paying) -> None:
    benefits = there.benefits
    async with client(there.bank) as bank:
        await bank.register(benefits.payer_number, balance=FUNDS)
    await benefits.open_fund(FUNDS)
    due = [Due(each.amount, area=area, ending=each.ending) for area in (*_BEFORE, *_MEANWHILE) for each in _EACH]
    await award_many(benefits, due)
    runs = [await benefits.prepare(area_code=area) for area in ("08566", *_BEFORE, *_MEANWHILE)]
    assert sum(run["declared_count"] for run in runs) == PAYMENTS
    first, meanwhile = runs[: len(_BEFORE)], runs[len(_BEFORE) :]
    for run in first:
        await benefits.approve(run)
    await until(lambda: _some_are_told_of(there), within=WITHIN, describe="the bank reports on a payment")

    await there.bank.kill()
    for run in meanwhile:
        await benefits.approve(run)
    await until(lambda: _notices(there), within=WITHIN, describe="it is seen that the bank does not answer")
    waiting = await there.counted("SELECT count(*) FROM payment_file WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN')")
    assert waiting >= len(meanwhile)
    assert await there.counted("SELECT count(*) FROM payment_order WHERE state = 'INSTRUCTED'") == PAYMENTS

    await there.bank.start_again()
    async with client(there.bank) as bank:
        (await bank.client.post("/admin/clock", json={"advance": "P1D"})).raise_for_status()

        async def all_known() -> bool:
            open_files = "SELECT count(*) FROM payment_file WHERE state <> 'SENT'"
            return await there.counted(open_files) == 0 and len(await bank.truth()) == PAYMENTS

        await until(all_known, within=WITHIN, describe="the bank has every file")
        await until(lambda: _refusals_are_heard(there), within=WITHIN, describe="every refusal is heard")
        # What came late waits its day there, the rest ends; then the statement has all of it.
        await bank.next_day(benefits.payer_number)
        await until(there.settled, within=WITHIN, describe="every payment on the statement or proven refused")


async def _some_are_told_of(there: Paying) -> bool:
    return await there.counted("SELECT count(*) FROM bank_message WHERE kind = 'pain.002'") > 0


async def _refusals_are_heard(there: Paying) -> bool:
    """Say whether the statement that follows can prove each refusal: it proves only what was heard before it."""
    waiting = f"amount = {REFUSED} AND state NOT IN ('REFUSED', 'REJECTED')"
    return await there.counted(f"SELECT count(*) FROM payment_instruction WHERE {waiting}") == 0


async def _notices(there: Paying) -> Any:
    return [each for each in await there.benefits.get("/bank-channels") if each["failures"]]
