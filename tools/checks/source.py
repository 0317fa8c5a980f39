"""A file under check, what a rule says of it, and the comments that excuse it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

ESCAPE = re.compile(r"house:\s*allow\b(?P<said>.*?)\s*(?:-->|\*/)?\s*$")
COMMENT = re.compile(r"(?://|/\*|<!--|#)(?P<text>.*house:.*)$")
TOP = 10  # an excuse for the whole file stands within these lines


@dataclass(frozen=True)
class Fault:
    line: int
    message: str


@dataclass(frozen=True)
class Escape:
    line: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Rule:
    """One house rule; `why` names the fault it prevents."""

    name: str
    why: str
    applies: Callable[[PurePosixPath], bool]
    check: Callable[[Source], Iterator[Fault]]
    of_whole_file: bool = False


@dataclass(frozen=True)
class Source:
    root: Path
    path: PurePosixPath  # below root
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def escapes(self) -> list[Escape]:
        found = []
        for line, comment in self._comments():
            if escape := ESCAPE.search(comment):
                rule, _, reason = escape["said"].partition(" because")
                found.append(Escape(line, rule.strip(), reason.strip()))
        return found

    def _comments(self) -> Iterator[tuple[int, str]]:
        if self.path.suffix == ".py":  # by tokens: a string that looks like a comment is none
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
            return
        for number, line in enumerate(self.lines, start=1):
            if found := COMMENT.search(line):
                yield number, found["text"]

    def excuse(self, rule: Rule, fault: Fault) -> Escape | None:
        for escape in self.escapes:
            if escape.rule == rule.name and escape.reason:
                near = escape.line <= TOP if rule.of_whole_file else fault.line - escape.line in (0, 1)
                if near:
                    return escape
        return None


def python_in(*folders: str) -> Callable[[PurePosixPath], bool]:
    """Rules that hold for the Python files below some folders."""
    return lambda path: path.suffix == ".py" and any(path.is_relative_to(folder) for folder in folders)


def room_file(path: PurePosixPath, *names: str) -> bool:
    """`yingke/rooms/<room>/<name>.py`, or a file of the folder that has grown from it."""
    parts = path.parts
    return (
        path.suffix == ".py" and parts[:2] == ("yingke", "rooms") and PurePosixPath(*parts[3:4]).stem in names
    )


def imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name in a module stands for: `from time import time as t` gives `{"t": "time.time"}`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def dotted(node: ast.AST, names: dict[str, str]) -> str | None:
    """The full name behind an expression such as `dt.now`, or None where it is no imported name."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value, names)):
        return f"{owner}.{node.attr}"
    return None
