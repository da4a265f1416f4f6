"""The jars of a Kafka broker, fetched once from Maven Central, and the tools that this takes."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

INSTALL = "apt-get install -y openjdk-17-jre-headless maven"
OLDEST_JAVA = 17
_POM = Path(__file__).parent / "kafka" / "pom.xml"


class KafkaNodeError(Exception):
    """The Kafka node cannot run; the text is one sentence that says what to do."""


def missing_tools() -> str | None:
    """Return one sentence that names what a Kafka node lacks on this machine, with the install command, or None."""
    missing = []
    if (version := _java_version()) is None:
        missing.append(f"Java {OLDEST_JAVA} or later")
    elif version < OLDEST_JAVA:
        missing.append(f"Java {OLDEST_JAVA} or later (found {version})")
    if shutil.which("mvn") is None and not _cached().is_dir():
        missing.append("Maven")
    if not missing:
        return None
    what = " and ".join(missing)
    return f"Thiếu công cụ để chạy Kafka, hãy cài: {INSTALL} / Kafka needs {what}: {INSTALL}"


def jars() -> Path:
    """Return the folder of the jars, fetching them when they are not there.

    Two callers at once fetch once; a fetch that breaks off leaves nothing behind that is taken for whole.

    Raises:
        KafkaNodeError: Java or Maven is missing, or the jars cannot be fetched.
    """
    if (sentence := missing_tools()) is not None:
        raise KafkaNodeError(sentence)
    folder = _cached()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _cached() -> Path:
    pom = _POM.read_bytes()
    found = re.search(rb"<kafka\.version>([^<]+)<", pom)
    if found is None:
        raise KafkaNodeError(f"{_POM} does not name the version of Kafka.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    # Another jar beside the same Kafka is another folder.
    return cache / "ansinh" / f"kafka-{found[1].decode()}-{hashlib.sha256(pom).hexdigest()[:8]}"


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as unfinished:
        lib = Path(unfinished) / "lib"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={lib}"]
        done = subprocess.run(
            ["mvn", "--quiet", "--batch-mode", "--file", _POM, *goal], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "no reason given")
            raise KafkaNodeError(
                "Maven không tải được Kafka, hãy kiểm tra đường tới Maven Central. "
                f"/ Maven cannot fetch Kafka's jars ({said}); check the way to Maven Central."
            )
        lib.rename(folder)


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else None
