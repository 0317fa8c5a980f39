"""The bare server (`benchmarks.bare`) as a process, and its two sides of the conversation."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.desk import THREADS
from benchmarks.machine import pinned
from benchmarks.sockets import Socket
from tests.support.postgres import postgres_url
from tests.support.server import free_port, healthy

_CODE = "import sys; from benchmarks.bare import main; main(int(sys.argv[1]), sys.argv[2])"


@contextmanager
def bare(dialect: str, core: int) -> Iterator[tuple[int, int]]:
    """A bare server on this core: its port and process."""
    with contextlib.ExitStack() as stack:
        if dialect == "postgresql":
            database = stack.enter_context(postgres_url()).replace("postgresql+psycopg", "postgresql", 1)
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yingke-benchmark-"))
            database = str(Path(folder) / "bare.db")
        port = free_port()
        process = subprocess.Popen([*pinned(core, _CODE), str(port), database])
        try:
            while not healthy(f"http://127.0.0.1:{port}"):
                if process.poll() is not None:
                    raise RuntimeError("the yardstick did not start")
                time.sleep(0.05)
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


async def converse(
    port: int, count: int, heard: Callable[[bytes], None]
) -> tuple[list[Socket], list[Socket]]:
    """So many who speak, and as many windows as the product's agent has for them."""
    windows = []
    for at in range(0, count, THREADS):
        window = await Socket.open(port, "/", heard)
        window.say({"t": "hello", "hears": list(range(at, min(count, at + THREADS)))})
        windows.append(window)
    sockets = []
    for n in range(count):
        socket = await Socket.open(port, "/", _ignore)
        socket.say({"t": "hello", "speaks": n})
        sockets.append(socket)
    await asyncio.sleep(0.2)
    return sockets, windows


def _ignore(_: bytes) -> None:
    """What comes before a measurement begins."""
