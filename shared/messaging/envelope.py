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
    try:
        headers = {name: _text(value) for name, value in stored.headers}
        if headers["ce_specversion"] != "1.0":
            raise ValueError("another version of CloudEvents")
        time = datetime.fromisoformat(headers["ce_time"])
        if time.tzinfo is None:
            raise ValueError("ce_time has no time zone")
        return Message(
            id=UUID(headers["ce_id"]),
            type=headers["ce_type"],
            source=headers["ce_source"],
            subject=headers["ce_subject"],
            time=time,
            topic=stored.topic,
            key=_text(stored.key),
            data=stored.value,
            traceparent=headers.get("traceparent"),
        )
    except (KeyError, ValueError) as error:
        raise BrokenEnvelope(f"{stored.topic}/{stored.partition}@{stored.offset}: {type(error).__name__}") from error


def _text(value: bytes) -> str:
    """Return a text that PostgreSQL can keep: a dead letter holds it."""
    text = value.decode()
    if "\0" in text:
        raise ValueError("a zero byte")
    return text
