"""deploy/compose/keycloak/realm.json: what Keycloak is told at its first start."""

import json
from typing import Any

from shared.access.roles import PERMISSIONS
from shared.identity.tokens import MACHINE
from shared.settings import SERVICES, IdentitySettings
from tests.support.compose_file import ROOT

REALM = json.loads((ROOT / "deploy/compose/keycloak/realm.json").read_text())
CLIENTS: dict[str, Any] = {client["clientId"]: client for client in REALM["clients"]}


def test_people_come_back_only_to_the_pages_that_open_a_session() -> None:
    web = CLIENTS[IdentitySettings.model_fields["oidc_client_id"].default]
    assert web["redirectUris"] == [f"/{service}/sign-in/callback" for service in SERVICES]
    assert web["attributes"]["post.logout.redirect.uris"] == "/"
    assert web["webOrigins"] == []


def test_every_client_proves_itself_by_pkce_and_none_takes_passwords() -> None:
    for client in CLIENTS.values():
        assert client["attributes"]["pkce.code.challenge.method"] == "S256"
        for flow in ("implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled", "fullScopeAllowed"):
            assert client[flow] is False


def test_the_file_holds_no_secret_no_person_and_no_permission() -> None:
    text = json.dumps(REALM)
    assert not [client for client in CLIENTS.values() if "secret" in client]
    assert "users" not in REALM
    assert not [name for name in PERMISSIONS if name in text]  # grants are the registry's; scopes come by set-up


def test_access_tokens_are_for_the_platform_where_a_client_asks_for_them() -> None:
    (scope,) = [scope for scope in REALM["clientScopes"] if scope["name"] == "ansinh"]
    (mapper,) = scope["protocolMappers"]
    assert mapper["config"]["included.custom.audience"] == IdentitySettings.model_fields["oidc_audience"].default
    assert "ansinh" in CLIENTS["ansinh-cli"]["defaultClientScopes"]
    assert "ansinh" not in REALM["defaultDefaultClientScopes"]


def test_who_guesses_is_stopped_and_nobody_registers_themselves() -> None:
    assert REALM["bruteForceProtected"] is True
    assert REALM["registrationAllowed"] is False
    assert REALM["editUsernameAllowed"] is False
    assert "length(12)" in REALM["passwordPolicy"]
    ((profile,),) = (
        component["config"]["kc.user.profile.config"]
        for component in REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    )
    (name,) = [each for each in json.loads(profile)["attributes"] if each["name"] == "username"]
    assert MACHINE.replace(".", "\\.") in name["validations"]["pattern"]["pattern"]
