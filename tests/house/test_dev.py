"""What `./dev` decides: what is fresh, what is stale, what was interrupted, and what it says when it cannot go on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools.dev import commands, environment, frontend, node, shell, system
from tools.dev.shell import Trouble

REPOSITORY = Path(__file__).parents[2]


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


# -- Words


def test_arguments_behind_the_dashes_are_handed_on() -> None:
    options, rest = commands.parse(["test", "--quick", "--", "-k", "journal", "--", "x"])
    assert options.quick
    assert rest == ["-k", "journal", "--", "x"]


def test_a_failed_program_shows_what_it_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loud = program(tmp_path, "loud", "echo so it goes; exit 3")
    with pytest.raises(Trouble, match=r"^`loud --now` failed; what it said stands above\.$"):
        shell.run([loud, "--now"], cwd=tmp_path)
    assert "so it goes" in capsys.readouterr().out


def test_a_quiet_program_says_nothing_but_a_long_one_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "STILL_AT_WORK", 0.1)
    shell.run([program(tmp_path, "short", "echo said")], cwd=tmp_path)
    assert capsys.readouterr().out == ""
    shell.run([program(tmp_path, "long", "echo collecting; sleep 0.5")], cwd=tmp_path)
    assert "collecting" in capsys.readouterr().out


def test_trouble_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path) -> int:
        raise Trouble("Please type this.")

    monkeypatch.setattr(commands, "fmt", fail)
    assert commands.main(["fmt"]) == 1
    assert capsys.readouterr().err == "./dev: Please type this.\n"


def test_every_check_runs_though_one_fails() -> None:
    def fail() -> None:
        raise Trouble("no")

    assert not commands._holds("a", fail)
    assert commands._holds("b", lambda: None)


# -- The virtual environment


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\n[project]\nname = 'x'\n[tool.ruff]\n"
    )
    (tmp_path / environment.LOCK).write_text("a==1\n")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / ".venv/.made-from").write_text(environment.fingerprint(tmp_path))
    return tmp_path


def test_a_whole_environment_is_kept(checkout: Path) -> None:
    assert environment.is_whole(checkout)
    (checkout / "pyproject.toml").write_text(
        (checkout / "pyproject.toml").read_text() + "line-length = 110\n"
    )
    assert environment.is_whole(checkout), (
        "the settings of a linter are no reason to install everything again"
    )


def test_an_environment_is_made_again_when_the_lock_changed(checkout: Path) -> None:
    (checkout / environment.LOCK).write_text("a==2\n")
    assert not environment.is_whole(checkout)


def test_an_environment_is_made_again_when_its_install_was_interrupted(checkout: Path) -> None:
    (checkout / ".venv/.made-from").unlink()
    assert not environment.is_whole(checkout)


def test_an_environment_is_made_again_when_its_python_is_gone(checkout: Path) -> None:
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert not environment.is_whole(checkout)


def test_an_environment_is_made_again_when_the_folder_was_moved(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert not environment.is_whole(moved)


def test_without_venv_and_apt_the_person_is_told_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(environment, "apt_install", lambda *packages: asked.extend(packages))
    with pytest.raises(Trouble, match=r"sudo apt-get install python3\.\d+-venv"):
        environment._require_venv(program(tmp_path, "python3", "exit 1"))
    assert asked == ["python3-venv"]


# -- Node


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v22.12.0", True),
        ("v24.0.0\n", True),
        ("v22.11.9", False),
        ("v20.20.2", False),
        ("v9.1.0", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_which_node_is_new_enough(version: str, enough: bool) -> None:
    assert node.new_enough(version) is enough


def test_a_node_without_npm_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not node.on_machine()
    program(tmp_path, "node", "echo v22.12.0")
    assert not node.on_machine()
    program(tmp_path, "npm", "exit 0")
    assert node.on_machine()


# -- The front end


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A front end whose npm is a small script; it notes each call in a file."""
    web = tmp_path / "web"
    web.mkdir()
    (web / "package-lock.json").write_text("{}")
    (web / "main.ts").write_text("1")
    npm = f"echo $1 >> {tmp_path}/calls; "
    npm += f"case $1 in ci) mkdir -p node_modules;; run) mkdir -p {tmp_path}/yingke/app/static/console; "
    npm += f"echo hi > {tmp_path}/yingke/app/static/console/index.html;; esac"
    program(tmp_path / "bin", "npm", npm)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return web


def calls(web: Path) -> list[str]:
    path = web.parent / "calls"
    said = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return said


def test_the_front_end_is_built_once_and_again_when_a_source_changes(web: Path) -> None:
    root = web.parent
    frontend.ensure_built(root, {})
    assert calls(web) == ["ci", "run"]
    frontend.ensure_built(root, {})
    assert calls(web) == []
    (web / "main.ts").write_text("2")
    frontend.ensure_built(root, {})
    assert calls(web) == ["run"], "the packages are still there"
    (web / "package-lock.json").write_text('{"a": 1}')
    frontend.ensure_built(root, {})
    assert calls(web) == ["ci", "run"]


def test_what_the_tools_leave_behind_is_no_change(web: Path) -> None:
    before = frontend.fingerprint(web)
    for name in (
        "node_modules/x/index.js",
        "packages/a/dist/index.js",
        ".vite/cache",
        "tsconfig.tsbuildinfo",
    ):
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text("x")
    assert frontend.fingerprint(web) == before
    (web / "main.ts").rename(web / "other.ts")
    assert frontend.fingerprint(web) != before


def test_an_interrupted_build_is_done_again(web: Path) -> None:
    root = web.parent
    frontend.ensure_built(root, {})
    (web / "main.ts").write_text("2")
    npm = root / "bin/npm"
    works = npm.read_text()
    npm.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(Trouble):
        frontend.ensure_built(root, {})
    (web / "main.ts").write_text("1")  # even when the sources are again what the old stamp said
    npm.write_text(works)
    calls(web)
    frontend.ensure_built(root, {})
    assert calls(web) == ["run"]


def test_a_build_that_lands_elsewhere_is_trouble(web: Path) -> None:
    (web.parent / "bin/npm").write_text("#!/bin/sh\nmkdir -p node_modules\n")
    with pytest.raises(Trouble, match=r"left no yingke/app/static/console/index\.html"):
        frontend.ensure_built(web.parent, {})


# -- The first start


def test_only_a_database_of_our_own_making_gets_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("YINGKE_DATABASE_URL", "YINGKE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    env = commands.data_settings(tmp_path)
    assert env == {"YINGKE_DATA_DIR": str(tmp_path / "data")}
    assert commands.is_first_start(tmp_path, env)
    monkeypatch.setenv("YINGKE_DATABASE_URL", "postgresql://somebody/s")
    assert not commands.is_first_start(tmp_path, env)
    monkeypatch.delenv("YINGKE_DATABASE_URL")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/yingke.db").touch()
    assert not commands.is_first_start(tmp_path, env)


def test_a_settings_file_means_an_installation_of_somebodys_own(tmp_path: Path) -> None:
    (tmp_path / "yingke.toml").touch()
    assert commands.data_settings(tmp_path) == {}
    assert not commands.is_first_start(tmp_path, {})


def test_two_at_once_prepare_one_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with commands.alone(tmp_path):
            inside.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    with commands.alone(tmp_path):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "Another ./dev is preparing" in capsys.readouterr().out


# -- Chromium


def test_without_chromium_the_person_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINGKE_TEST_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(system, "apt_install", lambda *packages: False)
    with pytest.raises(Trouble, match="sudo apt-get install chromium"):
        system.ensure_chromium()
    monkeypatch.setenv("YINGKE_TEST_CHROMIUM", "/opt/chrome")
    system.ensure_chromium()
    assert system.find_chromium() == "/opt/chrome"


# -- The script


def test_the_code_behind_dev_needs_nothing_installed() -> None:
    """`-S -I`: no site-packages, no environment."""
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import tools.dev.commands"
    subprocess.run([environment.base_python(), "-I", "-S", "-c", code], check=True)


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    script = (REPOSITORY / ".ci/run").read_text().splitlines()
    assert script[0].startswith("#!")
    assert [line.split("&& ")[-1] for line in script[1:]] == ["exec ./dev test"]
