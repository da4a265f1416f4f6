"""What is set up in Keycloak before the gateway opens, and later for people and machines. All may run again."""

from collections.abc import Callable, Iterable
from typing import Any

from deploy.issuer.people import one_time_password
from deploy.keycloak_access.admin import REALM, Admin, KeycloakRefused
from shared.access.roles import PERMISSIONS, Role

ADMIN = "admin"
WEB = "ansinh-web"
MACHINE_SCOPES = tuple(name for name, permission in PERMISSIONS.items() if Role.MACHINE_CLIENT in permission.roles)

SignIn = Callable[[str], Admin]
"""Signs the administrator in with a password."""


def change_first_password(sign_in: SignIn, first: str, own: str) -> bool:
    """Replace the administrator's first password; return whether it was still the first.

    Raises:
        KeycloakRefused: neither password is right, or the first one still is afterwards.
    """
    try:
        with sign_in(first) as admin:
            user = admin.only("master/users", username=ADMIN, exact="true")
            # What a start makes is marked as temporary, and nagged about.
            user["attributes"] = {
                name: value for name, value in user.get("attributes", {}).items() if name != "is_temporary_admin"
            }
            admin.put(f"master/users/{user['id']}", user)
            admin.put(f"master/users/{user['id']}/reset-password", _password(own, temporary=False))
    except KeycloakRefused:
        changed = False
    else:
        changed = True
        _refuse_if_accepted(sign_in, first)
    with sign_in(own):
        return changed


def _refuse_if_accepted(sign_in: SignIn, first: str) -> None:
    try:
        with sign_in(first):
            pass
    except KeycloakRefused:
        return
    raise KeycloakRefused(
        "Mật khẩu đầu tiên của quản trị Keycloak vẫn dùng được. / The first password of Keycloak's administrator "
        "still works."
    )


def guard_administration(admin: Admin) -> None:
    """Stop guessing at the administrator's password, and keep a record of what administrators do."""
    guarded = {"bruteForceProtected": True, "failureFactor": 10, "adminEventsEnabled": True, "eventsEnabled": True}
    admin.put("master", guarded)


def set_web_secret(admin: Admin, secret: str) -> None:
    """Give the client as which people sign in by browser its secret."""
    client = _client(admin, WEB)
    admin.put(f"{REALM}/clients/{client['id']}", client | {"secret": secret})


def make_scopes(admin: Admin) -> list[str]:
    """Make a client scope for each permission that machines may have; return those that were missing."""
    there = {scope["name"] for scope in admin.get(f"{REALM}/client-scopes")}
    missing = [name for name in MACHINE_SCOPES if name not in there]
    for name in missing:
        attributes = {"include.in.token.scope": "true", "display.on.consent.screen": "false"}
        scope = {"name": name, "description": PERMISSIONS[name].means, "protocol": "openid-connect"}
        admin.post(f"{REALM}/client-scopes", scope | {"attributes": attributes})
    return missing


def invite(admin: Admin, name: str) -> str:
    """Add a person to the realm, or give a known one a new start; return the password that works once.

    Raises:
        KeycloakRefused: the name cannot be used.
    """
    password = one_time_password()
    user = admin.only(f"{REALM}/users", username=name, exact="true")
    if user is None:
        fresh = {"username": name, "enabled": True, "credentials": [_password(password, temporary=True)]}
        admin.post(f"{REALM}/users", fresh)
    else:
        admin.put(f"{REALM}/users/{user['id']}/reset-password", _password(password, temporary=True))
    return password


def make_machine(admin: Admin, client_id: str, scopes: Iterable[str]) -> str:
    """Add a client of another system that acts for itself, with the scopes given; return its secret.

    Raises:
        KeycloakRefused: there is one of that name, or a scope is none of `MACHINE_SCOPES`.
    """
    wanted = list(scopes)
    if unknown := sorted(set(wanted) - set(MACHINE_SCOPES)):
        raise KeycloakRefused(
            f"Không có phạm vi {', '.join(unknown)}. / There is no scope {', '.join(unknown)}: "
            f"{', '.join(MACHINE_SCOPES)}"
        )
    client = {
        "clientId": client_id,
        "protocol": "openid-connect",
        "publicClient": False,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": True,
        "fullScopeAllowed": False,
        "defaultClientScopes": ["basic", "profile", "ansinh", *wanted],
        "optionalClientScopes": [],
    }
    made = admin.post(f"{REALM}/clients", client)
    secret: str = admin.get(f"{REALM}/clients/{made}/client-secret")["value"]
    return secret


def _client(admin: Admin, client_id: str) -> dict[str, Any]:
    found = admin.only(f"{REALM}/clients", clientId=client_id)
    if found is None:
        raise KeycloakRefused(f"Keycloak chưa có {client_id}. / There is no client {client_id} in Keycloak.")
    return dict(found)


def _password(value: str, *, temporary: bool) -> dict[str, Any]:
    return {"type": "password", "value": value, "temporary": temporary}
