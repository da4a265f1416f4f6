"""The most memory that a test's own process holds, with those that it starts of some kind."""

import threading
from typing import Self

import psutil


class MemoryWatch:
    """Resident bytes of this process, and of its children whose command names a module, at first and at most."""

    def __init__(self, beside: str | None = None) -> None:
        self.first = self.highest = 0
        self._beside = beside
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self.first = self.highest = self._now()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    @property
    def growth(self) -> int:
        """By how many bytes it grew at most."""
        return self.highest - self.first

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self.highest = max(self.highest, self._now())

    def _now(self) -> int:
        here = psutil.Process()
        ours = [here]
        if self._beside is not None:
            ours += [each for each in here.children() if self._beside in " ".join(each.cmdline())]
        return sum(each.memory_info().rss for each in ours)
