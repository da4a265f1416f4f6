"""Pin every image of docker-compose.yml and the Dockerfiles by the digest that its registry gives for its tag today.

    python3 deploy/pin_images.py            compare; exit 1 where one differs
    python3 deploy/pin_images.py --write    write the digests into the files

Needs Docker with buildx and a way to the registries; nothing else but Python 3.11.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    "docker-compose.yml",
    "deploy/Dockerfile",
    "deploy/compose/gateway/Dockerfile",
    "deploy/compose/keycloak/Dockerfile",
)
IMAGE = re.compile(r"(?P<tagged>[a-z0-9./-]+:[A-Za-z0-9._-]+)@(?P<digest>sha256:[0-9a-f]{64})")


def ask(tagged: str) -> str:
    """Return the digest of the manifest that `name:tag` stands for now, for every platform.

    Raises:
        SystemExit: Docker or the registry does not answer; its own words are shown.
    """
    command = ["docker", "buildx", "imagetools", "inspect", tagged, "--format", "{{.Manifest.Digest}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"Không hỏi được {tagged}. / {tagged} cannot be asked for: {done.stderr.strip()}")
    return done.stdout.strip()


def pin(text: str, digest_of: Callable[[str], str]) -> tuple[str, list[str]]:
    """Return a file's text with today's digests, and a line for each image that differs."""
    changed = []

    def replace(found: re.Match[str]) -> str:
        tagged, now = found["tagged"], digest_of(found["tagged"])
        if now != found["digest"]:
            changed.append(f"{tagged}: {found['digest']} → {now}")
        return f"{tagged}@{now}"

    return IMAGE.sub(replace, text), changed


def main(arguments: list[str]) -> int:
    """Compare or write all files."""
    differing = []
    for name in FILES:
        path = ROOT / name
        text, changed = pin(path.read_text(encoding="utf-8"), ask)
        differing += changed
        if "--write" in arguments and changed:
            path.write_text(text, encoding="utf-8")
    print("\n".join(differing) or "Mọi ảnh đúng như đã ghim. / Every image is as pinned.")  # noqa: T201 - a command
    return 1 if differing and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
