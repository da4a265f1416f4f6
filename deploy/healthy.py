"""The command `python -m deploy.healthy URL`: exit 0 when it answers 2xx within six seconds. For container checks.

It imports nothing but the standard library: it runs every ten seconds.
"""

import sys
import urllib.error
import urllib.request

_LIMIT = 6.0


def main() -> int:
    """Ask the address that the command line names; print what is wrong where something is."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=_LIMIT):  # noqa: S310 - the address is our own container's
            return 0
    except urllib.error.HTTPError as answer:
        sys.stdout.write(answer.read(4000).decode(errors="replace"))
    except OSError as error:
        sys.stdout.write(f"no answer: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
