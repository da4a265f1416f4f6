"""The gateway goes away while messages wait for it."""

from tests.integration.notifications.desk import Desk, family
from tests.support.programs import Program


async def test_messages_wait_for_a_gateway_that_is_down_and_arrive_once(desk: Desk, gateway: Program) -> None:
    homes = [family() for _ in range(3)]
    for home in homes:
        await desk.receive(home.household(), home.person(), home.classified())
    await gateway.kill()
    for _ in range(3):
        await desk.work()
    assert await desk.states() == {"queued": 3}
    assert {outcome for _, outcome in await desk.attempts()} == {"unknown"}
    await gateway.start_again()
    await desk.until_states(delivered=3)
    assert list((await desk.received_by_phones()).values()) == [1, 1, 1]
    assert len(await desk.told()) == 3


async def test_deliveries_are_asked_for_again_after_the_gateway_died(desk: Desk, gateway: Program) -> None:
    home = family()
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.addressing.step(desk.database)
    await desk.sending.step(desk.database)
    await gateway.kill()
    await gateway.start_again()
    await desk.until_states(delivered=1)
    assert list((await desk.received_by_phones()).values()) == [1]
