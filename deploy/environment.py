"""Make the environment `.venv` with nothing but the Python that runs this file: 3.11 or later, standard library only.

    python3 deploy/environment.py [--test]

`--test` adds what the tests need. uv is taken where it is, else from the package index.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".venv-uv"


class CannotPrepare(Exception):
    """One sentence for the person at the keyboard."""


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def find_uv() -> list[str]:
    """Return the command that runs uv, installing it into a folder of its own when it is nowhere.

    Raises:
        CannotPrepare: Python has no pip to install it with, or the package index does not answer.
    """
    found = shutil.which("uv")
    if found:
        return [found]
    own = TOOLS / "bin" / "uv"
    if not own.exists():
        say("Đang tải công cụ uv … / Getting the tool uv …")
        made = subprocess.run([sys.executable, "-m", "venv", str(TOOLS)], capture_output=True, text=True, check=False)
        if made.returncode:
            shutil.rmtree(TOOLS, ignore_errors=True)
            raise CannotPrepare(
                "Python thiếu mô-đun venv. / This Python cannot make environments; install uv, or on Debian: "
                "apt-get install -y python3-venv"
            )
        run([str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"])
    return [str(own)]


def run(command: list[str]) -> None:
    """Run a command.

    Raises:
        CannotPrepare: it failed; what it printed stands above.
    """
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("VIRTUAL_ENV", None)
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise CannotPrepare(
            "Không cài đặt được, xem thông báo trên. / Installation failed, see above: is the package index reachable?"
        )


def prepare(*, test: bool) -> None:
    """Bring `.venv` to what `uv.lock` says. Does nothing when it is there."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must be told, and this file must parse for it
        raise CannotPrepare(
            f"Cần Python 3.11 trở lên. / Python 3.11 or later is needed, this is {sys.version.split()[0]}."
        )
    lock = (ROOT / "uv.lock").stat().st_mtime_ns
    marker = VENV / ("ready-test" if test else "ready")
    for ready in (marker, VENV / "ready-test"):
        if ready.exists() and ready.read_text(encoding="ascii") == str(lock):
            return
    say("Đang chuẩn bị môi trường .venv (lần đầu mất khoảng một phút) … / Preparing .venv (a minute the first time) …")
    groups = [] if test else ["--no-dev"]
    run([*find_uv(), "sync", "--frozen", "--quiet", "--python", sys.executable, *groups])
    marker.write_text(str(lock), encoding="ascii")


if __name__ == "__main__":
    try:
        prepare(test="--test" in sys.argv[1:])
    except CannotPrepare as problem:
        say(str(problem))
        sys.exit(1)
