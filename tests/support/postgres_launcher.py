"""A launcher of the embedded PostgreSQL as a process of its own, for tests that end it in every way.

`python -m tests.support.postgres_launcher FOLDER [fork]` prints the URL of the database `kept` when the server answers
and stops in order when its standard input ends. With `fork` a worker process forked from it outlives it.
"""

import multiprocessing
import signal
import sys
from pathlib import Path

from deploy.postgres import EmbeddedPostgres, EmbeddedPostgresError


def main() -> None:
    """Run until standard input ends; on Ctrl-C say whether the server still serves, then stop it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what is started from a script's background
    try:
        with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
            server.ensure("kept", "keeper")
            if "fork" in sys.argv:
                worker = multiprocessing.get_context("fork").Process(target=signal.pause)
                worker.start()
                say(str(worker.pid))
            try:
                say(server.url("kept", "keeper"))
                sys.stdin.read()
            except KeyboardInterrupt:
                server.ensure("made_after_ctrl_c", "keeper")
                say("still serving")
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


def say(line: str) -> None:
    """Write a line for the test to read."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
