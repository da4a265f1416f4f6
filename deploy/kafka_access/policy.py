"""The rights of each service on each topic, and how long a topic keeps its records.

What nobody is given here is refused by the broker: it denies where no rule allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from shared.events import TOPICS
from shared.settings import SERVICES, ServiceName


class Resource(IntEnum):
    """What a rule is about, as the protocol numbers it."""

    TOPIC = 2
    GROUP = 3


class Pattern(IntEnum):
    """How a rule's name is compared, as the protocol numbers it."""

    LITERAL = 3
    PREFIXED = 4


class Operation(IntEnum):
    """What a rule allows, as the protocol numbers it; reading and writing include describing."""

    READ = 3
    WRITE = 4


@dataclass(frozen=True, order=True)
class Rule:
    """`user` may do `operation` on resources named `name`, or beginning with it, from any host.

    The numbers are the protocol's; a rule that a hand has made may hold others than ours.
    """

    user: str
    resource: int
    pattern: int
    name: str
    operation: int


@dataclass(frozen=True)
class Retention:
    """How long and how much a partition keeps; None is for good."""

    hours: int | None
    gigabytes: int | None

    def configs(self) -> dict[str, str]:
        """Return the topic's settings as the broker takes them."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": "-1" if self.hours is None else str(self.hours * 3_600_000),
            "retention.bytes": "-1" if self.gigabytes is None else str(self.gigabytes * 1_000_000_000),
        }


# Personal data and money: these and no other may read.
_READERS: dict[str, frozenset[ServiceName]] = {
    "registry.people": frozenset({"benefits", "notifications"}),
    "benefits.awards": frozenset({"indicators", "notifications"}),
    "benefits.payments": frozenset({"indicators", "notifications", "registry"}),
}

# Facts are kept for good: projections are rebuilt from the log. Nothing is rebuilt from what became of messages, and
# their own service keeps every one.
_FOR_GOOD = Retention(hours=None, gigabytes=None)
_RETENTION = {"notifications.messages": Retention(hours=3 * 365 * 24, gigabytes=1)}


def readers(topic: str) -> frozenset[ServiceName]:
    """Return the services that may read a topic, beside its own.

    What the registry says of areas, households and grants is for every service; another topic that has no line is
    for nobody.
    """
    everyone = frozenset(SERVICES) if topic.startswith("registry.") else frozenset()
    return _READERS.get(topic, everyone)


def retention(topic: str) -> Retention:
    """Return how long a topic keeps its records."""
    return _RETENTION.get(topic, _FOR_GOOD)


def rules() -> Sequence[Rule]:
    """Return every rule: a service writes and reads its own topics, reads what is for it, and leads its own groups."""
    made = []
    for service in SERVICES:
        own = f"{service}."
        made += [
            Rule(service, Resource.TOPIC, Pattern.PREFIXED, own, Operation.WRITE),
            Rule(service, Resource.TOPIC, Pattern.PREFIXED, own, Operation.READ),
            Rule(service, Resource.GROUP, Pattern.PREFIXED, own, Operation.READ),
        ]
        made += [
            Rule(service, Resource.TOPIC, Pattern.LITERAL, topic, Operation.READ)
            for topic in TOPICS
            if not topic.startswith(own) and service in readers(topic)
        ]
    return made
