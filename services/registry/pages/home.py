"""The first page: what waits for the officer, in the communes that are theirs."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_name
from shared.pages import Desk, Refused, Visiting, Visitor

_SHOWN = 10


def add_home(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk`."""

    @router.get("")
    async def work_page(visitor: Visiting) -> Response:
        access = await visitor.get("/registry/v1/access")
        return desk.show(
            visitor,
            "work.html",
            grants=[grant | {"area": await area_name(visitor, grant["area_code"])} for grant in access["grants"]],
            permissions=access["permissions"],
            waiting=await _if_allowed(visitor, "/registry/v1/proposals", state="open", limit=_SHOWN),
        )


async def _if_allowed(visitor: Visitor, path: str, **query: Any) -> Any:
    """Return what the API answers, None where it is not for this visitor."""
    try:
        return await visitor.get(path, **query)
    except Refused as refusal:
        if refusal.status == 403:
            return None
        raise
