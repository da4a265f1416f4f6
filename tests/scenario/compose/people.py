"""People and machines of the stack, who sign in at its Keycloak."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Page

from tests.support.browser import browser
from tests.support.compose_stack import Container, Stack

MACHINE = "hospital"
SMOKE = ("smoke.can-bo", "smoke.chu-tich", "smoke.ke-toan", "smoke.phe-duyet")
CHOSEN = "mot mat khau that dai"


def authority(stack: Stack) -> Path:
    """Return the certificate of the gateway's own authority."""
    return Path(stack["gateway"].here("/data")) / "caddy/pki/authorities/local/root.crt"


def site(stack: Stack) -> str:
    """Return the address that users type."""
    return f"https://{stack['gateway'].address}:8443"


def secret(stack: Stack, service: str, name: str) -> str:
    """Return a secret that is mounted into a service's container."""
    return (stack[service].folder / "secrets" / name).read_text()


async def administer(stack: Stack, *arguments: str) -> str:
    """Run the command for people and machines as an operator does; return what it prints."""
    setup = stack["keycloak-setup"]
    options = ["--server", "http://127.0.0.1:8080/identity", "--secrets", "/run/secrets"]
    done = await asyncio.to_thread(setup.run, ["python", "-m", "deploy.keycloak_access", *options, *arguments])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def sign_in(page: Page, name: str, password: str) -> None:
    """Sign in for the first time on Keycloak's pages, which ask for a password of one's own."""
    await page.fill("#username", name)
    await page.fill("#password", password)
    await page.click("#kc-login")
    await page.fill("#password-new", CHOSEN)
    await page.fill("#password-confirm", CHOSEN)
    await page.click("[type=submit]")


async def access_tokens(stack: Stack, names: Sequence[str]) -> dict[str, str]:
    """Return the tokens that `ansinh sign-in` prints when people sign in by browser for the first time."""
    gateway, issuer = stack["gateway"], stack["registry"].environment["ANSINH_OIDC_ISSUER"]
    tokens = {}
    async with browser() as chromium:
        for name in names:
            password = await administer(stack, "person", name)
            terminal = await _started(gateway, ["ansinh", "sign-in", "--issuer", issuer])
            assert terminal.stderr is not None
            address = (await terminal.stderr.readline()).decode().split()[-1]
            page = await chromium.new_page(ignore_https_errors=True)  # each with cookies of its own
            await page.goto(address)
            await sign_in(page, name, password)
            await page.click("#kc-login")  # yes, this terminal may act for me
            said, complaint = await asyncio.wait_for(terminal.communicate(), 60)
            assert terminal.returncode == 0, complaint.decode()
            tokens[name] = said.decode().strip()
    return tokens


async def _started(container: Container, command: Sequence[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / command[0],
        *command[1:],
        env=container.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
