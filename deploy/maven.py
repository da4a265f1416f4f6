"""Programs for the JVM, fetched once from Maven Central and kept, and the tools that this takes."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

INSTALL = "apt-get install -y openjdk-17-jre-headless maven"
OLDEST_JAVA = 17


class MavenError(Exception):
    """A program cannot be had; the text is one sentence that says what to do."""


def cached(name: str) -> Path:
    """Return the folder in which something that was fetched is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "ansinh" / name


def missing_tools(what: str, folder: Path) -> str | None:
    """Return one sentence that names what this machine lacks to run a program, with the install command, or None.

    `folder` is where the program is kept: what is there need not be fetched.
    """
    missing = []
    if (version := _java_version()) is None:
        missing.append(f"Java {OLDEST_JAVA} or later")
    elif version < OLDEST_JAVA:
        missing.append(f"Java {OLDEST_JAVA} or later (found {version})")
    if shutil.which("mvn") is None and not folder.is_dir():
        missing.append("Maven")
    if not missing:
        return None
    return f"Thiếu công cụ để chạy {what}, hãy cài: {INSTALL} / {what} needs {' and '.join(missing)}: {INSTALL}"


def keep(folder: Path, fetch: Callable[[Path], None]) -> Path:
    """Return the folder, having it made by `fetch` when it is not there.

    Two callers at once fetch once; a fetch that breaks off leaves nothing behind that is taken for whole.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as unfinished:
                made = Path(unfinished) / "made"
                fetch(made)
                made.rename(folder)
    return folder


def run_maven(what: str, goal: Sequence[str]) -> None:
    """Run a goal of Maven that fetches something.

    Raises:
        MavenError: it fails.
    """
    done = subprocess.run(["mvn", "--quiet", "--batch-mode", *goal], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "no reason given")
        raise MavenError(
            f"Maven không tải được {what}, hãy kiểm tra đường tới Maven Central. "
            f"/ Maven cannot fetch {what} ({said}); check the way to Maven Central."
        )


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else None
