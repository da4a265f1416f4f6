"""The real Keycloak, as the image of docker-compose.yml has it: fetched from Maven Central, built by its Dockerfile."""

import hashlib
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from deploy import maven
from tests.support.compose_file import ROOT

_DOCKERFILE = ROOT / "deploy" / "compose" / "keycloak" / "Dockerfile"
_ARTIFACT = "org.keycloak:keycloak-quarkus-dist:{version}:tar.gz"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def keycloak() -> Path:
    """Return the folder of the distribution, built; fail the test, in one sentence, where it cannot be had."""
    text = _DOCKERFILE.read_text()
    (version,) = set(re.findall(r"^FROM \S+/keycloak:([\d.]+)@", text, re.MULTILINE))
    (build,) = re.findall(r"^RUN /opt/keycloak/(.*)$", text, re.MULTILINE)
    folder = maven.cached(f"keycloak-{version}-{hashlib.sha256(build.encode()).hexdigest()[:8]}")

    def fetch(made: Path) -> None:
        made.mkdir()
        artifact = f"-Dartifact={_ARTIFACT.format(version=version)}"
        maven.run_maven("Keycloak", [_COPY, artifact, f"-DoutputDirectory={made}"])
        (archive,) = made.iterdir()
        with tarfile.open(archive) as packed:
            packed.extractall(made, filter="tar")
        archive.unlink()
        (root,) = made.iterdir()
        for part in root.iterdir():
            shutil.move(part, made / part.name)
        root.rmdir()
        done = subprocess.run(build.split(), cwd=made, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise maven.MavenError(f"Keycloak cannot be built: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    if (sentence := maven.missing_tools("Keycloak", folder)) is not None:
        pytest.fail(sentence, pytrace=False)
    try:
        return maven.keep(folder, fetch)
    except maven.MavenError as error:
        pytest.fail(str(error), pytrace=False)
