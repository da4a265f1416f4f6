"""Settings of indicators."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class IndicatorsSettings(ServiceSettings):
    """What indicators needs beside every service's settings."""

    boundaries: Path | None = Field(
        default=None,
        description="GeoJSON file of commune boundaries, WGS 84, each feature with a property `code`; tiles without it",
    )
