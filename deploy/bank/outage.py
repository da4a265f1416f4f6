"""A switch that disturbs the bank's channel for its customers meanwhile; the book goes on working."""

import math
import time

from deploy.bank.chance import Disturbance


class Outage:
    """Whether and how the channel is disturbed; a restart ends it."""

    def __init__(self) -> None:
        self._until = 0.0
        self._requests = math.inf
        self._how = Disturbance.REFUSE

    def start(
        self, how: Disturbance = Disturbance.REFUSE, seconds: float = math.inf, requests: float = math.inf
    ) -> None:
        """Disturb the channel for some seconds, for so many requests, or until it is ended."""
        self._how = how
        self._until = time.monotonic() + seconds
        self._requests = requests

    def end(self) -> None:
        """Let the channel work."""
        self._until = 0.0

    @property
    def on(self) -> bool:
        """Whether the channel is disturbed now."""
        return time.monotonic() < self._until and self._requests > 0

    def strike(self) -> Disturbance | None:
        """Return what happens to the request that comes now."""
        if not self.on:
            return None
        self._requests -= 1
        return self._how
