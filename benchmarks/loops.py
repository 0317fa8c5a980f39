"""Running the load generator's half on uvloop."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


async def until(true: Callable[[], bool], within: float) -> float:
    """Look again and again until it is so, or too long has passed; answers the seconds it took."""
    begun = time.perf_counter()
    while not true() and time.perf_counter() - begun < within:  # noqa: ASYNC110 an event would cost the hot path
        await asyncio.sleep(0.01)
    return time.perf_counter() - begun


def on_loop(task: Callable[[], Coroutine[Any, Any, T]]) -> T:
    gc.collect()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(task())
