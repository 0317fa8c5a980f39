"""Argon2 on threads of its own: a flood of sign-ins then keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(4, thread_name_prefix="password")


async def aside(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `fn` on one of these threads."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: fn(*args, **kwargs))
