"""Where the databases of the platform that runs on this machine answer."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from deploy.postgres import EmbeddedPostgres

Home = Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform on one machine")]
_SOCKET_LINE = 4  # of PostgreSQL's postmaster.pid


def database_of(home: Path, service: str) -> str:
    """Return where a service's database answers on the platform that runs on this machine."""
    data = EmbeddedPostgres(home / "postgres").data
    try:
        sockets = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[_SOCKET_LINE].strip()
    except (OSError, IndexError) as error:
        raise LookupError(
            f"Không có nền tảng đang chạy ở {home}; hãy đặt ANSINH_DATABASE_URL. / "
            f"No platform runs on {home}; set ANSINH_DATABASE_URL"
        ) from error
    return f"postgresql://{service}@/{service}?host={quote(sockets)}"
