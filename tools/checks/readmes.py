"""Prevents rooms that only their author understands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.checks.source import Fault, Rule, Source


def applies(path: PurePosixPath) -> bool:
    return path.match("yingke/rooms/*/__init__.py") and len(path.parts) == 4


def check(source: Source) -> Iterator[Fault]:
    readme = source.root / source.path.parent / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        yield Fault(
            1,
            "The room has no README.md: half a page with its words, tables, events, invariants and product codes.",
        )


RULE = Rule("room-readme", __doc__, applies, check)
