"""The public page at `/` and its style sheet. Reading only; it answers without scripts."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.indicators.api.parameters import past_day
from services.indicators.pages.boundaries import Boundaries
from services.indicators.pages.facts import default_area, read_facts
from services.indicators.pages.state import SORTS, PageState, Sort, View
from services.indicators.pages.view import page
from services.indicators.store.decisions import most_used_standard, standards
from services.indicators.store.figures import Ground, UnknownArea
from services.indicators.store.figures import ground as read_ground
from shared import clock
from shared.db import Transaction
from shared.http import Problem, Tx, needs
from shared.texts import DEFAULT_LANGUAGE, Language, text

_HERE = Path(__file__).parent


def page_router(boundaries: Boundaries | None) -> APIRouter:
    """Return the routes of the page; the map shows tiles where there are no boundaries."""
    router = APIRouter(dependencies=[needs("figures.read")])
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_HERE / "static" / "indicators.css").read_bytes()
    image = (_HERE / "static" / "indicators.svg").read_bytes()
    style_url = f"/static/indicators.css?v={hashlib.sha256(style).hexdigest()[:12]}"

    def answer(template: str, status: int, **fields: object) -> Response:
        html = templates.get_template(template).render(style=style_url, **fields)
        return HTMLResponse(html, status, {"Cache-Control": "no-cache"})

    @router.get("/")
    async def show_page(tx: Tx, request: Request) -> Response:
        """Show the figures of a unit on a day."""
        lang: Language = "en" if request.query_params.get("lang") == "en" else DEFAULT_LANGUAGE
        try:
            ground = await read_ground(tx)
            state = await _chosen(tx, ground, request.query_params, lang)
            if state is None:
                return answer("empty.html", 200, lang=lang, t=text)
            facts = await read_facts(tx, ground, state)
        except UnknownArea:
            return answer("refused.html", 404, lang=lang, t=text, code="area_unknown")
        except Problem as problem:
            return answer("refused.html", problem.status, lang=lang, t=text, code=problem.code)
        return answer("page.html", 200, **page(facts, state, boundaries))

    @router.get("/static/indicators.svg")
    async def icon() -> Response:
        """The page's icon."""
        return Response(image, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    @router.get("/static/indicators.css")
    async def style_sheet() -> Response:
        """The page's style sheet; its address changes with its content."""
        return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"})

    return router


async def _chosen(tx: Transaction, ground: Ground, asked: Mapping[str, str], lang: Language) -> PageState | None:
    """Return what is shown, gaps filled in; None while nothing is known to show.

    An empty or unknown choice of standard or order counts as none: forms send empty fields, old links outlive columns.

    Raises:
        Problem: 400, the day is none or is to come.
    """
    day = _day(asked.get("on"))
    map_on = _day(asked["map_on"]) if asked.get("map_on") else None
    area = asked.get("area") or next((found.code for found in [default_area(ground, map_on or day)] if found), None)
    known = await standards(tx)
    standard = next((code for code in known if code == asked.get("standard")), None)
    standard = standard or await most_used_standard(tx, day) or next(iter(known), None)
    if area is None or standard is None:
        return None
    sort: Sort = next((sort for sort in SORTS if sort == asked.get("sort")), "together_rate")
    view: View = "tiles" if asked.get("view") == "tiles" else "map"
    return PageState(lang, area, standard, day, sort, asked.get("order") != "up", view, clock.today(), map_on)


def _day(asked: str | None) -> date:
    try:
        return past_day(date.fromisoformat(asked) if asked else None)
    except ValueError as error:
        raise Problem(400, "day_invalid") from error
