"""How much is measured: what takes minutes in all, what a province has with `--full`, or as the environment says."""

import os
import sys

FULL = "--full"


def size(name: str, ordinary: int, *, full: int) -> int:
    """Return how many there are to be of what `ANSINH_BENCH_<name>` may say."""
    return int(os.environ.get(f"ANSINH_BENCH_{name}", full if FULL in sys.argv else ordinary))
