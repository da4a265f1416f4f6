"""The OpenAPI document of an app: short operation ids, and our problem document on every operation."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.http.problems import MEDIA_TYPE, ProblemBody

_SUPERSEDED = ("HTTPValidationError", "ValidationError")


def _problem_response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _problem_schemas() -> dict[str, Any]:
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    nested: dict[str, Any] = schema.pop("$defs")
    return {"Problem": {**schema, "title": "Problem"}, **nested}


def refuse_repeated_names(routes: Sequence[APIRoute]) -> None:
    """Do nothing where every operation has a name of its own: it is its id.

    Raises:
        ValueError: two operations have one id; name the second endpoint's function otherwise.
    """
    ids = Counter(route.operation_id or route.name for route in routes)
    twice = sorted(name for name, count in ids.items() if count > 1)
    if twice:
        raise ValueError(f"operation ids that stand for more than one operation: {', '.join(twice)}")


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app, made once, when it is first asked for: it takes a second or more."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    routes = [route for router in app.state.routers for route in router.routes]
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    for operation in operations:
        operation["responses"].pop("422", None)
        operation["responses"]["4XX"] = _problem_response(
            "Refused; `code` says why / Bị từ chối; `code` cho biết lý do"
        )
        operation["responses"]["5XX"] = _problem_response("Failed; nothing was written / Lỗi; chưa có gì được ghi")
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in _SUPERSEDED:
        schemas.pop(name, None)
    schemas.update(_problem_schemas())
    app.openapi_schema = schema
    return schema
