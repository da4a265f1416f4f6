"""The real Keycloak behind the gateway: its administrator, people by browser, machines, keys that change."""

import re
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest

from deploy.keycloak_access.admin import REALM, Admin, KeycloakRefused
from deploy.keycloak_access.steps import ADMIN, MACHINE_SCOPES
from shared.settings import SERVICES
from tests.scenario.compose.people import MACHINE, administer, secret, sign_in, site
from tests.support.browser import browser
from tests.support.compose_stack import Stack
from tests.support.waiting import until

HOUSEHOLDS = "/registry/v1/households"
TOKENS = f"/identity/realms/{REALM}/protocol/openid-connect/token"


@pytest.fixture(scope="module")
async def machine(stack: Stack) -> str:
    """The secret of another system, as the operator gets it."""
    scopes = [argument for name in ("households.read", "people.read") for argument in ("--scope", name)]
    return await administer(stack, "machine", MACHINE, *scopes)


@pytest.fixture
async def admin(stack: Stack) -> AsyncIterator[Admin]:
    """The administrator, from within."""
    with administrator(stack, secret(stack, "keycloak-setup", "keycloak_admin")) as admin:
        yield admin


def administrator(stack: Stack, password: str) -> Admin:
    return Admin(f"http://{stack['keycloak'].address}:8080/identity", ADMIN, password)


async def token(visitor: httpx.AsyncClient, client: str, password: str) -> str:
    """Return an access token by the client credentials grant."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": password}
    answer = await visitor.post(TOKENS, data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def asked(visitor: httpx.AsyncClient, token: str, path: str = HOUSEHOLDS) -> httpx.Response:
    return await visitor.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_the_first_password_of_the_administrator_is_worth_nothing(stack: Stack) -> None:
    assert "changed now" in stack["keycloak-setup"].log.read_text()
    with pytest.raises(KeycloakRefused), administrator(stack, secret(stack, "keycloak", "keycloak_first")):
        pass
    with administrator(stack, secret(stack, "keycloak-setup", "keycloak_admin")) as admin:
        assert [user["username"] for user in admin.get("master/users")] == [ADMIN]


async def test_the_running_server_never_holds_the_password_that_works(stack: Stack) -> None:
    assert "keycloak_admin" not in stack["keycloak"].definition["secrets"]
    secrets = {name: container.definition.get("secrets", []) for name, container in stack.containers.items()}
    holders = [name for name, held in secrets.items() if "keycloak_admin" in held]
    assert holders == ["keycloak-setup"]


async def test_set_up_may_run_again(stack: Stack) -> None:
    assert "changed before" in await administer(stack, "set-up")


@pytest.mark.parametrize(
    "path", ["admin/", "admin/realms/ansinh/users", "realms/master/account", "health/ready", "metrics", ""]
)
async def test_administration_is_not_reached_from_outside(visitor: httpx.AsyncClient, path: str) -> None:
    for way in ("/identity/", "/Identity/", "/%69dentity/", "/identity/realms/ansinh/../../"):
        answer = await visitor.get(way + path)
        assert answer.status_code in {400, 404}, way


async def test_a_machine_acts_with_its_scopes_and_grants(visitor: httpx.AsyncClient, machine: str) -> None:
    held = await token(visitor, MACHINE, machine)
    assert (await asked(visitor, held)).status_code == 200
    shown = (await asked(visitor, held, "/registry/v1/access")).json()
    assert shown["subject"] == f"machine.{MACHINE}"
    refused = await asked(visitor, held, "/registry/v1/changes")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_every_permission_of_machines_has_a_scope(admin: Admin) -> None:
    assert set(MACHINE_SCOPES) <= {scope["name"] for scope in admin.get(f"{REALM}/client-scopes")}


@pytest.mark.parametrize(("audience", "reason"), [("", "token_untrusted"), ("elsewhere", "token_audience")])
async def test_a_token_for_somebody_else_is_refused(
    audience: str, reason: str, visitor: httpx.AsyncClient, admin: Admin
) -> None:
    client_id = f"for-{audience or 'nobody'}"
    client = {"clientId": client_id, "serviceAccountsEnabled": True, "publicClient": False, "secret": "s" * 40}
    mapper = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": audience, "access.token.claim": "true"},
    }
    admin.post(f"{REALM}/clients", client | {"protocolMappers": [mapper] * bool(audience)})
    refused = await asked(visitor, await token(visitor, client_id, "s" * 40))
    assert (refused.status_code, refused.json()["code"]) == (401, reason)


async def test_a_machine_with_the_wrong_secret_gets_no_token(visitor: httpx.AsyncClient, machine: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": MACHINE, "client_secret": machine[::-1]}
    assert (await visitor.post(TOKENS, data=form)).status_code == 401


async def test_nobody_is_named_like_a_machine(stack: Stack, admin: Admin) -> None:
    for name in ("machine.hospital", "service-account-hospital", "Mai Lan"):
        with pytest.raises(KeycloakRefused):
            admin.post(f"{REALM}/users", {"username": name, "enabled": True})


async def test_somebody_signs_in_by_browser_and_out_again(stack: Stack) -> None:
    once = await administer(stack, "person", "mai")
    async with browser() as chromium:
        page = await chromium.new_page(ignore_https_errors=True, locale="vi-VN")
        await page.goto(f"{site(stack)}/registry/account")
        assert page.url.startswith(f"{site(stack)}/identity/realms/{REALM}/")
        await sign_in(page, "mai", once)
        await page.wait_for_url(f"{site(stack)}/registry/account")
        assert "Đang đăng nhập: mai" in await page.inner_text("body")
        (cookie,) = [each for each in await page.context.cookies() if each["name"] == "ansinh_registry"]
        assert cookie["httpOnly"]
        assert cookie["secure"]
        assert not re.match(r"eyJ", cookie["value"])  # the issuer's tokens stay on the server
        await page.goto(f"{site(stack)}/benefits/account")  # signed in there too, without a word
        assert "Đang đăng nhập: mai" in await page.inner_text("body")
        await page.goto(f"{site(stack)}/registry/account")
        await page.click("button")
        await page.wait_for_url(f"{site(stack)}/")
        await page.goto(f"{site(stack)}/registry/account")
        assert await page.locator("#username").count() == 1  # Keycloak has forgotten them too


async def test_a_new_key_of_keycloak_is_taken_up_by_every_service(
    visitor: httpx.AsyncClient, admin: Admin, machine: str
) -> None:
    before = await token(visitor, MACHINE, machine)
    kind = "org.keycloak.keys.KeyProvider"
    realm = admin.get(REALM)["id"]
    config = {"priority": ["1000"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]}
    admin.post(
        f"{REALM}/components",
        {"name": "next", "providerId": "rsa-generated", "providerType": kind, "parentId": realm, "config": config},
    )
    after = await token(visitor, MACHINE, machine)
    kids = [jwt.get_unverified_header(each)["kid"] for each in (before, after)]
    assert kids[0] != kids[1]
    for service in SERVICES:

        async def accepted(path: str = f"/{service}/v1/access") -> bool:
            return (await asked(visitor, after, path)).status_code == 200

        await until(accepted, within=30, describe=f"{service} takes the new key")
        assert (await asked(visitor, before, f"/{service}/v1/access")).status_code == 200  # until it expires
