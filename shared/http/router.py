"""Routes with the manners that need the request and its answer: known parameters, JSON, idempotency, audit."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.http.audit import SAFE_METHODS, note_change, plain_parameters, write_row
from shared.http.idempotency import keep_answer
from shared.http.problems import FieldProblem, Problem, pointer


def _refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        names = ", ".join(sorted(known)) or "—"
        errors = [FieldProblem(pointer(("query", name)), "unknown_parameter") for name in unknown]
        raise Problem(400, "unknown_parameter", errors=errors, known=names)


def _refuse_other_media(request: Request) -> None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if has_body and not is_json:
        raise Problem(415, "unsupported_media_type", expected="application/json")


def _asked_for(endpoint: Callable[..., Any]) -> Iterator[params.Depends]:
    """Yield the dependencies that an endpoint asks for by the types of its parameters."""
    for annotation in endpoint.__annotations__.values():
        for note in getattr(annotation, "__metadata__", ()):
            if isinstance(note, params.Depends):
                yield note


def _comes_first(dependency: params.Depends) -> bool:
    return getattr(dependency.dependency, "comes_first", False)


class Route(APIRoute):
    """A route that refuses what it does not know, keeps the answers of idempotent requests and leaves audit rows."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[params.Depends] | None = None,
        **options: Any,
    ) -> None:
        # Who may do it at all is asked before a key is claimed or a body judged.
        asked = [each for each in _asked_for(endpoint) if _comes_first(each)]
        listed = sorted([*asked, *(dependencies or ())], key=lambda each: not _comes_first(each))
        if not SAFE_METHODS.issuperset(options.get("methods") or {"GET"}):
            listed.append(Depends(note_change, scope="function"))
        super().__init__(path, endpoint, dependencies=listed, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request of this route."""
        answer = super().get_route_handler()
        known = frozenset(
            field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)
        )
        plain = plain_parameters(self)
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def handle(request: Request) -> Response:
            _refuse_unknown_parameters(request, known)
            if takes_json:
                _refuse_other_media(request)
            response = await answer(request)
            await keep_answer(request, response)
            await write_row(request, self, plain)
            return response

        return handle


class Router(APIRouter):
    """The routes of one resource. `prefix` is the whole beginning of their paths: `/registry/v1`.

    `dependencies` are of every route: `needs(…)` where all take the same permission.
    """

    def __init__(self, *, prefix: str, tags: Sequence[str], dependencies: Sequence[params.Depends] = ()) -> None:
        super().__init__(
            prefix=prefix,
            tags=list(tags),
            dependencies=list(dependencies),
            route_class=Route,
            generate_unique_id_function=lambda route: route.name,
        )
