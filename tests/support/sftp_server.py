"""A real SFTP server on this machine, which lets one key in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from services.benefits.payments.bank.sftp import SftpServer

_USER = "ansinh"


@asynccontextmanager
async def sftp_server(root: Path, secrets: Path) -> AsyncIterator[SftpServer]:
    """Serve a folder; `secrets` gets the keys of both sides. Yields how one signs in."""
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    client_key.write_private_key(secrets / "client")
    client_key.write_public_key(secrets / "authorized")

    def files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(secrets / "authorized"),
        sftp_factory=files,
    )
    port = server.get_port()
    host = host_key.export_public_key().decode().strip()
    (secrets / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    try:
        yield SftpServer("127.0.0.1", port, _USER, secrets / "client", secrets / "known_hosts", timeout=20)
    finally:
        server.close()
        await server.wait_closed()
