"""The rights on the broker: each service can read what it listens to, and personal data go no further."""

from typing import Any

import pytest

from deploy.apps import SETTINGS, build
from deploy.kafka_access.policy import Operation, Pattern, Resource, readers, retention, rules
from shared.events import TOPICS
from shared.settings import SERVICES, ServiceName

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_read_what_it_listens_to(service: ServiceName) -> None:
    own: dict[str, Any] = {"sms_url": "http://127.0.0.1:1"} if service == "notifications" else {}
    given = {"service": service, "database_url": NOWHERE, "event_log": {"eventlog_url": NOWHERE}}
    consumers = build(SETTINGS[service].model_validate(given | own)).state.consumers.values()
    listened = {topic for consumer in consumers for topic in consumer.topics}
    assert not {topic for topic in listened if not topic.startswith(f"{service}.") and service not in readers(topic)}
    assert all(consumer.name.startswith(f"{service}.") for consumer in consumers), "the group is not its own"


def test_names_and_numbers_of_people_are_for_two_services_and_no_other() -> None:
    assert readers("registry.people") == {"benefits", "notifications"}


def test_what_benefits_writes_is_for_those_who_are_named() -> None:
    of_others = {topic for topic in TOPICS if "registry" in readers(topic) and not topic.startswith("registry.")}
    assert of_others == {"benefits.payments"}  # what banks said of the accounts that it keeps
    assert readers("benefits.of-tomorrow") == set()


def test_nobody_writes_anothers_topics_or_leads_anothers_groups() -> None:
    for rule in rules():
        if rule.operation == Operation.WRITE or rule.resource == Resource.GROUP:
            assert (rule.pattern, rule.name) == (Pattern.PREFIXED, f"{rule.user}.")


def test_facts_are_kept_for_good_and_every_topic_has_both_limits() -> None:
    for topic in TOPICS:
        configs = retention(topic).configs()
        assert set(configs) == {"cleanup.policy", "retention.ms", "retention.bytes"}
        assert (configs["retention.ms"] == "-1") == (topic != "notifications.messages")
