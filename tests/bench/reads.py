"""Reading one household over HTTP: requests a second of the platform, beside bare FastAPI and asyncpg."""

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from deploy.child import wait_for
from tests.bench.ground import free_port, report

_CONNECTIONS = 16
_REQUESTS = 4000
_ROUNDS = 3


def measure_reads(url: str, home: Path, headers: Mapping[str, str]) -> None:
    """Print how many households a second the platform at `url` gives out, with its data in `home`."""
    with httpx.Client(base_url=url, headers=headers) as client:
        listed = client.get("/registry/v1/households", params={"limit": 200}).raise_for_status().json()
    ids = [each["id"] for each in listed["items"]]
    database = f"postgresql://registry@/registry?host={quote(str(home / 'postgres' / 'socket'))}"
    with _bare(database) as bare_url:
        ours, bare = [], []
        for _ in range(_ROUNDS):  # in turns: a busy moment of the machine meets both
            bare.append(asyncio.run(_requests_a_second(bare_url, [f"/households/{each}" for each in ids], {})))
            ours.append(
                asyncio.run(_requests_a_second(url, [f"/registry/v1/households/{each}" for each in ids], headers))
            )
    report("household_reads", max(ours), "requests/s", limit=max(bare), goal="ratio >= 0.5")


@contextmanager
def _bare(database_url: str) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", database_url, str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        with closing(httpx.Client()) as client:
            if not wait_for(lambda: _answers(client, url), within=30):
                raise RuntimeError("the bare server does not answer")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/openapi.json").is_success
    except httpx.TransportError:
        return False


async def _requests_a_second(url: str, paths: Sequence[str], headers: Mapping[str, str]) -> float:
    """Send requests over keep-alive connections of plain sockets: a full client would cost more than the server."""
    where = urlsplit(url)
    assert where.hostname is not None
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = itertools.cycle([f"GET {path} HTTP/1.1\r\nHost: bench\r\n{more}\r\n".encode() for path in paths])
    left = iter(range(_REQUESTS))

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for _ in left:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(_CONNECTIONS)))
    return _REQUESTS / (time.perf_counter() - began)
