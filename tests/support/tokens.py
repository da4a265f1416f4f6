"""Tokens for tests: an issuer of the session's own, whose settings every service under test reads."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from deploy.issuer import LocalIssuer

ISSUER_FOLDER = Path(tempfile.mkdtemp(prefix="ansinh-issuer-"))
ISSUER = LocalIssuer.make(ISSUER_FOLDER, url="https://issuer.test/ansinh")


def trust_the_issuer() -> None:
    """Let services that are built or started from here on accept the issuer's tokens."""
    os.environ["ANSINH_OIDC_ISSUER"] = ISSUER.url
    os.environ["ANSINH_OIDC_JWKS_FILE"] = str(ISSUER_FOLDER / "keys.json")


def bearer(subject: str) -> dict[str, str]:
    """Return the headers with which somebody acts."""
    return ISSUER.headers(subject)


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write((ISSUER_FOLDER / "keys.json").read_bytes())

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def published_keys() -> Iterator[str]:
    """Publish the issuer's keys over HTTP for the block; return where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Keys) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/keys.json"
        finally:
            server.shutdown()
            thread.join()
