"""Puts the built front end into wheel and source archive: who installs Yingke needs no Node."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # pip runs this in an environment that does not know the checkout

from tools.dev import frontend, node  # noqa: E402


class FrontEnd(BuildHookInterface[Any]):
    def dependencies(self) -> list[str]:
        """Node from PyPI where there is something to build and the machine has no Node that will do."""
        if frontend.is_built(ROOT) or node.on_machine():
            return []
        pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        return [str(requirement) for requirement in pyproject["dependency-groups"]["node"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or frontend.is_built(ROOT):  # ./dev builds for a checkout
            return
        if node.on_machine():
            frontend.ensure_built(ROOT, node.QUIET_NPM)
            return
        with tempfile.TemporaryDirectory() as folder:
            node.link(Path(sys.executable), Path(folder))
            frontend.ensure_built(ROOT, node.with_node(Path(folder)))
