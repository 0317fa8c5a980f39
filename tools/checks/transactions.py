"""Prevents half-written facts: a commit inside a room tears state, journal and jobs apart, and breaks group commit,
where many actions share one transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.checks.source import Fault, Rule, Source, python_in

ENDS_OR_OPENS = ("commit", "rollback", "begin", "begin_nested")


def check(source: Source) -> Iterator[Fault]:
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ENDS_OR_OPENS
        ):
            yield Fault(
                node.lineno,
                f"`.{node.func.attr}()`: the kernel opens and ends transactions. Write an action "
                "`def verb(tx, who, …)`, raise to undo it, and run it with `await db.write(action, …)` at the edge.",
            )


RULE = Rule("no-commit", __doc__, python_in("yingke/rooms", "yingke/channels"), check)
