"""`make bench`: one JSON line a figure."""

import asyncio
import logging

from tests.bench.embedded import measure_embedded
from tests.bench.events import measure_events
from tests.bench.ground import ground


def main() -> None:
    """Measure everything, one after the other."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with ground() as here:
        asyncio.run(measure_events(here))
    measure_embedded()


if __name__ == "__main__":
    main()
