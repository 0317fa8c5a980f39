"""Prevents installs that work on one machine only: a lock file that names a registry (a mirror, a proxy, a folder)
sends everybody there, and one that lags behind pyproject.toml installs yesterday's requirements."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.checks.source import Fault, Rule, Source

ADDRESS = re.compile(r"\w+://|--(?:extra-)?index-url|--find-links|^\s*file:|@ file:")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
# What each lock answers for: parts of pyproject.toml.
LOCKED = {
    "requirements.lock": ("dependencies", "postgresql"),
    "requirements-dev.lock": ("dependencies", "postgresql", "dev"),
    "requirements-node.lock": ("node",),
}


def applies(path: PurePosixPath) -> bool:
    return path.name == "package-lock.json" or str(path) in LOCKED


def _requirements(pyproject: dict[str, Any], part: str) -> list[str]:
    project = pyproject["project"]
    found = project["dependencies"] if part == "dependencies" else None
    found = found or project.get("optional-dependencies", {}).get(part)
    found = found or pyproject.get("dependency-groups", {}).get(part, [])
    return [str(text) for text in found]


def _check_package_lock(source: Source) -> Iterator[Fault]:
    packages = json.loads(source.text).get("packages", {})
    for name, package in packages.items():
        if re.match(r"\w+:", str(package.get("resolved", ""))):
            line = next((n for n, text in enumerate(source.lines, 1) if f'"{name}": {{' in text), 1)
            yield Fault(
                line,
                f"`{name}` is locked with a registry address: put `omit-lockfile-registry-resolved=true` into "
                "web/.npmrc and make the lock again with `npm install --package-lock-only`.",
            )


def _check_requirements(source: Source) -> Iterator[Fault]:
    pins: dict[str, str] = {}
    for number, line in enumerate(source.lines, start=1):
        if ADDRESS.search(line):
            yield Fault(number, "A registry address in a lock file: make it again with `./dev lock`.")
        if pin := PIN.match(line):
            pins[canonicalize_name(pin["name"])] = pin["version"]
    pyproject = tomllib.loads((source.root / "pyproject.toml").read_text(encoding="utf-8"))
    for part in LOCKED[str(source.path)]:
        for text in _requirements(pyproject, part):
            wanted = Requirement(text)
            version = pins.get(canonicalize_name(wanted.name))
            if version is None or not wanted.specifier.contains(version, prereleases=True):
                yield Fault(
                    1,
                    f"pyproject.toml wants `{text}`, the lock has {version or 'nothing'}: run `./dev lock`.",
                )


def check(source: Source) -> Iterator[Fault]:
    yield from (_check_package_lock if source.path.suffix == ".json" else _check_requirements)(source)


RULE = Rule("lock-files", __doc__, applies, check)
