"""The whole of docker-compose.yml as plain processes, started once for all tests of it."""

import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.make_env import main
from deploy.people import demonstration_grants
from tests.scenario.compose.people import MACHINE, authority, site
from tests.support.compose_images import IMAGES
from tests.support.compose_stack import Stack, free_network


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    """The stack, healthy, with the first grants made as an operator makes them."""
    # A short path: that of PostgreSQL's socket, deep below it, may have 107 bytes.
    home, network = Path(tempfile.mkdtemp(prefix="ansinh-stack-")), free_network()
    assert main(["--demo", "--domain", f"{network}.10", "--https-port", "8443", "--folder", str(home)]) == 0
    stack = Stack(home, network, IMAGES)
    try:
        await stack.up()
        stack["gateway"].extra = {"SSL_CERT_FILE": str(authority(stack))}
        grants = [f"{each.subject}:{each.role}" for each in demonstration_grants()]
        grants += [f"machine.{MACHINE}:machine_client"]
        granted = stack["registry-migrate"].run(["ansinh", "grant", "--by", "operator", *grants])
        assert granted.returncode == 0, granted.stderr
        yield stack
    finally:
        await stack.down()
        shutil.rmtree(home)


@pytest.fixture
async def visitor(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody outside, who knows the platform's address alone."""
    trust = ssl.create_default_context(cafile=authority(stack))
    async with httpx.AsyncClient(base_url=site(stack), verify=trust, trust_env=False, timeout=30) as client:
        yield client
