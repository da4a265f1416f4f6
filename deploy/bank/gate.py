"""Where the simulated bank's folder is reached by SFTP."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    """Where SFTP is served, and to whom: the file of the customer's public keys, as OpenSSH has them.

    `host_key` is the server's own key, made where there is none; its public half is beside it (`.pub`).
    """

    host: str
    port: int
    authorized_keys: Path
    host_key: Path
