"""`make bench`: one JSON line a figure."""

import asyncio
import logging

from tests.bench.events import measure_events
from tests.bench.ground import ground
from tests.bench.memory import measure_memory


def main() -> None:
    """Measure everything, one after the other."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with ground() as here:
        asyncio.run(measure_events(here))
    measure_memory()


if __name__ == "__main__":
    main()
