"""Prevents two times in one transaction, and tests that must sleep: in rooms and channels time is `tx.now`, one moment
for the whole transaction; elsewhere in the kernel it is kernel/clock.py, which tests can set."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.checks.source import Fault, Rule, Source, dotted, imported_names, python_in

CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.localtime",
    "time.gmtime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
}
_in_scope = python_in("yingke/rooms", "yingke/channels", "yingke/kernel")


def applies(path: PurePosixPath) -> bool:
    return _in_scope(path) and path != PurePosixPath("yingke/kernel/clock.py")


def check(source: Source) -> Iterator[Fault]:
    names = imported_names(source.tree)
    in_kernel = source.path.is_relative_to("yingke/kernel")
    instead = (
        "take it from kernel.clock" if in_kernel else "take `tx.now`, or let the kernel register a due time"
    )
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.Attribute) and (name := dotted(node, names)) in CLOCKS:
            yield Fault(node.lineno, f"`{name}` reads a clock of its own: {instead}.")


RULE = Rule("clock", __doc__, applies, check)
