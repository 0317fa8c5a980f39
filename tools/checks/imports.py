"""Prevents hidden dependencies: an import inside a function is where a circle between modules is swept under, and it
fails at the first call instead of at the start."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.checks.source import Fault, Rule, Source, python_in


def check(source: Source) -> Iterator[Fault]:
    seen: set[int] = set()  # nested functions are walked with their outer one too
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno not in seen:
                seen.add(node.lineno)
                yield Fault(
                    node.lineno,
                    "Import inside a function: move it to the top of the file. If that makes a circle, the shared part "
                    "belongs into a lower module.",
                )


RULE = Rule("inner-import", __doc__, python_in("yingke"), check)
