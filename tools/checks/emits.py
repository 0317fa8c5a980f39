"""Prevents leaks: a fact written without its audience would be shown to nobody, or be filtered later by deleting fields
from what staff see."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.checks.source import Fault, Rule, Source, python_in


def _is_tx(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "tx") or (
        isinstance(node, ast.Attribute) and node.attr == "tx"
    )


def check(source: Source) -> Iterator[Fault]:
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "emit"
            and _is_tx(node.func.value)
            and not any(keyword.arg == "to" for keyword in node.keywords)
        ):
            yield Fault(
                node.lineno,
                "`tx.emit` without an audience: say who hears of it, `tx.emit(Fact(…), to=audience.…)`, "
                "with the audience decided in the room's audience.py.",
            )


RULE = Rule("emit-audience", __doc__, python_in("yingke"), check)
