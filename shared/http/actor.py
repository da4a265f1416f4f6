"""Who acts: the one place in which a request's bearer token becomes a principal."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from shared.http.problems import Problem
from shared.identity import IdentityUnavailable, Principal, TokenRefused, TokenVerifier
from shared.signin.requests import browser_session, refuse_forged

__all__ = ["Actor", "Principal", "Who", "current_actor", "current_principal"]

_bearer = HTTPBearer(scheme_name="oidc", description="access token of the OpenID Connect issuer", auto_error=False)


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Return who makes the request: by its bearer token, or, from a browser, by the cookie of a session.

    A change that comes by cookie carries the session's `X-CSRF-Token`.

    Raises:
        Problem: 401 `token_missing` or `token_<reason>`; 403 `request_forged`; 503 `identity_unavailable`.
    """
    if credentials is None:
        session = await browser_session(request)
        if session is not None:
            refuse_forged(request, session, request.headers.get("x-csrf-token", ""))
            return _noted(request, Principal(session.subject))
        raise Problem(401, "token_missing", headers={"WWW-Authenticate": "Bearer"})
    verifier: TokenVerifier = request.app.state.identity
    try:
        principal = await verifier.verify(credentials.credentials)
    except TokenRefused as error:
        challenge = f'Bearer error="invalid_token", error_description="{error.reason}"'
        raise Problem(401, f"token_{error.reason}", headers={"WWW-Authenticate": challenge}) from error
    except IdentityUnavailable as error:
        raise Problem(503, "identity_unavailable", headers={"Retry-After": "10"}) from error
    return _noted(request, principal)


def _noted(request: Request, principal: Principal) -> Principal:
    request.state.principal = principal  # whom a refusal is written down for
    return principal


async def current_actor(principal: Annotated[Principal, Depends(current_principal)]) -> str:
    """Return the name of who makes the request."""
    return principal.subject


Actor = Annotated[str, Depends(current_actor)]
Who = Annotated[Principal, Depends(current_principal)]
