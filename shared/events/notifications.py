"""Events of notifications."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.contract import HouseholdEvent, Kind


class MessageDelivered(HouseholdEvent):
    """The gateway says that the message reached the phone."""

    TYPE: ClassVar[str] = "vn.ansinh.notifications.message.delivered.v1"
    TOPIC: ClassVar[str] = "notifications.messages"
    KIND: ClassVar[Kind] = "fact"

    message_id: UUID
    purpose: str
    channel: str = Field(examples=["sms"])
    delivered_at: datetime


class MessageFailed(HouseholdEvent):
    """The message will not reach the phone; `reason` is the gateway's, without the number."""

    TYPE: ClassVar[str] = "vn.ansinh.notifications.message.failed.v1"
    TOPIC: ClassVar[str] = "notifications.messages"
    KIND: ClassVar[Kind] = "fact"

    message_id: UUID
    purpose: str
    channel: str = Field(examples=["sms"])
    reason: str
