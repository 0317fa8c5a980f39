"""P14: from the command to the first page with the demonstration's data present, beside a bare uvicorn; and what the
idle process takes."""

from __future__ import annotations

import http.client
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks import machine
from benchmarks.desk import CODE
from benchmarks.machine import pinned
from benchmarks.report import Report, Row, Target, middle
from tests.support.server import ROOT, Server, free_port

IDLE = 5.0  # seconds of doing nothing
_BARE = """import sys, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", lifespan="off", log_level="warning")"""


def run(quick: bool = False) -> Report:
    rounds, idle = (1, 0.5) if quick else (5, IDLE)
    cores = machine.cores()
    machine.pin(cores.load)
    report = Report(
        "start",
        machine.versions("uvicorn", "litestar", "sqlalchemy"),
        notes=[
            "page_s: from the command until GET / (the console) is answered with 200, on one core; median of "
            f"{rounds} starts, files in the system's cache",
            f"memory and CPU after the start, {idle:g} s without anybody there; uss: memory of its own alone",
        ],
    )
    bare, ours = [], []
    page = "/" if (ROOT / "yingke/app/static/console/index.html").is_file() else "/health"
    if page != "/":
        report.notes.append("the front end is not built: GET /health in place of the console's page")
    with tempfile.TemporaryDirectory(prefix="yingke-benchmark-") as folder:
        made = Server(Path(folder))
        made.run("demo")
        for _ in range(rounds):
            port = free_port()
            bare.append(_start([*pinned(cores.server, _BARE), str(port)], {}, port, "/", idle))
            command = [*pinned(cores.server, CODE), "serve"]
            ours.append(_start(command, made.environment, made.port, page, idle))
    report.rows += [{"what": "bare uvicorn", **middle(bare)}, {"what": "Yingke", **middle(ours)}]
    seconds = report.rows[-1]["page_s"]
    report.targets["P14"] = Target(round(seconds, 2), "under 3 s to the first page", seconds < 3)
    return report


def _start(command: list[str], environment: dict[str, str], port: int, page: str, idle: float) -> Row:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment or None, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(port, page):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
            time.sleep(0.01)
        taken = time.perf_counter() - begun
        watched = psutil.Process(process.pid)
        time.sleep(1.0)
        before = sum(watched.cpu_times()[:2])
        time.sleep(idle)
        memory = watched.memory_full_info()
        return {
            "page_s": taken,
            "rss_mib": memory.rss / 2**20,
            "uss_mib": memory.uss / 2**20,
            "idle_cpu_pct": round((sum(watched.cpu_times()[:2]) - before) / idle * 100, 2),
        }
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int, page: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", page)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
