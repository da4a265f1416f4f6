"""A switch that closes the bank's channel: 503 to its customers meanwhile, the book goes on working."""

import math
import time

from fastapi import HTTPException


class Outage:
    """Whether the channel is closed; a restart opens it."""

    def __init__(self) -> None:
        self._until = 0.0

    def start(self, seconds: float = math.inf) -> None:
        """Close the channel for some seconds, or until it is ended."""
        self._until = time.monotonic() + seconds

    def end(self) -> None:
        """Open the channel."""
        self._until = 0.0

    @property
    def on(self) -> bool:
        """Whether the channel is closed now."""
        return time.monotonic() < self._until

    async def refuse(self) -> None:
        """Refuse a request while the channel is closed."""
        if self.on:
            raise HTTPException(503, "the bank's channel is closed", {"Retry-After": "1"})
