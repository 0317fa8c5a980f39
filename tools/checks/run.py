"""Runs every rule over the tree, honours the excuses, and finds excuses that excuse nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from tools.checks import (
    clocks,
    emits,
    imports,
    lengths,
    locks,
    plain,
    readmes,
    scopes,
    texts,
    transactions,
    vue,
)
from tools.checks.source import Rule, Source

RULES: tuple[Rule, ...] = (
    transactions.RULE,
    emits.RULE,
    clocks.RULE,
    scopes.RULE,
    plain.RULE,
    imports.RULE,
    lengths.RULE,
    texts.RULE,
    vue.RULE,
    readmes.RULE,
    locks.RULE,
)
FOLDERS = ("yingke", "tools", "tests", "benchmarks", "web")
NOT_OURS = {"node_modules", "__pycache__", "dist", "coverage"}
READ = (".py", ".vue", ".ts")


def sources(root: Path) -> Iterator[Source]:
    """Our own files that some rule may read, in a steady order."""
    found = [
        path for path in root.iterdir() if path.is_file() and (path.suffix in READ or path.suffix == ".lock")
    ]
    for top in FOLDERS:
        for folder, below, files in os.walk(root / top):
            below[:] = [
                name
                for name in below
                if name not in NOT_OURS
                and not name.startswith(".")
                and Path(folder, name) != root / "yingke/app/static"
            ]
            found += [
                Path(folder, name) for name in files if name.endswith(READ) or name == "package-lock.json"
            ]
    for path in sorted(found):
        yield Source(root, PurePosixPath(path.relative_to(root)), path.read_text(encoding="utf-8"))


def faults_of(source: Source, rules: Iterable[Rule] = RULES) -> Iterator[str]:
    """Every fault of one file, as the lines that are printed."""
    used = set()
    for rule in rules:
        if not rule.applies(source.path):
            continue
        for fault in rule.check(source):
            if escape := source.excuse(rule, fault):
                used.add(escape)
            else:
                yield f"{source.path}:{fault.line}: [{rule.name}] {fault.message}"
    names = {rule.name for rule in RULES}
    for escape in source.escapes:
        here = f"{source.path}:{escape.line}: [escape]"
        if escape.rule not in names:
            yield f"{here} There is no rule '{escape.rule}'. The rules are: {', '.join(sorted(names))}."
        elif not escape.reason:
            yield f"{here} An excuse needs its reason: `house: allow {escape.rule} because …`."
        elif escape not in used:
            yield f"{here} Nothing here breaks {escape.rule}: remove the comment."


def run(root: Path) -> list[str]:
    return [line for source in sources(root) for line in faults_of(source)]
