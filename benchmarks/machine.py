"""The machine: which core is whose, what the versions are, and how much others had of it meanwhile."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import psutil


class Cores(NamedTuple):
    """The server's core and the load generator's; the same one where there is only one."""

    server: int
    load: int


def cores() -> Cores:
    mine = sorted(psutil.Process().cpu_affinity() or [0]) if hasattr(psutil.Process, "cpu_affinity") else [0]
    return Cores(mine[0], mine[-1])


def pin(core: int) -> None:
    """Keep this process, with every thread it will start, on one core; where the system cannot, nothing happens."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def pinned(core: int, code: str, *arguments: str) -> tuple[str, ...]:
    """A command line that runs Python code on one core, all its threads included."""
    first = f"import os; getattr(os, 'sched_setaffinity', lambda *_: None)(0, {{{core}}}); "
    return (sys.executable, "-c", first + code, *arguments)


def versions(*packages: str) -> dict[str, str]:
    """Of Python, SQLite, the machine and these packages."""
    found = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores",
    }
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


class Use:
    """How much of its core a process had, and how much others had of it: what makes a noisy run visible.

    On a shared machine `cpu_us` for each message says more than messages a second.
    """

    def __init__(self, pid: int, core: int) -> None:
        self._process = psutil.Process(pid)
        self._me = psutil.Process()
        self._core = core
        self._at = self._snap()

    def _snap(self) -> tuple[float, float, float, float]:
        core = psutil.cpu_times(percpu=True)[self._core]
        busy = sum(core) - core.idle - getattr(core, "iowait", 0.0)
        return time.perf_counter(), _cpu(self._process), _cpu(self._me), busy

    def since(self) -> tuple[float, float, float, float]:
        """Seconds passed; CPU seconds of the process, of ourselves, and of others on the process's core."""
        now = self._snap()
        passed, theirs, ours, busy = (b - a for a, b in zip(self._at, now, strict=True))
        return passed, theirs, ours, max(0.0, busy - theirs)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
