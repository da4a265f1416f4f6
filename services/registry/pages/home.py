"""The first page: what waits for the officer, in the communes that are theirs."""

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_name
from shared.pages import Desk, Visiting, if_allowed

_SHOWN = 10


def add_home(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk`."""

    @router.get("")
    async def work_page(visitor: Visiting) -> Response:
        access = await visitor.get("/registry/v1/access")
        reorganisations = await visitor.get("/registry/v1/reorganisations", limit=_SHOWN)
        return desk.show(
            visitor,
            "work.html",
            grants=[grant | {"area": await area_name(visitor, grant["area_code"])} for grant in access["grants"]],
            permissions=access["permissions"],
            reorganisations=[
                each
                for each in reorganisations["items"]
                if each["state"] == "applied" and "households.change" in access["permissions"]
            ],
            rounds=await if_allowed(visitor, "/registry/v1/rounds", limit=_SHOWN),
            changes=await if_allowed(visitor, "/registry/v1/household-changes", state="unconfirmed", limit=_SHOWN),
            ending=await if_allowed(visitor, "/registry/v1/ending-authorisations", limit=_SHOWN),
            duplicates=await if_allowed(visitor, "/registry/v1/duplicates", limit=_SHOWN),
            waiting=await if_allowed(visitor, "/registry/v1/proposals", state="open", limit=_SHOWN),
        )
