"""What the framework and the database refuse, told as problems: validation, routing, constraints, lost connections."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.access import AreaNotGranted
from shared.encryption import CannotOpen
from shared.http.audit import note_refusal, note_replay
from shared.http.problems import Answered, BodyTooLarge, FieldProblem, Problem, answer, pointer
from shared.texts import CATALOGUE, DEFAULT_LANGUAGE, has_text, placeholders

_log = structlog.get_logger(__name__)
_BY_STATUS = {404: "not_found", 400: "malformed_request"}
_OWN_PROBLEM = {
    "idempotency-key": (400, "idempotency_key_required"),
    "if-match": (428, "precondition_required"),
}
_SHOWN_ERRORS = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_UNAVAILABLE = ("08", "53", "57P")  # SQLSTATE: connection lost, out of resources, shutting down
_NOT_STORABLE = "22"  # data exception: out of range, a NUL in text
_NO_CONNECTION = (ConnectionError, FileNotFoundError, TimeoutError, PoolTimeout)
_RETRY = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available

# Problems for the constraints of a service's own tables, by the constraint's name.
Constraints = Mapping[str, Problem]


def field_problem(error: Mapping[str, Any]) -> FieldProblem:
    """Return one pydantic error (`loc`, `type`, `ctx`) in our words.

    The refused value and pydantic's own message, which may hold it, are left out.
    """
    code, place = str(error["type"]), error["loc"]
    if code == "extra_forbidden" and not _NAME.fullmatch(str(place[-1])):
        place = place[:-1]  # no name of a field: what people enter, in the wrong place
    context = error.get("ctx") or {}
    if not has_text(f"validation.{code}"):
        return FieldProblem(pointer(place), "other")
    wanted = placeholders(CATALOGUE[f"validation.{code}"][DEFAULT_LANGUAGE])
    if not wanted <= set(context):
        return FieldProblem(pointer(place), "other")
    return FieldProblem(pointer(place), code, {name: context[name] for name in wanted})


def validation_problem(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem for pydantic's errors, whose `loc` begins with the part: body, query, path or header."""
    refused_headers = {str(error["loc"][-1]).lower() for error in errors if error["loc"][0] == "header"}
    for header, (status, code) in _OWN_PROBLEM.items():
        if header in refused_headers:
            return Problem(status, code)
    malformed = next((error for error in errors if error["type"] == "json_invalid"), None)
    if malformed is not None:
        return Problem(400, "malformed_json", position=malformed["loc"][-1])
    shown = [field_problem(error) for error in errors[:_SHOWN_ERRORS]]
    return Problem(422, "validation_failed", errors=shown, count=len(errors))


def _http_problem(error: HTTPException) -> Problem:
    if isinstance(error, BodyTooLarge):
        return error.problem
    headers = error.headers or {}
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        return Problem(error.status_code, "refused", headers=headers, status=error.status_code)
    return Problem(error.status_code, code, headers=headers)


def constraint_of(error: DBAPIError) -> str | None:
    """Return the name of the constraint that a write violated, None when it violated none."""
    name = getattr(error.driver_exception, "constraint_name", None)
    return name if isinstance(name, str) else None


def database_problem(error: Exception, constraints: Constraints) -> Problem | None:
    """Return the problem that a database error means to the client; None when it is a fault of ours."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return None  # a file; a missing socket has no name
    if isinstance(error, _NO_CONNECTION):
        return Problem(503, "database_unavailable", headers={"Retry-After": "2"})
    if not isinstance(error, DBAPIError):
        return None
    named = constraint_of(error)
    if named is not None and named in constraints:
        return constraints[named]
    state = str(getattr(error.driver_exception, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(_UNAVAILABLE):
        return Problem(503, "database_unavailable", headers={"Retry-After": "2"})
    if state.startswith(_NOT_STORABLE):
        return Problem(422, "value_not_storable")
    if state in _RETRY:
        return Problem(503, "conflicting_write", headers={"Retry-After": "1"})
    return None


Handler = Callable[[Request, Exception], Awaitable[Response]]


def _answering(translate: Callable[[Any], Problem | None]) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        problem = translate(error)
        if problem is None:
            raise error
        await note_refusal(request, problem)
        return answer(request, problem)

    return handle


def _allowed(app: FastAPI, path: str) -> str:
    """Return the methods that a path takes; the framework names only those of the first route that matches."""
    methods: set[str] = set()
    for router in app.state.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.path_regex.match(path):
                methods |= route.methods or set()
    return ", ".join(sorted(methods))


async def _method_not_allowed(request: Request, _error: Exception) -> Response:
    headers = {"Allow": _allowed(request.app, request.url.path)}
    return answer(request, Problem(405, "method_not_allowed", headers=headers))


async def _cannot_open(request: Request, error: Exception) -> Response:
    """Say that a sealed value is refused; which one, and why, is for the operator's eyes."""
    _log.error("sealed_value_refused", exc_info=error)
    return answer(request, Problem(500, "sealed_value_refused"))


async def _answered(request: Request, error: Exception) -> Response:
    if not isinstance(error, Answered):
        raise error
    await note_replay(request, error.response)
    return error.response


def install(app: FastAPI, constraints: Constraints) -> None:
    """Make an app answer its own, the framework's and the database's refusals with problem documents."""
    app.add_exception_handler(Problem, _answering(lambda error: error))
    app.add_exception_handler(RequestValidationError, _answering(lambda error: validation_problem(error.errors())))
    app.add_exception_handler(405, _method_not_allowed)
    app.add_exception_handler(HTTPException, _answering(_http_problem))
    for kind in (DBAPIError, *_NO_CONNECTION):
        app.add_exception_handler(kind, _answering(lambda error: database_problem(error, constraints)))
    app.add_exception_handler(CannotOpen, _cannot_open)
    app.add_exception_handler(AreaNotGranted, _answering(lambda _: Problem(403, "area_not_granted")))
    app.add_exception_handler(Answered, _answered)
