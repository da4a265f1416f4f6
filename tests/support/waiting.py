"""Waiting for a condition with a deadline, where a sleep would be either too short or too long."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

import pytest

T = TypeVar("T")

_INTERVAL = 0.02


@overload
async def until(condition: Callable[[], Awaitable[T]], *, within: float = 10, describe: str) -> T: ...
@overload
async def until(condition: Callable[[], T], *, within: float = 10, describe: str) -> T: ...
async def until(condition: Callable[[], Awaitable[T] | T], *, within: float = 10, describe: str) -> T:
    """Ask `condition` every 20 ms until its answer is truthy and return that answer.

    Fails the test with `describe` and the last answer when `within` seconds pass first.
    """
    deadline = time.monotonic() + within
    while True:
        asked = condition()
        answer = cast("T", await asked) if inspect.isawaitable(asked) else asked
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {describe} (last answer: {answer!r})")
        await asyncio.sleep(_INTERVAL)
