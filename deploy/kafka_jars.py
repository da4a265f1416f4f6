"""The jars of a Kafka broker, fetched once from Maven Central."""

import hashlib
import re
from pathlib import Path

from deploy import maven

_POM = Path(__file__).parent / "kafka" / "pom.xml"


class KafkaNodeError(Exception):
    """The Kafka node cannot run; the text is one sentence that says what to do."""


def missing_tools() -> str | None:
    """Return one sentence that names what a Kafka node lacks on this machine, with the install command, or None."""
    return maven.missing_tools("Kafka", _cached())


def jars() -> Path:
    """Return the folder of the jars, fetching them when they are not there.

    Raises:
        KafkaNodeError: Java or Maven is missing, or the jars cannot be fetched.
    """
    if (sentence := missing_tools()) is not None:
        raise KafkaNodeError(sentence)
    try:
        return maven.keep(_cached(), _fetch)
    except maven.MavenError as error:
        raise KafkaNodeError(str(error)) from error


def _cached() -> Path:
    pom = _POM.read_bytes()
    found = re.search(rb"<kafka\.version>([^<]+)<", pom)
    if found is None:
        raise KafkaNodeError(f"{_POM} does not name the version of Kafka.")
    # Another jar beside the same Kafka is another folder.
    return maven.cached(f"kafka-{found[1].decode()}-{hashlib.sha256(pom).hexdigest()[:8]}")


def _fetch(folder: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    maven.run_maven("Kafka", ["--file", str(_POM), *goal])
