"""Say before the start whether this machine can run docker-compose.yml; needs nothing but Python 3.11.

    python3 deploy/preflight.py

One line a check: PASS, WARN (it runs, and what will be slow or full) or FAIL; ends with 1 when one fails.
"""

import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
OLDEST_COMPOSE = (2, 24)
MEMORY, DISK = 4.5, 20.0  # GiB: the limits of all containers and the system's own; a year of a province
_NEAR = 0.9  # a machine sold with 4 GB has a little less

Level = Literal["PASS", "WARN", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """What a check found, in both languages."""

    level: Level
    vietnamese: str
    english: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.level}  {self.vietnamese} / {self.english}"


def memory(gigabytes: float) -> Finding:
    """Judge the machine's memory, in GiB."""
    said = f"{gigabytes:.1f} GiB"
    if gigabytes >= MEMORY:
        return Finding("PASS", f"Bộ nhớ {said}", f"memory {said}")
    if gigabytes >= MEMORY * _NEAR:
        return Finding("WARN", f"Bộ nhớ {said}, sẽ chậm khi chi trả", f"memory {said}: slow while a run is paid")
    return Finding("FAIL", f"Bộ nhớ {said}, cần {MEMORY:g} GiB", f"memory {said}, {MEMORY:g} GiB are needed")


def disk(gigabytes: float) -> Finding:
    """Judge the free disk, in GiB."""
    said = f"{gigabytes:.0f} GiB"
    if gigabytes >= 2 * DISK:
        return Finding("PASS", f"Đĩa trống {said}", f"free disk {said}")
    if gigabytes >= DISK:
        return Finding("WARN", f"Đĩa trống {said}, đủ một năm", f"free disk {said}: enough for a year")
    return Finding("FAIL", f"Đĩa trống {said}, cần {DISK:g} GiB", f"free disk {said}, {DISK:g} GiB are needed")


def compose(said: str | None) -> Finding:
    """Judge what `docker compose version --short` says, None where there is none."""
    found = re.match(r"v?(\d+)\.(\d+)", said or "")
    oldest = ".".join(map(str, OLDEST_COMPOSE))
    if found is None:
        return Finding("FAIL", f"Thiếu Docker Compose {oldest}", f"Docker Compose {oldest} or later is missing")
    if (int(found[1]), int(found[2])) < OLDEST_COMPOSE:
        return Finding("FAIL", f"Docker Compose {found[0]} cũ, cần {oldest}", f"Docker Compose {found[0]} is too old")
    return Finding("PASS", f"Docker Compose {found[0]}", f"Docker Compose {found[0]}")


def port(number: int, *, free: bool) -> Finding:
    """Judge a port that is to be published."""
    if free:
        return Finding("PASS", f"Cổng {number} trống", f"port {number} is free")
    return Finding(
        "FAIL", f"Cổng {number} đang bị chiếm", f"port {number} is taken; stop who has it, or choose another"
    )


def settings(folder: Path, variables: Mapping[str, str]) -> Iterator[Finding]:
    """Judge `.env` and the folder of secrets."""
    if not variables:
        yield Finding("FAIL", "Chưa có .env", "there is no .env: python3 deploy/make_env.py")
        return
    closed = stat.S_IMODE((folder / ".env").stat().st_mode) & 0o077 == 0
    secrets = folder / variables.get("ANSINH_SECRETS", "secrets")
    closed = closed and secrets.is_dir() and stat.S_IMODE(secrets.stat().st_mode) & 0o077 == 0
    if not closed:
        yield Finding("FAIL", ".env hoặc secrets mở cho người khác", "others may read .env or secrets: chmod 600, 700")
    for name in ("ANSINH_DOMAIN", "ANSINH_SITE", "ANSINH_SMS_URL", "ANSINH_OIDC_ISSUER"):
        if not variables.get(name):
            yield Finding("FAIL", f"Thiếu {name} trong .env", f"{name} in .env is missing")
    if closed:
        yield Finding("PASS", ".env và secrets kín", ".env and secrets are closed to others")


def read(folder: Path) -> dict[str, str]:
    """Return the variables of `.env`, none where there is none."""
    file = folder / ".env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def look(folder: Path) -> Iterator[Finding]:
    """Look at this machine."""
    variables = read(folder)
    yield from settings(folder, variables)
    yield memory(_memory())
    yield disk(shutil.disk_usage(folder).free / 2**30)
    yield compose(_compose_version())
    profiles = variables.get("COMPOSE_PROFILES", "").split(",")
    names = ["ANSINH_HTTP_PORT", "ANSINH_HTTPS_PORT", *["ANSINH_MONITORING_PORT"] * ("monitoring" in profiles)]
    for number in (int(variables[name]) for name in names if variables.get(name, "").isdigit()):
        yield port(number, free=_is_free(number))


def _memory() -> float:
    found = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    return int(found[1]) / 2**20 if found else 0.0


def _compose_version() -> str | None:
    if shutil.which("docker") is None:
        return None
    done = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", number))  # noqa: S104 - asked, not listened on
        except PermissionError:
            return True  # below 1024 only Docker may look
        except OSError:
            return False
        return True


def main(examine: Callable[[Path], Iterator[Finding]] = look, folder: Path = ROOT) -> int:
    """Print what was found; 1 when something fails."""
    found = list(examine(folder))
    print("\n".join(map(str, found)))  # noqa: T201 - this is a command
    return 1 if any(each.level == "FAIL" for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
