"""Prevents lists that show what the reader may not see: every list, page and search takes the reader and is narrowed by
the reader's rights."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.checks.source import Fault, Rule, Source, room_file

LISTS = ("list_", "page_", "search_")


def check(source: Source) -> Iterator[Fault]:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith(LISTS):
            continue
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if not any(argument.arg == "who" for argument in arguments):
            yield Fault(
                node.lineno,
                f"`{node.name}` does not take `who`: a list answers to a reader, `def …(tx, who, …)`.",
            )
        elif not any(
            isinstance(inner, ast.Name) and inner.id == "who"
            for part in node.body
            for inner in ast.walk(part)
        ):
            yield Fault(
                node.lineno,
                f"`{node.name}` never uses `who`: narrow the SELECT by the scope of the reader's rights.",
            )


RULE = Rule("list-scope", __doc__, lambda path: room_file(path, "queries"), check)
