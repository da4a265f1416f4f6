"""`make bench`: one JSON line a figure. Parts of it by name, and at the size of a province: `make bench ARGS="--full
search decisions"`.
"""

import asyncio
import logging
import sys

from tests.bench.duplicates import measure_duplicates
from tests.bench.embedded import measure_embedded
from tests.bench.events import measure_events
from tests.bench.ground import ground
from tests.bench.payments import measure_payments
from tests.bench.people_search import measure_people_search
from tests.bench.reclassification import measure_reclassification
from tests.bench.registry_import import measure_household_import
from tests.bench.sizes import FULL

_PARTS = ("events", "import", "search", "duplicates", "decisions", "payments", "embedded")


def main() -> None:
    """Measure everything, one after the other, or the parts that are named."""
    parts = [each for each in sys.argv[1:] if each != FULL] or _PARTS
    if unknown := set(parts) - set(_PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with ground() as here:
        if "events" in parts:
            asyncio.run(measure_events(here))
        if "import" in parts:
            asyncio.run(measure_household_import(here))
        if "search" in parts:
            asyncio.run(measure_people_search(here))
        if "duplicates" in parts:
            asyncio.run(measure_duplicates(here))
        if "decisions" in parts:
            asyncio.run(measure_reclassification(here))
        if "payments" in parts:
            asyncio.run(measure_payments(here))
    if "embedded" in parts:
        measure_embedded()


if __name__ == "__main__":
    main()
