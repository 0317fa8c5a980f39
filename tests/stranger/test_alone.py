"""The stranger stands alone: nothing of the product is imported, not even by a detour."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ALLOWED = {"httpx", "websockets", "tests.stranger"}
PARTS = [path for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_")]

RUN_BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "yingke":
            raise ImportError("the stranger asked for " + name)
sys.meta_path.insert(0, Block())
from tests.stranger.__main__ import main
sys.argv = ["stranger", "--url", "http://127.0.0.1:9", "--patience", "0.2", "--stay", "0", "hello"]
code = main()
assert not [name for name in sys.modules if name.split(".")[0] == "yingke"]
sys.exit(code)
"""


def imported(path: Path) -> set[str]:
    """The modules a file asks for, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
            names.add("__import__")
    return names


def test_imports_only_the_standard_library_and_two_http_libraries() -> None:
    assert len(PARTS) > 5
    for path in PARTS:
        for name in imported(path):
            known = name.split(".")[0] in sys.stdlib_module_names and name != "importlib"
            assert known or any(name == a or name.startswith(a + ".") for a in ALLOWED), (
                f"{path.name} imports {name}"
            )


def test_the_check_sees_an_import_of_the_product(tmp_path: Path) -> None:
    path = tmp_path / "guilty.py"
    path.write_text("def late():\n    from yingke.kernel import db\n", encoding="utf-8")
    assert "yingke.kernel" in imported(path)


def test_runs_with_the_product_blocked() -> None:
    """Nothing listens on port 9: the client must get as far as giving up, which is exit code 2."""
    run = subprocess.run(
        [sys.executable, "-c", RUN_BLOCKED], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 2, run.stderr
    assert "no answer within" in run.stderr
