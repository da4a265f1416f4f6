"""Check that a folder of standards is whole before `make test-standards` relies on it."""

import sys
from pathlib import Path

NEEDED = (
    *(f"standards/iso20022/{message}.xsd" for message in ("pain.001.001.09", "pain.002.001.10", "camt.053.001.08")),
    "reference/areas_until_2025-06-30.csv",
    "reference/areas_from_2025-07-01.csv",
    "reference/area_successions_2025-07-01.csv",
    "reference/phu_tho_communes_2025.geojson",
)


def complaint(folder: str) -> str | None:
    """Return a sentence that says what is missing, or None."""
    if not folder:
        return "Say where the standards are: make test-standards DIR=<folder with standards/ and reference/>"
    missing = [name for name in NEEDED if not (Path(folder) / name).is_file()]
    return f"{folder} lacks {', '.join(missing)}" if missing else None


if __name__ == "__main__":
    problem = complaint(sys.argv[1] if len(sys.argv) > 1 else "")
    if problem:
        sys.exit(problem)
