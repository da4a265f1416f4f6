"""Log lines: JSON from every library, named after the service whose work it is."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest
import structlog

from shared.logs import configure_logging, name_service
from shared.tracing import trace


@pytest.fixture
def stream() -> io.StringIO:
    """Where the lines go."""
    stream = io.StringIO()
    configure_logging("platform", stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("library", ["uvicorn.error", "aiokafka.consumer", "sqlalchemy.pool", "anything"])
def test_every_library_writes_the_same_json(stream: io.StringIO, library: str) -> None:
    logging.getLogger(library).warning("lost %s\nconnection", "một")
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "service": "platform", "logger": library, "event": "lost một\nconnection"}


def test_our_lines_carry_their_fields_and_the_trace(stream: io.StringIO) -> None:
    with trace(f"00-{'a' * 32}-{'b' * 16}-01", request_id="r1"):
        structlog.get_logger("ours").info("relayed", rows=3)
    structlog.get_logger("ours").info("relayed")
    first, second = lines(stream)
    assert (first["rows"], first["request_id"], first["trace_id"]) == (3, "r1", "a" * 32)
    assert not {"request_id", "trace_id"} & set(second)


async def test_services_in_one_process_are_told_apart(stream: io.StringIO) -> None:
    async def serve(service: str) -> None:
        name_service(service)
        await asyncio.create_task(work())

    async def work() -> None:
        structlog.get_logger("ours").info("worked")

    await asyncio.gather(asyncio.create_task(serve("registry")), asyncio.create_task(serve("benefits")))
    assert [line["service"] for line in lines(stream)] == ["registry", "benefits"]


def test_the_words_of_an_exception_are_kept_only_where_they_hold_no_data(stream: io.StringIO) -> None:
    log = structlog.get_logger("ours")
    try:
        try:
            raise ValueError("079012345678")
        except ValueError as error:
            raise ConnectionRefusedError(111, "refused") from error
    except ConnectionRefusedError:
        log.exception("failed")
        logging.getLogger("library").exception("failed")
    for line in lines(stream):
        outer, inner = line["exception"]
        assert outer["words"] == "[Errno 111] refused"
        assert inner["type"] == "builtins.ValueError"
        assert "words" not in inner
        assert "079012345678" not in json.dumps(line)


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    structlog.get_logger("ours").debug("detail")
    logging.getLogger("library").debug("detail")
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /x?name=Mai"')
    logging.getLogger("httpx").info("HTTP Request: GET /x?name=Mai")
    assert lines(stream) == []
