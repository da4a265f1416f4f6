"""A service's desk as people use it: the service and the local issuer behind one port, visited with a real Chromium."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI
from playwright.async_api import Browser, Page, StorageState

from deploy.embedded.gateway import Gateway
from deploy.embedded.server import listen, make_server
from deploy.issuer import LocalIssuer
from deploy.issuer.app import issuer_app
from deploy.issuer.people import People
from shared.settings import IdentitySettings
from tests.support.browser import browser
from tests.support.waiting import until

PASSWORD = "mot mat khau that dai"


@dataclass(frozen=True)
class DeskSite:
    """One service on one port, its issuer, and a browser."""

    url: str
    service: str
    app: FastAPI
    issuer: LocalIssuer
    chromium: Browser
    _sessions: dict[str, StorageState] = field(default_factory=dict)

    def client(self, subject: str) -> httpx.AsyncClient:
        """Return a client of the service's API in somebody's name."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=f"http://{self.service}/{self.service}/v1",
            headers=self.issuer.headers(subject),
        )

    @asynccontextmanager
    async def signed_in(
        self, name: str, start: str, *, scripts: bool = True, locale: str = "vi-VN"
    ) -> AsyncIterator[Page]:
        """Open a browser of somebody's own, signed in; give the page where they wanted to begin.

        Who signed in once goes on with that session. Without `scripts` the browser runs none.
        """
        session = self._sessions.get(name)
        context = await self.chromium.new_context(
            locale=locale, base_url=self.url, storage_state=session, java_script_enabled=scripts
        )
        page = await context.new_page()
        await page.goto(start)
        if session is None:
            await self.sign_in(page, name)
            await page.wait_for_url(f"{self.url}{start}")
            self._sessions[name] = await context.storage_state()
        yield page
        await context.close()

    async def sign_in(self, page: Page, name: str) -> None:
        """Enter somebody's name and password on the page that asks for them."""
        await page.fill("#username", name)
        await page.fill("#password", PASSWORD)
        await page.click("button")


@asynccontextmanager
async def desk_site(
    service: str, build: Callable[[IdentitySettings], FastAPI], folder: Path, names: Sequence[str]
) -> AsyncIterator[DeskSite]:
    """Serve a service with people who have chosen their passwords; its lifespan does not run."""
    listener = listen("127.0.0.1", 0)
    url = f"http://localhost:{listener.getsockname()[1]}"
    issuer = LocalIssuer.make(folder, url=f"{url}/issuer")
    people = People(issuer.people)
    for name in names:
        people.choose(name, people.invite(name), PASSWORD)
    app = build(issuer.settings.model_copy(update={"public_url": url}))
    server = make_server(Gateway({service: app}, issuer_app(issuer, people), pages=service))  # type: ignore[dict-item, arg-type]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started, describe="the site listens")
    async with browser() as chromium:
        yield DeskSite(url, service, app, issuer, chromium)
    server.should_exit = True
    await serving
