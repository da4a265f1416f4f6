"""A real browser: the system's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# It stays off the network but for the pages under test: no updates, no sync, no look-ups of its own.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


def chromium() -> str:
    """Return the path of Chromium, from ANSINH_CHROMIUM or PATH; fail the test where there is none."""
    named = os.environ.get("ANSINH_CHROMIUM")
    found = named or next((path for path in map(shutil.which, _NAMES) if path is not None), None)
    if found is None:
        pytest.fail("Chromium is missing. Install it with: apt-get install -y chromium (or set ANSINH_CHROMIUM)")
    return found


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run a headless Chromium for the block."""
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=[*_QUIET, *as_root])
        try:
            yield opened
        finally:
            await opened.close()
