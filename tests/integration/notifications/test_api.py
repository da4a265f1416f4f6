"""What an officer reads about the messages of a household."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from services.notifications.app import build
from services.notifications.settings import NotificationsSettings
from tests.integration.notifications.desk import Desk, family
from tests.support.access import grant
from tests.support.programs import Program
from tests.support.tokens import bearer


@pytest.fixture
async def client(database_url: str, gateway: Program) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service's app, whose workers stand still."""
    settings = NotificationsSettings(
        service="notifications", database_url=database_url, sms_url=gateway.url, quiet_hours=False
    )
    settings.event_log.eventlog_url = database_url
    app = build(settings)
    transport = httpx.ASGITransport(app=app)
    await grant(app.state.database, "officer")
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer("officer")) as client:
        yield client
    await app.state.database.close()


async def test_the_messages_of_a_household_are_listed_newest_first_in_pages(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    home, other = family(), family()
    await desk.receive(home.household(), home.person(), other.classified())
    for event in (home.classified(), home.paid(), home.returned()):
        await desk.receive(event)
        desk.clock.turn(seconds=1)
    query = {"household_id": str(home.id), "limit": "2"}
    first = (await client.get("/notifications/v1/messages", params=query)).json()
    second = (await client.get("/notifications/v1/messages", params={**query, "cursor": first["next"]})).json()
    purposes = [item["purpose"] for page in (first, second) for item in page["items"]]
    assert purposes == ["payment_returned", "payment_settled", "household_classified"]
    assert second["next"] is None


async def test_messages_are_found_by_state_and_purpose(desk: Desk, client: httpx.AsyncClient) -> None:
    reached, unreached = family(), family("0002")
    for home in (reached, unreached):
        await desk.receive(home.household(), home.person(), home.classified(), home.paid())
    await desk.until_states(delivered=2, failed=2)
    query = {"state": "failed", "purpose": "payment_settled"}
    (found,) = (await client.get("/notifications/v1/messages", params=query)).json()["items"]
    assert (found["household_id"], found["reason"]) == (str(unreached.id), "invalid_number")


async def test_a_message_shows_its_text_its_attempts_and_three_digits_of_the_number(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    home = family("0004")
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.until_states(delivered=1)
    (message,) = await desk.messages()
    answer = await client.get(f"/notifications/v1/messages/{message.id}")
    shown = answer.json()
    assert shown["phone"] == "***004"
    assert home.phone is not None
    assert home.phone not in answer.text
    assert shown["text"].startswith("UBND xa thong bao: ho Ha Thi Nguyet la ho ngheo")
    assert (shown["parts"], shown["template"]) == (1, "household_classified/vi/2020-01-01")
    assert [(step["number"], step["outcome"]) for step in shown["log"]] == [(1, "unknown"), (2, "accepted")]


async def test_the_summary_counts_every_state(desk: Desk, client: httpx.AsyncClient) -> None:
    empty = (await client.get("/notifications/v1/messages/summary")).json()
    assert empty["total"] == {"awaiting_contact": 0, "queued": 0, "sent": 0, "delivered": 0, "failed": 0}
    home, unknown = family(), family()
    await desk.receive(home.household(), home.person(), home.classified(), home.paid(), unknown.paid())
    await desk.until_states(delivered=2, awaiting_contact=1)
    summary = (await client.get("/notifications/v1/messages/summary")).json()
    assert summary["total"] == {"awaiting_contact": 1, "queued": 0, "sent": 0, "delivered": 2, "failed": 0}
    assert summary["by_purpose"]["payment_settled"]["delivered"] == 1


async def test_a_message_that_does_not_exist_is_told_so_in_the_readers_language(client: httpx.AsyncClient) -> None:
    path = f"/notifications/v1/messages/{uuid4()}"
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
    assert answer.json()["title"] == "Không tìm thấy tin nhắn"
    english = await client.get(path, headers={"Accept-Language": "en"})
    assert english.json()["title"] == "Message not found"
