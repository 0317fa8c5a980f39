"""Running programs for a person who watches: each step says what it does and how long it took, a long one that it is
still at work, and a failed one everything it said."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STILL_AT_WORK = 10.0  # seconds between two signs of life


class Trouble(Exception):
    """What stops the command, in one sentence that says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    say(f"→ {title}")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"  ✗ {time.monotonic() - started:.1f} s")
        raise
    say(f"  ✓ {time.monotonic() - started:.1f} s")


def run(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a program quietly and answer with what it said; when it fails, show that."""
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        said: list[str] = []
        reader = threading.Thread(target=_collect, args=(process, said), daemon=True)
        reader.start()
        _wait(process, said)
        reader.join()
    output = "".join(said).rstrip()
    if process.returncode:
        say(output)
        raise Trouble(f"`{' '.join([Path(words[0]).name, *words[1:]])}` failed; what it said stands above.")
    return output


def _collect(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    said.extend(process.stdout)


def _wait(process: subprocess.Popen[str], said: list[str]) -> None:
    started = time.monotonic()
    try:
        while True:
            try:
                process.wait(STILL_AT_WORK)
                return
            except subprocess.TimeoutExpired:
                last = said[-1].strip()[:80] if said else "at work"
                say(f"  … {time.monotonic() - started:.0f} s: {last}")
    except BaseException:
        process.terminate()
        raise
