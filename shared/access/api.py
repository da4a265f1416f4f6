"""What one may do here: one's own grants as this service knows them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from shared import clock
from shared.access import PERMISSIONS, Access, Reach
from shared.access.store import grants_of
from shared.http.access import needs
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.settings import ServiceName


class HeldGrant(BaseModel):
    """A grant that is in force today. `area_code` null is everywhere; `communes` counts what the area covers."""

    role: str = Field(examples=["commune_officer"])
    area_code: str | None = Field(examples=["08566"])
    communes: int | None
    valid_from: date
    valid_to: date | None


class OwnAccess(BaseModel):
    """Who asks, the grants that this service knows of, and the permissions that they give."""

    subject: str
    grants: list[HeldGrant]
    permissions: list[str] = Field(examples=[["households.read", "households.register"]])


def access_router(service: ServiceName) -> Router:
    """Return `GET /<service>/v1/access`."""
    router = Router(prefix=f"/{service}/v1", tags=["access"])

    @router.get("/access")
    async def get_own_access(tx: Tx, access: Annotated[Access, needs("access.read")]) -> OwnAccess:
        """Show what you may do here. A grant just approved arrives within seconds."""
        held = await grants_of(tx, access.subject, clock.today())
        roles = {grant.role for grant in held}
        everywhere = {grant.role for grant in held if grant.everywhere}
        permissions = [
            each.name
            for each in PERMISSIONS.values()
            if each.reach is Reach.SELF or each.roles & (everywhere if each.reach is Reach.PLATFORM else roles)
        ]
        shown = [
            HeldGrant(
                role=grant.role,
                area_code=grant.area_code,
                communes=None if grant.everywhere else len(grant.communes),
                valid_from=grant.valid_from,
                valid_to=grant.valid_to,
            )
            for grant in held
        ]
        return OwnAccess(subject=access.subject, grants=shown, permissions=permissions)

    return router
