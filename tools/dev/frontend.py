"""The front end: its packages, and its build into yingke/app/static. Both are stamped with what they were made from."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tools.dev.shell import Trouble, run, step

MADE_HERE = {"node_modules", "dist", "coverage"}
NOT_SOURCES = (".tsbuildinfo", ".log")
NPM_CI = ["npm", "ci", "--loglevel=error"]


def fingerprint(web: Path) -> str:
    """A hash of the names and contents of all sources. Hidden files are settings of tools, and change no output."""
    digest = hashlib.sha256()
    for folder, below, files in os.walk(web):
        below[:] = sorted(name for name in below if name not in MADE_HERE and not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and not name.endswith(NOT_SOURCES):
                path = Path(folder, name)
                digest.update(f"{path.relative_to(web).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def ensure_packages(root: Path, env: Mapping[str, str]) -> None:
    """`npm ci`, which starts by removing node_modules: an interrupted one leaves no stamp behind."""
    web = root / "web"
    lock = web / "package-lock.json"
    if not lock.is_file():
        raise Trouble("web/package-lock.json is missing: please check out the whole repository.")
    stamp = web / "node_modules/.made-from"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with step("Installing the front end's packages (npm ci)"):
        run(NPM_CI, cwd=web, env=env)
        stamp.write_text(wanted)


def is_built(root: Path) -> bool:
    stamp = root / "yingke/app/static/.made-from"
    return stamp.is_file() and stamp.read_text() == fingerprint(root / "web")


def ensure_built(root: Path, env: Mapping[str, str]) -> None:
    if is_built(root):
        return
    ensure_packages(root, env)
    static = root / "yingke/app/static"
    with step("Building the front end"):
        made_from = fingerprint(root / "web")  # before the build: what is edited meanwhile is built next time
        shutil.rmtree(static, ignore_errors=True)
        run(["npm", "run", "build"], cwd=root / "web", env=env)
        if not (static / "console/index.html").is_file():
            raise Trouble(
                "`npm run build` in web/ left no yingke/app/static/console/index.html: mend its output folder."
            )
        (static / ".made-from").write_text(made_from)
