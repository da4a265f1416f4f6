"""The event contract: every event type, one module a producing service."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.events import benefits, notifications, registry
from shared.events.contract import Event, EventTooLarge, Message, Received

__all__ = ["EVENT_TYPES", "TOPICS", "Event", "EventTooLarge", "Message", "Received", "UnknownEventType", "decode"]


class UnknownEventType(LookupError):
    """A type name that this release does not know; a newer service published it."""


def _published() -> list[type[Event]]:
    return [
        model
        for module in (registry, benefits, notifications)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Event) and "TYPE" in vars(model)
    ]


EVENT_TYPES: Mapping[str, type[Event]] = MappingProxyType({model.TYPE: model for model in _published()})
TOPICS: tuple[str, ...] = tuple(sorted({model.TOPIC for model in EVENT_TYPES.values()}))


def decode(message: Message) -> Received:
    """Return the message with its event.

    Raises:
        UnknownEventType: no model has that type name.
        pydantic.ValidationError: the data is not of that type.
    """
    model = EVENT_TYPES.get(message.type)
    if model is None:
        raise UnknownEventType(message.type)
    return Received(message, model.model_validate_json(message.data))
