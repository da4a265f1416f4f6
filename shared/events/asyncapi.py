"""The AsyncAPI 3.0 document of the platform's events, made from the models. Served by the services.

`python -m shared.events.asyncapi --write` writes it and the JSON Schemas beside the models; without the option it is
printed.
"""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events import EVENT_TYPES, TOPICS
from shared.events.contract import PARTITIONS, Event, HouseholdEvent
from shared.events.published import as_text, samples, write_schemas

FILE = Path(__file__).parent / "asyncapi.json"
_KAFKA = "0.5.0"  # the version of AsyncAPI's Kafka binding
_KINDS = {
    "state": "Carries the whole aggregate with its version: newer replaces older, and it may come again.",
    "fact": "Happened once. Take it once by its `ce_id`.",
}
_TOPIC_USE = {
    "registry.people": "Personal data: only benefits and notifications may read it.",
    "registry.access": "Who may do what: only the platform's own services may read it.",
    "benefits.awards": "Restricted.",
    "benefits.payments": "Restricted.",
}
_CLOUD_EVENT = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode: each attribute is a header in UTF-8.",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "format": "uri-reference", "examples": ["/registry"]},
        "ce_subject": {"type": "string", "description": "the key: what the event is ordered by"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
    },
}


def document() -> dict[str, Any]:
    """Return the document: a channel each topic, an operation each producing service and topic, a message each type."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in EVENT_TYPES.values()], ref_template="#/components/schemas/{model}"
    )
    examples = samples()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:ansinh:events",
        "info": {
            "title": "Ansinh: events",
            "version": "1",
            "description": (
                "All that happens to one household in one topic is in order; between topics there is no order. "
                "A published type only ever gains optional fields; anything else is a new version beside it. "
                "Delivery is at least once."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in TOPICS},
        "operations": {_operation_name(topic): _operation(topic) for topic in TOPICS},
        "components": {
            "messages": {
                model.__name__: _message(model, examples[name]) for name, model in sorted(EVENT_TYPES.items())
            },
            "schemas": {"CloudEvent": _CLOUD_EVENT, **definitions["$defs"]},
        },
    }


def _models(topic: str) -> list[type[Event]]:
    return [model for _, model in sorted(EVENT_TYPES.items()) if topic == model.TOPIC]


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": topic,
        **({"description": _TOPIC_USE[topic]} if topic in _TOPIC_USE else {}),
        "messages": {m.__name__: {"$ref": f"#/components/messages/{m.__name__}"} for m in _models(topic)},
        "bindings": {"kafka": {"topic": topic, "partitions": PARTITIONS, "bindingVersion": _KAFKA}},
    }


def _operation_name(topic: str) -> str:
    return f"publish-{topic.replace('.', '-')}"


def _operation(topic: str) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": f"Published by {topic.partition('.')[0]}",
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/{model.__name__}"} for model in _models(topic)],
    }


def _message(model: type[Event], examples: list[dict[str, Any]]) -> dict[str, Any]:
    is_of_household = issubclass(model, HouseholdEvent)
    key: Mapping[str, str] = (
        {"type": "string", "format": "uuid", "description": "the household's id"}
        if is_of_household
        else {"type": "string", "description": "the area's code"}
    )
    return {
        "name": model.TYPE,
        "summary": inspect.cleandoc(model.__doc__ or "").partition("\n")[0],
        "description": _KINDS[model.KIND],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEvent"},
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA}},
        "examples": [{"payload": example} for example in examples],
    }


def main(arguments: list[str]) -> None:
    """Print the document, or with `--write` put it and the schemas into the tree."""
    if arguments == ["--write"]:
        write_schemas()
        FILE.write_text(as_text(document()), encoding="utf-8")
    else:
        sys.stdout.write(as_text(document()))


if __name__ == "__main__":
    main(sys.argv[1:])
