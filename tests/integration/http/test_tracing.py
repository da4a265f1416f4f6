"""One id through request, answer, log line and what is written."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

URL = "/registry/v1/trace"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Lines = Callable[[], list[dict[str, Any]]]


async def test_a_request_id_is_taken_over_and_echoed(client: httpx.AsyncClient) -> None:
    response = await client.get(URL, headers={"X-Request-Id": "desk-7/1".replace("/", ".")})
    assert response.headers["x-request-id"] == response.json()["request_id"] == "desk-7.1"


@pytest.mark.parametrize("offered", ["", "x" * 129, "a b", "a\tb", "<script>"], ids=repr)
async def test_a_request_id_that_is_not_safe_is_replaced(client: httpx.AsyncClient, offered: str) -> None:
    response = await client.get(URL, headers={"X-Request-Id": offered})
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-request-id"])


async def test_a_trace_goes_on_in_a_span_of_our_own(client: httpx.AsyncClient) -> None:
    response = await client.get(URL, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"})
    version, trace, span, flags = response.json()["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "00")
    assert span != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "offered",
    [
        "",
        f"00-{TRACE}-00f067aa0ba902b7",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
    ],
)
async def test_a_trace_context_that_is_not_valid_begins_a_new_trace(client: httpx.AsyncClient, offered: str) -> None:
    made = (await client.get(URL, headers={"traceparent": offered})).json()["traceparent"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", made)
    assert TRACE not in made


async def test_a_request_is_one_line_with_its_template_and_without_what_was_sent(
    client: httpx.AsyncClient, log_lines: Lines
) -> None:
    url = "/registry/v1/things/018f3c2a-0000-7000-8000-000000000000?name=bí-mật"
    headers = {"X-Request-Id": "r1", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    await client.get(url, headers=headers)
    (line,) = log_lines()
    assert {name: line[name] for name in ("event", "method", "route", "status", "level", "service")} == {
        "event": "request",
        "method": "GET",
        "route": "/registry/v1/things/{thing_id}",
        "status": 400,
        "level": "info",
        "service": "tests",
    }
    assert (line["request_id"], line["trace_id"]) == ("r1", TRACE)
    assert line["time"].endswith("Z")
    assert line["duration_ms"] >= 0
    assert "018f3c2a" not in str(line)
    assert "bí" not in str(line)


async def test_a_fault_is_logged_with_its_place_and_without_what_people_entered(
    client: httpx.AsyncClient, log_lines: Lines
) -> None:
    body = {"name": "broken", "size": 1}
    response = await client.post("/registry/v1/things", json=body, headers={"Idempotency-Key": "k"})
    fault, request = log_lines()
    assert (fault["event"], fault["level"], request["status"]) == ("request_failed", "error", 500)
    assert fault["exception"][0]["type"] == "builtins.RuntimeError"
    assert "sample.py" in fault["exception"][0]["frames"][-1]
    assert fault["request_id"] == response.json()["request_id"]
    assert "broken" not in str(fault)


async def test_a_fault_of_the_database_names_the_constraint_and_no_value(
    client: httpx.AsyncClient, log_lines: Lines
) -> None:
    body = {"name": "Nguyễn Văn A", "size": 13}
    await client.post("/registry/v1/things", json=body, headers={"Idempotency-Key": "k"})
    fault = log_lines()[0]
    assert {link.get("constraint_name") for link in fault["exception"]} >= {"things_size"}
    assert {link.get("sqlstate") for link in fault["exception"]} >= {"23514"}
    assert "Nguyễn" not in str(fault)


async def test_probes_are_not_in_the_log(client: httpx.AsyncClient, log_lines: Lines) -> None:
    for probe in ("healthz", "readyz", "metrics"):
        await client.get(f"/registry/{probe}")
    assert log_lines() == []
