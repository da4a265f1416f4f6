"""Keycloak's administration over HTTP (its Admin REST API), as far as the platform needs it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

REALM = "ansinh"
_SECONDS = 30.0


class KeycloakRefused(Exception):
    """Keycloak did not do it; the sentence says what, Vietnamese first."""


class Admin:
    """An administrator of the server at a URL, signed in with a password until the block ends."""

    def __init__(self, server: str, user: str, password: str) -> None:
        """Take who signs in where; nothing is asked before the block begins."""
        self._client = httpx.Client(base_url=server.rstrip("/"), timeout=_SECONDS, trust_env=False)
        self._user = user
        self._password = password

    def __enter__(self) -> Self:
        """Sign in.

        Raises:
            KeycloakRefused: the password is not right.
            httpx.HTTPError: the server does not answer.
        """
        try:
            form = {"grant_type": "password", "client_id": "admin-cli"}
            answer = self._client.post(
                "/realms/master/protocol/openid-connect/token",
                data=form | {"username": self._user, "password": self._password},
            )
            if answer.is_client_error:
                raise KeycloakRefused(
                    f"Keycloak không nhận mật khẩu của {self._user}. / Keycloak refuses the password of {self._user}."
                )
            token = answer.raise_for_status().json()["access_token"]
        except BaseException:
            self._client.close()
            raise
        self._client.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the token."""
        self._client.close()

    def get(self, path: str, **query: str) -> Any:
        """Return what is at a path below `/admin/realms`."""
        return self._asked("GET", path, params=query).json()

    def put(self, path: str, content: Mapping[str, Any] | None = None) -> None:
        """Put something at a path."""
        self._asked("PUT", path, json=content)

    def post(self, path: str, content: Any) -> str:
        """Add something at a path; return its id, empty where it has none."""
        made = self._asked("POST", path, json=content)
        return str(made.headers.get("Location", "")).rpartition("/")[2]

    def only(self, path: str, **query: str) -> Any:
        """Return the one thing of a list, None where there is none."""
        found = self.get(path, **query)
        return found[0] if found else None

    def _asked(self, method: str, path: str, **sent: Any) -> httpx.Response:
        answer = self._client.request(method, f"/admin/realms/{path}", **sent)
        if answer.is_client_error:
            said = f"{method} {path}: {answer.status_code} {answer.text}"
            raise KeycloakRefused(f"Keycloak từ chối. / Keycloak refuses {said}")
        return answer.raise_for_status()
