"""CloudEvents 1.0 in Kafka's binary mode: data as the value, attributes as `ce_` headers."""

from datetime import datetime
from uuid import UUID

from shared.eventlog import Record, Stored
from shared.events.contract import Message


class BrokenEnvelope(ValueError):
    """A record without the attributes that every event of ours has; the text names the attribute."""


def to_record(message: Message) -> Record:
    """Return the record that carries the message."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(message.id).encode()),
        ("ce_type", message.type.encode()),
        ("ce_source", message.source.encode()),
        ("ce_subject", message.subject.encode()),
        ("ce_time", message.time.isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if message.traceparent:
        headers.append(("traceparent", message.traceparent.encode()))
    return Record(message.topic, message.key.encode(), tuple(headers), message.data)


def from_stored(stored: Stored) -> Message:
    """Return the message that a record carries.

    Raises:
        BrokenEnvelope: an attribute is missing or is not what CloudEvents says.
    """
    headers = dict(stored.headers)
    try:
        return Message(
            id=UUID(headers["ce_id"].decode()),
            type=headers["ce_type"].decode(),
            source=headers["ce_source"].decode(),
            subject=headers["ce_subject"].decode(),
            time=datetime.fromisoformat(headers["ce_time"].decode()),
            topic=stored.topic,
            key=stored.key.decode(),
            data=stored.value,
            traceparent=headers["traceparent"].decode() if "traceparent" in headers else None,
        )
    except (KeyError, ValueError) as error:
        raise BrokenEnvelope(f"{stored.topic}/{stored.partition}@{stored.offset}: {type(error).__name__}") from error
