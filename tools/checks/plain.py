"""Prevents a held write lock: an action, query or rule that waits for the network, a loop or a clock stops every other
writer while it waits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.checks.source import Fault, Rule, Source, dotted, imported_names, room_file

WAITS = {
    "aiohttp",
    "asyncio",
    "ftplib",
    "http.client",
    "httpx",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "subprocess",
    "urllib.request",
    "websockets",
}
INSTEAD = "enqueue a job by its name and do the waiting in jobs.py"


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    of = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    return [of + alias.name for alias in node.names]


def _waits(name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in WAITS)


def check(source: Source) -> Iterator[Fault]:
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for module in _imported(node):
                if _waits(module):
                    yield Fault(node.lineno, f"`{module}` can wait inside a transaction: {INSTEAD}.")
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield Fault(
                node.lineno,
                f"An action, query or rule is a plain synchronous function: no event loop here, {INSTEAD}.",
            )
        elif isinstance(node, ast.Call) and (dotted(node.func, names) or "").endswith(".sleep"):
            yield Fault(
                node.lineno, "`sleep` inside a transaction: make the wait a due row, or a job with `run_at`."
            )


RULE = Rule("plain-actions", __doc__, lambda path: room_file(path, "actions", "queries", "rules"), check)
