"""One address for four services that run as processes: python -m tests.scenario.proxy --port N name=url …"""

import asyncio
import sys

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def make_proxy(services: dict[str, str]) -> Starlette:
    """Return an app that hands `/<service>/…` on to the service's own address."""
    client = httpx.AsyncClient(timeout=60, trust_env=False)

    async def forward(request: Request) -> Response:
        service = request.url.path.lstrip("/").partition("/")[0]
        if service not in services:
            return Response(status_code=200 if service == "healthz" else 404)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        url = f"{services[service]}{request.url.path}?{request.url.query}".rstrip("?")
        answer = await client.request(request.method, url, content=await request.body(), headers=headers)
        kept = {n: v for n, v in answer.headers.items() if n not in ("content-length", "content-encoding")}
        return Response(answer.content, answer.status_code, kept)

    return Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])])


if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--port") + 1])
    named = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    config = uvicorn.Config(make_proxy(named), host="127.0.0.1", port=port, log_level="warning")
    asyncio.run(uvicorn.Server(config).serve())
