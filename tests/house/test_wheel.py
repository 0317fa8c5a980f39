"""As a user installs it: the wheel in an empty environment migrates, loads the demo and serves, without Node."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
REPOSITORY = Path(__file__).parents[2]
START = 30.0


def run(command: list[str | Path], folder: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder], REPOSITORY)
    (built,) = folder.glob("yingke-*.whl")
    return built


def test_the_wheel_carries_the_front_end_and_nothing_of_the_workshop(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert "yingke/app/static/console/index.html" in names
    assert any(name.startswith("yingke/app/migrations/") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"yingke", next(top for top in tops if top.endswith(".dist-info"))}


def test_the_installed_wheel_serves(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv, "uv is in requirements-dev.lock"
    python = tmp_path / "env/bin/python"
    run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "env"], tmp_path)
    run(
        [uv, "pip", "install", "--quiet", "--python", python, "-r", REPOSITORY / "requirements.lock"],
        tmp_path,
    )
    run([uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel], tmp_path)
    run([uv, "pip", "check", "--quiet", "--python", python], tmp_path)

    yingke = tmp_path / "env/bin/yingke"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # An empty machine: no Node on PATH, no checkout, none of this run's settings.
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "YINGKE_DATA_DIR": str(tmp_path / "data"),
        "YINGKE_PORT": str(port),
    }
    run([yingke, "migrate"], tmp_path, env)
    run([yingke, "demo"], tmp_path, env)
    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen([yingke, "serve"], cwd=tmp_path, env=env, stdout=output, stderr=output)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_until_healthy(client, server, log)
            page = client.get("/")
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
            assert "<html" in page.text
            widget = client.get("/widget.js")
            assert widget.status_code == 200
            assert "javascript" in widget.headers["content-type"]
    finally:
        server.terminate()
        server.wait(20)


def wait_until_healthy(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START
    while time.monotonic() < give_up and server.poll() is None:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the server is not healthy after {START} s:\n{log.read_text()}")
