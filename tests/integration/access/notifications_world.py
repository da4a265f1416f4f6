"""Notifications with a message to a household of one commune, and every operation on it."""

from typing import Any

from services.notifications.app import build
from services.notifications.settings import NotificationsSettings
from shared.db import Database
from shared.events.notifications import MessageDelivered
from shared.messaging.outbox import publish
from shared.settings import EventLogSettings
from tests.integration.access.kit_rows import kit_operations, seed_kit, system_operations, tells_of
from tests.integration.access.matrix import Call, Operation, World
from tests.integration.notifications.desk import TEN_IN_THE_MORNING, Desk, family

_NOWHERE = "http://127.0.0.1:1"


async def notifications_world(url: str) -> World:
    """Return notifications with one message; messages are nobody's own."""
    settings = NotificationsSettings(
        service="notifications", database_url=url, event_log=EventLogSettings(eventlog_url=url), sms_url=_NOWHERE
    )
    app = build(settings)
    database: Database = app.state.database
    desk, home = Desk(database, _NOWHERE), family()
    await desk.receive(home.household(), home.person(), home.classified())
    (message,) = await desk.messages()
    told = MessageDelivered(
        household_id=home.id,
        message_id=message.id,
        purpose=message.purpose,
        channel="sms",
        delivered_at=TEN_IN_THE_MORNING,
    )
    async with database.transaction() as session:
        await publish(session, "notifications", [told])
    kit = kit_operations(await seed_kit(database), seen=tells_of(str(home.id)), jobs=False)
    return World(app, "notifications", system_operations("notifications") | _messages(str(message.id)) | kit)


def _messages(message_id: str) -> dict[str, Operation]:
    def listed(body: Any) -> bool:
        return message_id in {each["id"] for each in body["items"]}

    def counted(body: Any) -> bool:
        return any(body["total"].values())

    return {
        "list_messages": Operation("messages.read", lambda _: Call("GET", "/messages"), foreign="empty", seen=listed),
        "summarise_messages": Operation(
            "messages.read", lambda _: Call("GET", "/messages/summary"), foreign="empty", seen=counted
        ),
        "get_message": Operation("messages.read", lambda _: Call("GET", f"/messages/{message_id}")),
    }
