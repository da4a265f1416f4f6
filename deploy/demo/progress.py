"""How far the filling came: a bar where a person watches, a line now and then where output goes to a file."""

import sys
import time
from typing import TextIO

_WIDTH = 28
_EVERY = 0.1  # seconds between two drawings of the bar
_LINES = 10  # lines in all where nobody watches


class Progress:
    """Steps done of steps to do. `say` writes a whole line above the bar."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._watched = out.isatty()
        self._total = self._done = self._told = 0
        self._words = ""
        self._began = self._drawn = time.monotonic()

    def begin(self, total: int) -> None:
        """Say how many steps there are."""
        self._total, self._began = total, time.monotonic()

    def doing(self, words: str) -> None:
        """Say what is being done now."""
        self._words = words

    def step(self, count: int) -> None:
        """Count steps as done."""
        self._done += count
        if self._watched:
            if time.monotonic() - self._drawn >= _EVERY or self._done == self._total:
                self._draw()
        elif self._done * _LINES // max(self._total, 1) > self._told:
            self._told = self._done * _LINES // max(self._total, 1)
            self._out.write(f"  · {self._line()}\n")
            self._out.flush()

    def say(self, text: str) -> None:
        """Write a line; a bar goes on below it."""
        self._out.write(f"\r\033[K  · {text}\n" if self._watched else f"  · {text}\n")
        self._out.flush()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        full = _WIDTH * self._done // max(self._total, 1)
        end = "\n" if self._done == self._total else ""
        self._out.write(f"\r\033[K  {'█' * full}{'░' * (_WIDTH - full)} {self._line()}{end}")
        self._out.flush()

    def _line(self) -> str:
        done, total = (f"{count:,}".replace(",", ".") for count in (self._done, self._total))
        return f"{self._done * 100 // max(self._total, 1)} %  {done}/{total}  {self._words}"
