"""`ansinh token`: be somebody with a role, on the platform that runs on this machine."""

import httpx

from deploy.client import Platform
from deploy.issuer import LocalIssuer
from shared import clock
from shared.access.roles import GRANTABLE

_PREPARES, _APPROVES = "quan-tri.mau", "tinh.mau"


class NoSuchRole(Exception):
    """A role has no such name; the sentence lists those there are."""


async def token_of(issuer: LocalIssuer, url: str, role: str, area: str | None) -> str:
    """Return a token of the made-up person who holds a role in an area (everywhere if None), granted if need be.

    Raises:
        NoSuchRole: there is no such role.
        Refused: the platform refused the grant; the area is not known for instance.
    """
    if role not in GRANTABLE:
        raise NoSuchRole(f"Không có vai trò {role}. / There is no role {role}: {', '.join(GRANTABLE)}")
    subject = role.replace("_", "-") + (f".{area}" if area else "")
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        platform = Platform(client, issuer.headers, reader=_PREPARES)
        if (await platform.get("/registry/v1/grants", subject=subject))["items"]:
            return issuer.token(subject)
        body = {"subject": subject, "role": role, "area_code": area, "valid_from": clock.today().isoformat()}
        key = f"token-{subject}"
        await platform.approved("/registry/v1/grants", body, actor=_PREPARES, approver=_APPROVES, key=key)
        await platform.missing_grants([subject], within=10)
    return issuer.token(subject)
