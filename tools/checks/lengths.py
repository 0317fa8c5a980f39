"""Prevents files in which a reader gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.checks.source import Fault, Rule, Source

LIMITS = {".py": 400, ".vue": 250}
FREE = ("tests", "test", "generated", "migrations")


def applies(path: PurePosixPath) -> bool:
    return path.suffix in LIMITS and not any(part in FREE for part in path.parts)


def check(source: Source) -> Iterator[Fault]:
    limit = LIMITS[source.path.suffix]
    if len(source.lines) > limit:
        yield Fault(
            1,
            f"{len(source.lines)} lines, the limit is {limit}: cut it by topic (a module may become a folder), "
            "or say at the top `house: allow file-length because …`.",
        )


RULE = Rule("file-length", __doc__, applies, check, of_whole_file=True)
