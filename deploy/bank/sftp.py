"""The folder behind SFTP: one customer, who signs in with a key, sees this folder and nothing else."""

import asyncio
from pathlib import Path

import asyncssh
import structlog

from deploy.bank.gate import Gate

_log = structlog.get_logger("bank")


async def serve_folder(folder: Path, gate: Gate) -> None:
    """Serve until cancelled."""
    key = await asyncio.to_thread(_host_key, gate.host_key)
    server = await asyncssh.listen(
        gate.host,
        gate.port,
        server_host_keys=[key],
        authorized_client_keys=str(gate.authorized_keys),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        password_auth=False,
        kbdint_auth=False,
        gss_host=None,
        allow_scp=False,
        allow_pty=False,
        agent_forwarding=False,
    )
    _log.info("sftp", port=server.get_port())
    async with server:
        await server.wait_closed()


def _host_key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.parent.mkdir(parents=True, exist_ok=True)
        key.write_private_key(str(path))
        path.chmod(0o600)
        key.write_public_key(f"{path}.pub")
    return asyncssh.read_private_key(str(path))
