"""The event log: topics of keyed records in partitions, behind one port with two adapters."""

from shared.eventlog.embedded import EmbeddedLog
from shared.eventlog.kafka import KafkaLog
from shared.eventlog.port import (
    EventLog,
    LogUnavailable,
    Placed,
    Reader,
    Record,
    Stored,
    TopicPartition,
    Writer,
    partition_of,
)
from shared.eventlog.security import security_options
from shared.settings import BadSetting, EventLogSettings

__all__ = [
    "EventLog",
    "LogUnavailable",
    "Placed",
    "Reader",
    "Record",
    "Stored",
    "TopicPartition",
    "Writer",
    "open_log",
    "partition_of",
]


def open_log(settings: EventLogSettings, *, client: str) -> EventLog:
    """Return the log that the settings name: Kafka where there is one, else the embedded log.

    Raises:
        BadSetting: the settings name neither.
    """
    if settings.kafka:
        return KafkaLog(
            settings.kafka, client=client, prefix=settings.topic_prefix, security=security_options(settings)
        )
    if settings.eventlog_url:
        return EmbeddedLog(settings.eventlog_url, client=client)
    raise BadSetting("Set ANSINH_KAFKA (bootstrap servers) or ANSINH_EVENTLOG_URL (the embedded log's database).")
