"""Prevents text that only one language can read: what people see stands in the catalogues, rows and errors keep a code
and parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.checks.source import Fault, Rule, Source, python_in

CHINESE = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
_in_package = python_in("yingke")


def _is_catalogue(path: PurePosixPath) -> bool:
    """Catalogues and the demo's people and conversations are text by nature."""
    stems = {PurePosixPath(part).stem for part in path.parts}
    return not stems.isdisjoint({"locale", "texts", "demo"}) or path.stem.startswith("demo_")


def _docstrings(tree: ast.Module) -> set[int]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }


def check(source: Source) -> Iterator[Fault]:
    docstrings = _docstrings(source.tree)
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and CHINESE.search(node.value)
            # Written as an escape such as \u4e00 it is a range of characters, not a text.
            and CHINESE.search("\n".join(source.lines[node.lineno - 1 : node.end_lineno]))
        ):
            yield Fault(
                node.lineno,
                "Chinese text in code: put it into the catalogues (locale/zh-CN and locale/en) and keep its code here.",
            )


RULE = Rule("catalogue-text", __doc__, lambda path: _in_package(path) and not _is_catalogue(path), check)
