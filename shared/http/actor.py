"""Who acts. The one place that tells it: whatever authenticates a client replaces `current_principal`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header


@dataclass(frozen=True)
class Principal:
    """Who makes a request: a person or a machine, by the name (`subject`) that its issuer vouches for."""

    subject: str
    machine: bool = False
    scopes: frozenset[str] = frozenset()


async def current_principal(
    actor: Annotated[
        str,
        Header(alias="X-Actor", pattern=r"^[A-Za-z0-9._@-]{1,64}$", description="who acts", examples=["can-bo.an-phu"]),
    ],
) -> Principal:
    """Return who makes the request; a client that does not say is answered 401 `actor_missing`."""
    return Principal(actor)


async def current_actor(principal: Annotated[Principal, Depends(current_principal)]) -> str:
    """Return the name of who makes the request."""
    return principal.subject


Actor = Annotated[str, Depends(current_actor)]
Who = Annotated[Principal, Depends(current_principal)]
