"""Signing in by browser, with the local issuer and a real Chromium: who gets in, who does not, and how one leaves."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.embedded.gateway import Gateway
from deploy.embedded.server import listen, make_server
from deploy.issuer import LocalIssuer
from deploy.issuer.app import issuer_app
from deploy.issuer.people import BadName, People
from shared.db import Database
from shared.identity import TokenRefused, TokenVerifier
from shared.signin.routes import local_path
from shared.signin.sessions import IDLE, LONGEST, end_session, find_session, open_session
from tests.integration.http.sample import sample_app
from tests.support.browser import browser
from tests.support.waiting import until

CHOSEN = "mot mat khau that dai"
NOON = datetime(2026, 10, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Site:
    """A platform on one port, with its issuer."""

    url: str
    issuer: LocalIssuer
    people: People

    @property
    def callback(self) -> str:
        """Where people come back to."""
        return f"{self.url}/registry/sign-in/callback"


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """The sample service and the local issuer behind one port, as `make run` has them."""
    listener = listen("127.0.0.1", 0)
    url = f"http://localhost:{listener.getsockname()[1]}"
    issuer = LocalIssuer.make(tmp_path / "issuer", url=f"{url}/issuer")
    people = People(issuer.people)
    identity = issuer.settings.model_copy(update={"public_url": url})
    app = sample_app(database, identity=identity)
    server = make_server(Gateway({"registry": app}, issuer_app(issuer, people), pages="registry"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started, describe="the site listens")
    yield Site(url, issuer, people)
    server.should_exit = True
    await serving


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without scripts: it keeps cookies and follows nothing by itself."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept-Language": "en"}) as client:
        yield client


def employ(site: Site, name: str = "mai") -> None:
    """Make somebody who has chosen a password already."""
    site.people.choose(name, site.people.invite(name), CHOSEN)


async def form_of(visitor: httpx.AsyncClient, start: str = "/registry/sign-in") -> dict[str, str]:
    """Begin to sign in; return the fields of the issuer's form."""
    begun = await visitor.get(start)
    assert begun.status_code == 303, begun.text
    page = await visitor.get(begun.headers["location"])
    return {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    }


async def enter(
    visitor: httpx.AsyncClient, name: str = "mai", password: str = CHOSEN, start: str = "/registry/sign-in"
) -> httpx.Response:
    """Sign in up to the issuer's answer."""
    fields = await form_of(visitor, start)
    return await visitor.post("/issuer/authorize", data={**fields, "username": name, "password": password})


async def signed_in(visitor: httpx.AsyncClient, start: str = "/registry/sign-in") -> httpx.Response:
    """Sign in wholly; return the answer that opens the session."""
    answer = await enter(visitor, start=start)
    assert answer.status_code == 303, answer.text
    return await visitor.get(answer.headers["location"])


async def test_somebody_signs_in_for_the_first_time_sees_their_roles_and_signs_out(site: Site) -> None:
    once = site.people.invite("mai")
    async with browser() as chromium:
        page = await chromium.new_page(locale="vi-VN")
        await page.goto(f"{site.url}/registry/account")
        assert await page.title() == "Đăng nhập Ansinh"
        await page.fill("#username", "mai")
        await page.fill("#password", once)
        await page.click("button")
        await page.fill("#password", once)
        await page.fill("#new_password", CHOSEN)
        await page.click("button")
        await page.wait_for_url(f"{site.url}/registry/account")
        assert "Đang đăng nhập: mai" in await page.inner_text("body")
        assert await page.locator("tbody tr").count() > 0
        assert await page.evaluate("document.cookie") == ""
        await page.click("button")
        await page.wait_for_url(f"{site.url}/")
        await page.goto(f"{site.url}/registry/account")
        assert await page.locator("#password").count() == 1  # the issuer has forgotten them too


async def test_who_signs_in_goes_on_to_where_they_wanted(site: Site, visitor: httpx.AsyncClient) -> None:
    employ(site)
    opened = await signed_in(visitor, "/registry/sign-in?return_to=/registry/v1/things")
    assert (opened.status_code, opened.headers["location"]) == (303, "/registry/v1/things")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, visitor: httpx.AsyncClient) -> None:
    employ(site)
    opened = await signed_in(visitor)
    (cookie,) = (each for each in opened.headers.get_list("set-cookie") if each.startswith("ansinh_registry="))
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/registry"):
        assert attribute in cookie


async def test_cookies_of_a_site_with_tls_never_go_without_it(site: Site, database: Database) -> None:
    identity = site.issuer.settings.model_copy(update={"public_url": "https://ansinh.example"})
    transport = httpx.ASGITransport(app=sample_app(database, identity=identity))
    async with httpx.AsyncClient(transport=transport, base_url="https://ansinh.example") as client:
        begun = await client.get("/registry/sign-in")
    assert begun.status_code == 303
    assert "Secure" in begun.headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 403, id="without the session's token"),
        pytest.param({"X-CSRF-Token": "0" * 64}, 403, id="with a made-up token"),
        pytest.param({"X-CSRF-Token": "right", "Origin": "https://evil.example"}, 403, id="from another site"),
        pytest.param({"X-CSRF-Token": "right", "Sec-Fetch-Site": "cross-site"}, 403, id="sent across sites"),
        pytest.param({"X-CSRF-Token": "right"}, 201, id="from a page of the session"),
    ],
)
async def test_a_change_by_cookie_comes_from_a_page_of_the_session(
    site: Site, visitor: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    thing = {"name": "x", "size": 1}
    assert (await visitor.post("/registry/v1/things", json=thing, headers={"Idempotency-Key": "0"})).status_code == 401
    employ(site)
    await signed_in(visitor)
    page = (await visitor.get("/registry/account")).text
    token = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert token is not None
    sent = {name: token[1] if value == "right" else value for name, value in headers.items()}
    answer = await visitor.post("/registry/v1/things", json=thing, headers={**sent, "Idempotency-Key": "1"})
    assert answer.status_code == status, answer.text


async def test_nobody_signs_another_out(site: Site, visitor: httpx.AsyncClient) -> None:
    employ(site)
    await signed_in(visitor)
    forged = await visitor.post("/registry/sign-out", data={"csrf_token": "0" * 64})
    assert forged.status_code == 403
    assert (await visitor.get("/registry/account")).status_code == 200


async def test_a_sign_in_that_began_in_another_browser_is_refused(site: Site, visitor: httpx.AsyncClient) -> None:
    employ(site)
    location = (await enter(visitor)).headers["location"]
    async with httpx.AsyncClient(base_url=site.url) as other:
        refused = await other.get(location)
        assert (refused.status_code, refused.json()["code"]) == (400, "sign_in_not_finished")
        await other.get("/registry/sign-in")  # now it has a sign-in of its own under way, with another state
        assert (await other.get(location)).status_code == 400


async def test_a_code_opens_one_session_and_only_for_who_holds_the_verifier(
    site: Site, visitor: httpx.AsyncClient
) -> None:
    employ(site)
    location = (await enter(visitor)).headers["location"]
    code = parse_qs(urlsplit(location).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "client_id": "ansinh-web", "redirect_uri": site.callback}
    stolen = await visitor.post("/issuer/token", data={**form, "code_verifier": "a" * 43})
    assert (stolen.status_code, stolen.json()) == (400, {"error": "invalid_grant"})
    assert (await visitor.get(location)).status_code == 400  # the attempt has used it up


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"redirect_uri": "https://evil.example/"}, id="back to another site"),
        pytest.param({"redirect_uri": "{url}/registry/sign-in/callback/"}, id="back to another page"),
        pytest.param({"client_id": "other"}, id="another client"),
        pytest.param({"code_challenge_method": "plain"}, id="PKCE without a hash"),
        pytest.param({"code_challenge": ""}, id="no PKCE"),
        pytest.param({"response_type": "token"}, id="implicit flow"),
    ],
)
async def test_the_issuer_answers_only_the_platform_itself(
    site: Site, visitor: httpx.AsyncClient, change: dict[str, str]
) -> None:
    fields = await form_of(visitor)
    changed = fields | {name: value.format(url=site.url) for name, value in change.items()}
    assert (await visitor.get("/issuer/authorize", params=changed)).status_code == 400
    sent = {**changed, "username": "mai", "password": CHOSEN}
    assert (await visitor.post("/issuer/authorize", data=sent)).status_code == 400


async def test_guessing_passwords_is_stopped_and_tells_nothing_of_who_is_there(
    site: Site, visitor: httpx.AsyncClient
) -> None:
    employ(site)
    unknown, wrong = await enter(visitor, name="nobody"), await enter(visitor, password="wrong")
    assert unknown.status_code == wrong.status_code == 401
    said = "The user name or the password is not right."
    assert said in unknown.text
    assert said in wrong.text
    for _ in range(4):
        await enter(visitor, password="wrong")
    blocked = await enter(visitor)  # even the right one
    assert blocked.status_code == 401
    assert "Try again in 15 minutes" in blocked.text


def test_names_that_machines_bear_are_no_persons_names(site: Site) -> None:
    for name in ("machine.bank", "", "a", "Mai Lan", "x" * 65):
        with pytest.raises(BadName):
            site.people.invite(name)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "x", "/a\nb", ""]
)
def test_signing_in_leads_to_no_other_site(wanted: str) -> None:
    assert local_path(wanted, "/registry/account") == "/registry/account"


async def test_an_id_token_is_no_access_token(site: Site) -> None:
    token = site.issuer.id_token("mai", client="ansinh", nonce="n")
    with pytest.raises(TokenRefused):
        await TokenVerifier(site.issuer.settings).verify(token)


async def test_a_session_ends_after_rest_after_a_working_day_and_at_sign_out(database: Database) -> None:
    async with database.transaction() as tx:
        secret = await open_session(tx, "mai", "t", NOON)
        assert await find_session(tx, secret, NOON + IDLE - timedelta(seconds=1)) is not None
        assert await find_session(tx, secret, NOON + 2 * IDLE - timedelta(seconds=2)) is not None  # it was used
        assert await find_session(tx, secret, NOON + 4 * IDLE) is None
        busy, now = await open_session(tx, "mai", "t", NOON), NOON
        while now < NOON + LONGEST - IDLE / 2:
            now += IDLE / 2
            assert await find_session(tx, busy, now) is not None or now >= NOON + LONGEST
        assert await find_session(tx, busy, NOON + LONGEST) is None
        left = await open_session(tx, "mai", "t", NOON)
        await end_session(tx, left)
        assert await find_session(tx, left, NOON) is None


async def test_without_an_address_of_its_own_the_platform_says_what_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/registry/sign-in")
    assert (answer.status_code, answer.json()["code"]) == (503, "sign_in_not_set_up")
