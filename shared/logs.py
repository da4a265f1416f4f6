"""Log lines: one JSON object each, on standard output, from our code and from every library alike.

Each has `time` (UTC), `level`, `service`, `logger` and `event`, and within a request or event `request_id` and
`trace_id`. Of an exception the types, the frames and, from the database, the SQLSTATE and the constraint are written;
its words are only where they cannot hold what people entered.
"""

import logging
import sys
import traceback
from contextvars import ContextVar
from typing import Any, TextIO

import orjson
import structlog
from structlog.types import EventDict, Processor

from shared.encryption import CannotOpen, KeysMissing
from shared.tracing import current_request_id, current_trace_id

_service: ContextVar[str | None] = ContextVar("service", default=None)
_SAFE_WORDS = (OSError, ImportError, AttributeError, TypeError, NameError, AssertionError, CannotOpen, KeysMissing)
_SHOWN_FRAMES = 20


def name_service(service: str) -> None:
    """Name the service in all lines from here on, in this task and those it starts."""
    _service.set(service)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and what it came from, outermost first."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    return chain


def _described(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:]
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, _SAFE_WORDS):
        described["words"] = str(error)
    for detail in ("sqlstate", "constraint_name", "table_name"):
        value = getattr(error, detail, None)
        if isinstance(value, str):
            described[detail] = value
    return described


def _exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found is True else found
    if isinstance(error, BaseException):
        event["exception"] = [_described(link) for link in _chain(error)]
    return event


def _context(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for name, value in (("request_id", current_request_id()), ("trace_id", current_trace_id())):
        if value is not None:
            event[name] = value
    return event


def _json(_logger: Any, _method: str, event: EventDict) -> str:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return orjson.dumps(event, default=str).decode()


def configure_logging(service: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send the process's log lines, ours and the standard library's, to `stream` (standard output) as JSON.

    `service` names the lines of code that belongs to no single service, where several run in one process.
    """

    def named(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = _service.get() or service
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        named,
        _context,
        _exception,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_json]))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in ("uvicorn", "uvicorn.error", "uvicorn.access", "aiokafka", "asyncio", "sqlalchemy"):
        logger = logging.getLogger(library)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # ours has the route template and no query string
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold whole addresses
