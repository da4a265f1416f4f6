"""Who acts. The one place that tells it: whatever authenticates a client replaces `current_actor`."""

from typing import Annotated

from fastapi import Depends, Header


async def current_actor(
    actor: Annotated[
        str,
        Header(alias="X-Actor", pattern=r"^[A-Za-z0-9._@-]{1,64}$", description="who acts", examples=["can-bo.an-phu"]),
    ],
) -> str:
    """Return the name of who makes the request; a client that does not say is answered 401 `actor_missing`."""
    return actor


Actor = Annotated[str, Depends(current_actor)]
