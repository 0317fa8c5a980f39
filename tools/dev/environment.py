"""The virtual environment `.venv`, made from requirements-dev.lock and stamped when it is whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.dev.shell import Trouble, run, step
from tools.dev.system import apt_install

LOCK = "requirements-dev.lock"


def fingerprint(root: Path) -> str:
    """What a finished .venv was made from. The folder is part of it: a virtual environment cannot be moved."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    made_from = json.dumps([str(root), pyproject["build-system"], pyproject["project"]], sort_keys=True)
    return hashlib.sha256((root / LOCK).read_bytes() + made_from.encode()).hexdigest()


def pip(python: Path) -> list[str | Path]:
    return [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def is_whole(root: Path) -> bool:
    """False also when an install was interrupted (the stamp comes last) or its Python has gone from the machine."""
    stamp = root / ".venv/.made-from"
    return (
        stamp.is_file()
        and stamp.read_text() == fingerprint(root)
        and _runs(root / ".venv/bin/python", "pass")
    )


def ensure(root: Path) -> Path:
    """The Python of a whole .venv, made now if need be."""
    python = root / ".venv/bin/python"
    if is_whole(root):
        return python
    base = base_python()
    _require_venv(base)
    with step("Making the virtual environment .venv"):
        run([base, "-m", "venv", "--clear", ".venv"], cwd=root)
    with step(f"Installing the Python packages of {LOCK}"):
        run([*pip(python), "install", "--no-deps", "--require-hashes", "-r", LOCK], cwd=root)
        run([*pip(python), "install", "--no-deps", "--no-build-isolation", "--editable", "."], cwd=root)
    (root / ".venv/.made-from").write_text(fingerprint(root))
    return python


def base_python() -> Path:
    """The Python to build on: the machine's, also when ./dev runs in an activated .venv that is about to be cleared."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def _runs(python: Path, code: str) -> bool:
    return (
        python.exists()
        and subprocess.run([python, "-c", code], capture_output=True, stdin=subprocess.DEVNULL).returncode
        == 0
    )


def _require_venv(python: Path) -> None:
    """Debian's Python comes without the half of `venv` that installs pip."""
    needs = "import venv, ensurepip"
    if _runs(python, needs):
        return
    apt_install("python3-venv")
    if not _runs(python, needs):
        package = f"python3.{sys.version_info.minor}-venv"
        raise Trouble(
            f"This Python cannot make virtual environments: please type `sudo apt-get install {package}`."
        )
