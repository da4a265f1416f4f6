"""The contract of events: what is in the tree is what the models say, and what was promised stays true."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from shared.eventlog import Stored
from shared.events import EVENT_TYPES, Message, asyncapi, decode, published
from shared.events.compatibility import incompatibilities
from shared.messaging.envelope import BrokenEnvelope, from_stored, to_record

ROOT = Path(__file__).parents[2]
SCHEMAS = "shared/events/schemas"
WRITE = "run: python -m shared.events.asyncapi --write"
SAMPLES = published.samples()
Json = dict[str, Any]
NO_HEADERS: Mapping[str, bytes] = {}


EACH_SAMPLE = [
    pytest.param(name, value, id=f"{name} {number}")
    for name, values in SAMPLES.items()
    for number, value in enumerate(values, start=1)
]


def _message(name: str, data: bytes) -> Message:
    return Message(
        id=UUID("0192f0c4-0000-7000-8000-000000000001"),
        type=name,
        source="/registry",
        subject="08566",
        time=datetime(2026, 11, 23, 3, 4, 5, 678901, UTC),
        topic=EVENT_TYPES[name].TOPIC,
        key="08566",
        data=data,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


# Schemas and samples


def test_the_schemas_in_the_tree_are_those_of_the_models() -> None:
    assert published.written_schemas() == published.schemas(), WRITE


def test_the_asyncapi_document_in_the_tree_is_that_of_the_models() -> None:
    assert json.loads(asyncapi.FILE.read_text(encoding="utf-8")) == asyncapi.document(), WRITE


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_each_type_is_named_after_its_service_and_has_a_sample_and_a_sound_schema(name: str) -> None:
    service = EVENT_TYPES[name].TOPIC.partition(".")[0]
    assert name.startswith(f"vn.ansinh.{service}.")
    assert SAMPLES[name], f"write {published.SAMPLES / name}.json"
    jsonschema.Draft202012Validator.check_schema(published.schemas()[name])


def test_no_sample_is_of_a_type_that_nobody_publishes() -> None:
    assert set(SAMPLES) == set(EVENT_TYPES)


@pytest.mark.parametrize(("name", "sample"), EACH_SAMPLE)
def test_a_golden_sample_is_read_and_written_again_without_loss(name: str, sample: Json) -> None:
    received = decode(_message(name, json.dumps(sample).encode()))
    assert json.loads(received.event.model_dump_json(exclude_unset=True)) == sample
    identity = next(sample[name] for name in ("household_id", "code", "grant_id") if name in sample)
    assert received.event.key == identity
    again = decode(_message(name, received.event.encode()))
    assert again.event == received.event


@pytest.mark.parametrize(("name", "sample"), EACH_SAMPLE)
def test_a_golden_sample_fits_the_published_schema(name: str, sample: Json) -> None:
    jsonschema.Draft202012Validator(
        published.written_schemas()[name], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(sample)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_the_samples_of_a_type_show_each_of_its_fields_filled(name: str) -> None:
    shown = {field for sample in SAMPLES[name] for field, value in sample.items() if value is not None}
    assert shown == set(EVENT_TYPES[name].model_fields)


@pytest.mark.parametrize(("name", "sample"), EACH_SAMPLE)
def test_a_reader_of_today_ignores_the_fields_of_tomorrow(name: str, sample: Json) -> None:
    event = decode(_message(name, json.dumps({**sample, "of_tomorrow": 1}).encode())).event
    assert event == decode(_message(name, json.dumps(sample).encode())).event


# Changes

BASE: Json = {
    "type": "object",
    "$defs": {
        "Class": {"enum": ["poor", "near_poor"], "type": "string"},
        "Part": {"properties": {"n": {"type": "null"}}},
    },
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "amount": {"type": "integer"},
        "class": {"$ref": "#/$defs/Class"},
        "channel": {"const": "sms", "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
    },
    "required": ["id", "amount", "class", "channel", "parts"],
}


def _changed(change: Callable[[Json], object]) -> Json:
    schema: Json = json.loads(json.dumps(BASE))
    change(schema)
    return schema


def _rename(schema: Json, old: str, new: str) -> None:
    schema["properties"][new] = schema["properties"].pop(old)


BREAKING: Mapping[str, tuple[Callable[[Json], object], list[str]]] = {
    "a field removed": (lambda s: s["properties"].pop("note"), ["/note: removed"]),
    "a field renamed": (lambda s: _rename(s, "note", "remark"), ["/note: removed"]),
    "a new required field": (
        lambda s: (s["properties"].update(area={"type": "string"}), s["required"].append("area")),
        ["/area: new and required; stored events lack it"],
    ),
    "an optional field made required": (
        lambda s: s["required"].append("note"),
        ["/note: required now; stored events may lack it"],
    ),
    "a required field made optional": (
        lambda s: s["required"].remove("amount"),
        ["/amount: optional now; readers of before need it"],
    ),
    "another type": (
        lambda s: s["properties"]["amount"].update(type="string"),
        ["/amount: type was 'integer', is 'string'"],
    ),
    "a type narrowed": (
        lambda s: s["properties"]["note"].update(anyOf=[{"type": "string"}]),
        ["/note: anyOf had 2 alternatives, has 1"],
    ),
    "a type widened": (
        lambda s: s["properties"]["note"]["anyOf"].append({"type": "integer"}),
        ["/note: anyOf had 2 alternatives, has 3"],
    ),
    "another format": (
        lambda s: s["properties"]["id"].update(format="date"),
        ["/id: format was 'uuid', is 'date'"],
    ),
    "a limit added": (
        lambda s: s["properties"]["amount"].update(minimum=1),
        ["/amount: minimum was None, is 1"],
    ),
    "a value removed": (
        lambda s: s["$defs"]["Class"]["enum"].remove("near_poor"),
        ["/class: value 'near_poor' removed; stored events may hold it"],
    ),
    "a value added": (
        lambda s: s["$defs"]["Class"]["enum"].append("not_poor"),
        ["/class: value 'not_poor' new; readers of before refuse it"],
    ),
    "a list of values where any was allowed": (
        lambda s: s["properties"]["id"].update(enum=["a"]),
        ["/id: enum was None, is ['a']"],
    ),
    "another constant": (
        lambda s: s["properties"]["channel"].update(const="zalo"),
        ["/channel: const was 'sms', is 'zalo'"],
    ),
    "another default": (
        lambda s: s["properties"]["note"].update(default=""),
        ["/note: default was None, is ''"],
    ),
    "a field removed in a part of a list": (
        lambda s: s["$defs"]["Part"]["properties"].pop("n"),
        ["/parts/*/n: removed"],
    ),
    "unknown fields refused": (
        lambda s: s.update(additionalProperties=False),
        ["/: additionalProperties was None, is False"],
    ),
}


@pytest.mark.parametrize(("change", "found"), BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_readers_or_stored_events_is_found(
    change: Callable[[Json], object], found: list[str]
) -> None:
    assert incompatibilities(BASE, _changed(change)) == found


HARMLESS: Mapping[str, Callable[[Json], object]] = {
    "nothing": lambda s: s,
    "a new optional field": lambda s: s["properties"].update(area={"type": "string", "default": ""}),
    "a new optional field in a part": lambda s: s["$defs"]["Part"]["properties"].update(m={"type": "integer"}),
    "other words": lambda s: s["properties"]["amount"].update(title="Amount", description="VND", examples=[1]),
    "a definition written in place": lambda s: s["properties"].update({"class": s["$defs"].pop("Class")}),
    "another order": lambda s: (s["required"].reverse(), s["$defs"]["Class"]["enum"].reverse()),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_harms_nobody_is_let_pass(change: Callable[[Json], object]) -> None:
    assert incompatibilities(BASE, _changed(change)) == []


def test_a_type_that_contains_itself_is_compared_to_its_end() -> None:
    def tree(leaf: str) -> Json:
        node = {"properties": {"leaf": {"type": leaf}, "children": {"items": {"$ref": "#/$defs/Node"}}}}
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert incompatibilities(tree("string"), tree("string")) == []
    assert incompatibilities(tree("string"), tree("integer")) == ["/leaf: type was 'string', is 'integer'"]


def test_a_type_that_is_no_longer_published_is_a_broken_promise() -> None:
    assert published.broken_promises({"a.v1": BASE}, {"a.v2": BASE}) == ["a.v1: no longer published"]


def test_schemas_are_not_written_over_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "SCHEMAS", tmp_path)
    published.write_schemas()
    assert published.written_schemas() == published.schemas()
    promised = tmp_path / "vn.ansinh.registry.area.stated.v1.json"
    schema = json.loads(promised.read_text())
    schema["properties"]["nickname"] = {"type": "string"}
    promised.write_text(json.dumps(schema))
    with pytest.raises(published.IncompatibleChange, match=r"area\.stated\.v1/nickname: removed"):
        published.write_schemas()
    assert json.loads(promised.read_text()) == schema


def _git(*arguments: str) -> list[str]:
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.splitlines() if answer.returncode == 0 else []


def test_every_schema_that_was_ever_committed_is_still_kept() -> None:
    """What is promised begins with the commit that brought this file. A copy without history has nothing to compare."""
    now = published.schemas()
    first = _git("log", "--diff-filter=A", "--format=%H", "--", str(Path(__file__).relative_to(ROOT)))[-1:]
    commits = [*first, *(_git("log", "--format=%H", f"{first[0]}..HEAD", "--", SCHEMAS) if first else [])]
    for commit in commits:
        files = _git("ls-tree", "--name-only", commit, f"{SCHEMAS}/")
        then = {Path(file).stem: json.loads("\n".join(_git("show", f"{commit}:{file}"))) for file in files}
        assert published.broken_promises(then, now) == [], f"promised by {commit}"


# AsyncAPI


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document()
    references = set(_references(document))
    assert references
    for reference in references:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_the_asyncapi_document_names_every_type_in_its_topic() -> None:
    document = asyncapi.document()
    for name, model in EVENT_TYPES.items():
        assert model.__name__ in document["channels"][model.TOPIC]["messages"]
        assert document["components"]["messages"][model.__name__]["name"] == name


# CloudEvents 1.0 over Kafka, binary mode


def _stored(message: Message, without: str | None = None, other: Mapping[str, bytes] = NO_HEADERS) -> Stored:
    record = to_record(message)
    headers = {name: value for name, value in record.headers if name != without} | dict(other)
    return Stored(record.topic, 3, 17, record.key, tuple(headers.items()), record.value)


@pytest.mark.parametrize(("name", "sample"), EACH_SAMPLE)
def test_an_event_travels_with_its_attributes_and_returns_as_it_was(name: str, sample: Json) -> None:
    message = _message(name, json.dumps(sample, ensure_ascii=False).encode())
    assert from_stored(_stored(message)) == message


def test_the_headers_are_those_of_the_binding() -> None:
    message = _message("vn.ansinh.registry.area.stated.v1", b"{}")
    assert dict(to_record(message).headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"0192f0c4-0000-7000-8000-000000000001",
        "ce_type": b"vn.ansinh.registry.area.stated.v1",
        "ce_source": b"/registry",
        "ce_subject": b"08566",
        "ce_time": b"2026-11-23T03:04:05.678901+00:00",
        "content-type": b"application/json",
        "traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }


def test_what_a_record_carries_is_what_the_asyncapi_document_promises() -> None:
    message = _message("vn.ansinh.registry.area.stated.v1", b"{}")
    headers = {name: value.decode() for name, value in to_record(message).headers}
    schema = asyncapi.document()["components"]["schemas"]["CloudEvent"]
    jsonschema.validate(headers, schema)
    assert set(headers) == set(schema["properties"])


@pytest.mark.parametrize("attribute", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_a_record_without_a_required_attribute_is_refused(attribute: str) -> None:
    message = _message("vn.ansinh.registry.area.stated.v1", b"{}")
    with pytest.raises(BrokenEnvelope, match=r"registry\.areas/3@17"):
        from_stored(_stored(message, without=attribute))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("ce_specversion", b"0.3"), ("ce_id", b"7"), ("ce_time", b"yesterday"), ("ce_time", b"2026-11-23T03:04:05")],
)
def test_an_attribute_that_is_not_what_it_must_be_is_refused(attribute: str, value: bytes) -> None:
    message = _message("vn.ansinh.registry.area.stated.v1", b"{}")
    with pytest.raises(BrokenEnvelope):
        from_stored(_stored(message, other={attribute: value}))


def test_an_event_without_a_trace_travels_without_one() -> None:
    message = _message("vn.ansinh.registry.area.stated.v1", b"{}")
    assert from_stored(_stored(message, without="traceparent")).traceparent is None
