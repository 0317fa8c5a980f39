"""Yingke as a process of its own, for tests that kill it, cut it off or only talk to it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent.parent
YINGKE = (sys.executable, "-c", "import sys; from yingke.app.cli import main; sys.exit(main())")
STARTS_WITHIN = 30.0
ENDS_WITHIN = 8.0


class Server:
    """Use it as `with`. On leaving, it is stopped with SIGTERM and must end within seconds.

    `program` is what stands before `serve`: the product's command line, or a launcher that changes it first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
        program: Sequence[str] = YINGKE,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.starts: list[float] = []
        """Seconds each start took until /health answered."""
        self._program = tuple(program)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YINGKE_")},
            "PYTHONPATH": str(ROOT),
            "YINGKE_DATA_DIR": str(folder / "data"),
            "YINGKE_HOST": "127.0.0.1",
            "YINGKE_PORT": str(self.port),
            **({"YINGKE_DATABASE_URL": database_url} if database_url else {}),
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
            return
        self.kill()
        print(f"--- the end of the server's log ---\n{self.tail()}", file=sys.stderr)

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def run(self, *command: str, timeout: float = 60.0) -> str:
        """Another command of the product on the same data, such as `demo`."""
        done = subprocess.run(
            [*YINGKE, *command],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, (
            f"`yingke {' '.join(command)}` ended with {done.returncode}:\n{done.stderr}"
        )
        return done.stdout

    def start(self, timeout: float = STARTS_WITHIN) -> None:
        """Starts it and waits until /health answers 200."""
        assert not self.running, "already running"
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._program, "serve"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not healthy(self.url):
            code = self._process.poll()
            assert code is None, f"the server ended with {code} while starting:\n{self.tail()}"
            if time.monotonic() - begun > timeout:
                self.kill()
                raise TimeoutError(f"not healthy within {timeout:g} s:\n{self.tail()}")
            time.sleep(0.02)
        self.starts.append(time.monotonic() - begun)

    def freeze(self) -> None:
        """Stops it in the middle of whatever it does; its sockets stay open."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to it and all it started, and wait until they are gone."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def stop(self, within: float = ENDS_WITHIN) -> float:
        """SIGTERM; it must end by itself. Answers how long that took."""
        if self._process is None:
            return 0.0
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            log = self.tail()
            self.kill()
            raise AssertionError(f"did not end within {within:g} s of SIGTERM:\n{log}") from None
        self._process = None
        assert code in (0, -signal.SIGTERM), f"ended with {code} on SIGTERM:\n{self.tail()}"
        return time.monotonic() - begun

    def restart(self) -> None:
        self.stop()
        self.start()

    def tail(self, lines: int = 60) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def healthy(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{url}/health", timeout=2
        ) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
