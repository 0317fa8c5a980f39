"""The commands of `./dev`."""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.dev import environment, frontend, node, system
from tools.dev.shell import Trouble, run, say, step

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One ./dev at a time may install and build; a second one waits and then finds everything made."""
    with (root / ".dev.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./dev is preparing this folder; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare(root: Path) -> tuple[Path, Mapping[str, str]]:
    """The Python and the environment for npm, with everything installed and the front end built."""
    with alone(root):
        python = environment.ensure(root)
        env = node.ensure(root, python)
        frontend.ensure_packages(root, env)
        frontend.ensure_built(root, env)
    return python, env


def prepare_python(root: Path) -> Path:
    with alone(root):
        return environment.ensure(root)


def up(root: Path, arguments: Sequence[str]) -> int:
    python, _ = prepare(root)
    yingke = python.parent / "yingke"
    env = data_settings(root)
    data = Path(env.get("YINGKE_DATA_DIR", root / "data"))
    demo_wanted = data / ".demo-wanted"
    if is_first_start(root, env):
        # Noted before the database exists, so that a start that was interrupted still loads the demo next time.
        data.mkdir(parents=True, exist_ok=True)
        demo_wanted.touch()
    with step("Bringing the database up to date"):
        run([yingke, "migrate"], cwd=root, env=env)
    if demo_wanted.exists():
        with step("Loading the demo"):
            told = run([yingke, "demo"], cwd=root, env=env)
        demo_wanted.unlink()
        say(told)
    os.chdir(root)
    os.execve(yingke, ["yingke", "serve", *arguments], {**os.environ, **env})


def data_settings(root: Path) -> dict[str, str]:
    """Where the data of a checkout lives, unless the person has said otherwise."""
    if (root / "yingke.toml").exists():
        return {}
    return {"YINGKE_DATA_DIR": str(Path(os.environ.get("YINGKE_DATA_DIR", root / "data")).resolve())}


def is_first_start(root: Path, env: Mapping[str, str]) -> bool:
    """Only a database that we are about to make ourselves gets the demo; somebody's own installation never does."""
    if "YINGKE_DATABASE_URL" in os.environ or (root / "yingke.toml").exists():
        return False
    return not any(Path(env["YINGKE_DATA_DIR"]).glob("*.db"))


def test(root: Path, arguments: Sequence[str], *, quick: bool) -> int:
    python, npm_env = prepare(root)
    tools = python.parent
    npm_env = {**npm_env, "CI": "true"}  # test runners then run once instead of watching
    failed = [
        title
        for title, check in (
            ("ruff", lambda: run([tools / "ruff", "check", "."], cwd=root)),
            ("ruff format", lambda: run([tools / "ruff", "format", "--check", "."], cwd=root)),
            ("import contracts", lambda: run([python, "-m", "tools.contracts"], cwd=root)),
            ("house rules", lambda: run([python, "-m", "tools.checks"], cwd=root)),
            ("mypy", lambda: run([tools / "mypy"], cwd=root)),
            ("front-end types", lambda: run(["npm", "run", "check"], cwd=root / "web", env=npm_env)),
            ("front-end unit tests", lambda: run(["npm", "test"], cwd=root / "web", env=npm_env)),
        )
        if not _holds(title, check)
    ]
    if failed:
        raise Trouble(f"Stopped before the tests because of: {', '.join(failed)}.")
    if not quick:
        system.ensure_chromium()
    say(f"→ tests on {'SQLite' if quick else 'SQLite and PostgreSQL, and in the browser'}")
    workers = min(os.cpu_count() or 1, 4)
    pytest: list[str | Path] = [python, *f"-m pytest -n {workers} --dist worksteal --durations 10".split()]
    left_out = ["-m", "not browser and not postgresql"] if quick else []
    # Whatever pytest says last is the last line of this command.
    return subprocess.run(
        # Tests start many servers: what is compiled is kept, whatever this shell says.
        [*pytest, *left_out, *arguments],
        cwd=root,
        env={**os.environ, **npm_env, "PYTHONDONTWRITEBYTECODE": ""},
    ).returncode


def _holds(title: str, check: Callable[[], object]) -> bool:
    """Every cheap check runs, so that one go shows all there is to mend."""
    try:
        with step(title):
            check()
    except Trouble:
        return False
    return True


def lock(root: Path, arguments: Sequence[str]) -> int:
    """Make the lock files again. Pins stay as they are unless `--upgrade` is given."""
    python = prepare_python(root)
    # The oldest Python we support decides, whatever this one is.
    common: list[str | Path] = [
        *(python.parent / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "./dev lock"),
        *arguments,
    ]
    runtime = ["pyproject.toml", "--extra", "postgresql"]
    locks = {
        "requirements.lock": runtime,
        "requirements-dev.lock": [*runtime, "--group", "dev", "--constraint", "requirements.lock"],
        "requirements-node.lock": ["--group", "node"],
    }
    for name, what in locks.items():
        with step(f"Locking {name}"):
            run([*common, *what, "--output-file", name], cwd=root)
    return 0


def fmt(root: Path) -> int:
    python = prepare_python(root)
    with step("ruff, with its fixes"):
        run([python.parent / "ruff", "check", "--fix", "--exit-zero", "."], cwd=root)
        run([python.parent / "ruff", "format", "."], cwd=root)
    return 0


def build(root: Path) -> int:
    python, env = prepare(root)
    with step("Building the wheel into dist/"):
        run([python, "-m", "build", "--wheel", "--no-isolation"], cwd=root, env=env)
    return 0


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The command, and what stands behind `--`."""
    words = list(arguments)
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog="./dev", description="Start Yingke from a checkout, or test it.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "up", help="make what is missing and serve on 127.0.0.1:8000 (-- arguments for `yingke serve`)"
    )
    tests = commands.add_parser("test", help="run every check and test (-- arguments for pytest)")
    tests.add_argument("--quick", action="store_true", help="leave the browser and PostgreSQL out")
    locks = commands.add_parser("lock", help="make the lock files again after a change of pyproject.toml")
    locks.add_argument(
        "--upgrade", action="store_true", help="take the newest versions instead of keeping the pins"
    )
    commands.add_parser("fmt", help="format the Python code")
    commands.add_parser("build", help="build the wheel, with the front end inside, into dist/")
    return parser.parse_args(words[:cut]), words[cut + 1 :]


def main(arguments: Sequence[str]) -> int:
    options, rest = parse(arguments)
    try:
        match options.command:
            case "up":
                return up(ROOT, rest)
            case "test":
                return test(ROOT, rest, quick=options.quick)
            case "lock":
                return lock(ROOT, ["--upgrade"] if options.upgrade else [])
            case "fmt":
                return fmt(ROOT)
            case _:
                return build(ROOT)
    except Trouble as trouble:
        print(f"./dev: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
