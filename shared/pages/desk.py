"""The desk of a service: templates over one layout, its style sheet, and refusals as pages."""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.http.access import needs
from shared.http.problems import Answered
from shared.ids import new_id
from shared.pages.visitor import Refused, Visitor
from shared.settings import ServiceName
from shared.texts import Language, has_text, text
from shared.texts.formats import Formats

_HERE = Path(__file__).parent
_STATIC = {"desk.css": "text/css; charset=utf-8", "desk.js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True)
class Nav:
    """An entry of the desk's menu; `label` is a key of the catalogue."""

    path: str
    label: str


class Desk:
    """What draws a service's pages. `templates` is the folder of its own templates, which extend `layout.html`.

    `helpers` are functions that all of them may call.
    """

    def __init__(
        self,
        service: ServiceName,
        templates: Path,
        menu: Sequence[Nav],
        helpers: Mapping[str, Callable[..., object]] = MappingProxyType({}),
    ) -> None:
        self.service = service
        self.menu = tuple(menu)
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(templates), FileSystemLoader(_HERE / "templates")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(helpers)
        self._environment.filters["day"] = pass_context(_day)
        self._environment.filters["period"] = _period
        self._environment.filters["phone"] = _phone
        self._environment.filters["instant"] = pass_context(_instant)
        self._static = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}

    def router(self) -> APIRouter:
        """Return a router for pages, which has the style sheet already.

        Everybody may ask for a page; what stands on it, and whether a change is made, the API decides.
        """
        router = APIRouter(
            prefix=f"/{self.service}/desk", dependencies=[needs("system.read")], route_class=_pages_of(self)
        )

        @router.get("/static/{name}")
        async def desk_file(name: str) -> Response:
            if name not in self._static:
                return Response(status_code=404)
            kept = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(self._static[name], media_type=_STATIC[name], headers=kept)

        return router

    def static_url(self, name: str) -> str:
        """Return the address of a static file, which changes with its content."""
        return f"/{self.service}/desk/static/{name}?v={hashlib.sha256(self._static[name]).hexdigest()[:12]}"

    def show(self, visitor: Visitor, template: str, status: int = 200, **fields: Any) -> Response:
        """Return a page; templates have `t` (texts), `f` (figures), the form as sent and what is wrong with it."""
        refusal: Refused | None = fields.pop("refusal", None)
        wrong = {} if refusal is None else refusal.by_field
        html = self._environment.get_template(template).render(
            service=self.service,
            menu=self.menu,
            static_url=self.static_url,
            visitor=visitor,
            lang=visitor.language,
            t=partial(_text, visitor.language),
            named=partial(_named, visitor.language),
            words=partial(_words, visitor.language),
            labelled=partial(_labelled, visitor.language),
            f=Formats(visitor.language),
            form=visitor.form,
            problem=None if refusal is None else refusal.problem,
            wrong=wrong,
            idempotency_key=str(new_id()),
            **fields,
        )
        return HTMLResponse(html, status, {"Cache-Control": "no-store"})


async def change(
    done: Callable[[], Awaitable[Any]], *, then: str, otherwise: Callable[[Refused], Awaitable[Response]]
) -> Response:
    """Make a change and go on to the page `then`; where it is refused, show `otherwise`, which says why.

    Raises:
        Refused: it is not for this visitor, so there is no form of theirs to show again.
    """
    try:
        await done()
    except Refused as refusal:
        if refusal.status in (401, 403, 404):
            raise
        return await otherwise(refusal)
    return RedirectResponse(then, 303)


def _text(language: Language, key: str, /, **fields: object) -> str:
    return text(key, language, **fields)


def _named(language: Language, prefix: str, code: str | None) -> str:
    """Return the text of a code, the code itself where the catalogue has none, a dash for nothing."""
    if code is None:
        return "—"
    key = f"{prefix}.{code}"
    return text(key, language) if has_text(key) else code


def _words(language: Language, prefix: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return codes with their texts, as a choice offers them."""
    return [(code, _named(language, prefix, code)) for code in codes]


def _labelled(language: Language, pointer: str) -> str:
    """Return what people call the field that a pointer names; of a place in a list, its number from 1."""
    words = [
        str(int(step) + 1) if step.isdecimal() else _named(language, "field", step)
        for step in pointer.removeprefix("/body/").split("/")
    ]
    return " ".join(words[-2:]) if words[-1].isdecimal() else words[-1]


def _day(context: Context, value: str | None) -> str:
    """Return a day of the API (`2026-11-24`) as readers write it."""
    return "—" if value is None else _formats(context).day(date.fromisoformat(value))


def _period(value: str) -> str:
    """Return a month of the API (`2026-11`) as readers write it: 11/2026; a year as it is."""
    year, _, month = value.partition("-")
    return f"{month}/{year}" if month else year


def _phone(value: str | None) -> str:
    """Return a number of the API (E.164) as people in Viet Nam dial it: 0912 345 678."""
    if value is None:
        return "—"
    local = f"0{value.removeprefix('+84')}" if value.startswith("+84") else value
    return f"{local[:-6]} {local[-6:-3]} {local[-3:]}"


def _instant(context: Context, value: str | None) -> str:
    """Return an instant of the API as readers in Viet Nam write it."""
    return "—" if value is None else _formats(context).instant(datetime.fromisoformat(value))


def _formats(context: Context) -> Formats:
    formats: Formats = context["f"]
    return formats


def _pages_of(desk: Desk) -> type[APIRoute]:
    """Return the kind of route whose refusals are pages, too."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    return await answer(request)
                except Refused as refusal:
                    return _refused(desk, request, refusal)

            return handle

    return PageRoute


def _refused(desk: Desk, request: Request, refusal: Refused) -> Response:
    if refusal.status == 401:  # the session ended meanwhile
        return RedirectResponse(f"/{desk.service}/sign-in?return_to={request.url.path}", 303)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None:
        raise Answered(Response(status_code=refusal.status))
    problem: Mapping[str, Any] = refusal.problem
    return desk.show(visitor, "refused.html", refusal.status, refusal=refusal, title=problem.get("title", ""))
