"""`ansinh bank check` over the real bank: agrees when all is told, names what was changed behind its back."""

import httpx
import pytest

from deploy.bank_check import NotSimulated, check
from services.benefits.app import build
from services.benefits.settings import BenefitsSettings
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import Benefits, Through
from tests.support.programs import Program
from tests.support.tokens import bearer


async def checked(benefits: Benefits, url: str | None) -> tuple[bool, str]:
    """Compare the books; return whether they agree, and what was said."""
    database = benefits.database.url.render_as_string(hide_password=False)
    log = EventLogSettings(eventlog_url=database)
    app = build(
        BenefitsSettings(
            service="benefits", database_url=database, event_log=log, bank_url=url, bank_simulated=url is not None
        )
    )
    said: list[str] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://benefits") as client:
        try:
            agree = await check(client, bearer, "checker", said.append)
        finally:
            await app.state.database.close()
    return agree, "\n".join(said)


async def test_the_books_agree_whatever_became_of_each_payment_and_a_change_is_named(
    benefits: Benefits, through: Through, bank_program: Program
) -> None:
    await benefits.open_fund()
    people = [await benefits.settle_in(), await benefits.settle_in(number="3120205190104")]
    for who in people:
        await benefits.award(who)
    people.insert(1, await benefits.award_of(750_108))
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(people[0], "REPORTED_SETTLED")
    agree, said = await checked(benefits, bank_program.url)
    assert agree, said
    assert "booked, not on a statement yet" in said
    for _ in range(2):
        await through.close_day()
    await through.until_attempt(people[1], "RETURNED")
    agree, said = await checked(benefits, bank_program.url)
    assert agree, said
    assert f"✓ {benefits.payer}: ta 750,000 đồng, ngân hàng 750,000 đồng." in said
    order = await benefits.order_of(people[0])
    back = {"end_to_end_id": order["instructions"][0]["end_to_end_id"]}
    (await through.bank.client.post("/admin/returns", json=back)).raise_for_status()
    await through.close_day()
    agree, said = await checked(benefits, bank_program.url)
    assert not agree
    assert f"✗ {back['end_to_end_id']}: ta ghi chi 750,000, hoàn 0; ngân hàng chi 750,000, hoàn 750,000" in said
    await through.until_attempt(people[0], "RETURNED")
    agree, said = await checked(benefits, bank_program.url)
    assert agree, said


async def test_without_a_simulated_bank_nothing_is_compared(benefits: Benefits) -> None:
    with pytest.raises(NotSimulated):
        await checked(benefits, None)
