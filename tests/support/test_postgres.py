"""The support itself: databases are one's own, and no server outlives a run, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.support.postgres import postgres_url

pytestmark = pytest.mark.postgresql
REPOSITORY = Path(__file__).parents[2]


def test_each_caller_has_an_empty_database_that_goes_away() -> None:
    with postgres_url() as first, postgres_url() as second:
        assert first != second
        assert first.startswith("postgresql+psycopg://")
        engine = create_engine(first)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE a (b text)"))
            assert connection.scalar(text("SHOW server_encoding")) == "UTF8"
        with create_engine(second).connect() as connection:
            assert connection.scalar(text("SELECT to_regclass('a')")) is None
        # The engine still has its connection open: the database goes all the same.
    gone = make_url(first).set(drivername="postgresql").render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(gone)
    engine.dispose()


@pytest.mark.skipif("YINGKE_TEST_DATABASE_URL" in os.environ, reason="no embedded server in this run")
def test_the_server_ends_with_a_run_that_is_killed() -> None:
    code = (
        "import time\nfrom tests.support.postgres import postgres_url\n"
        "with postgres_url() as url:\n    print(url, flush=True)\n    time.sleep(60)"
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=env
    ) as run:
        assert run.stdout is not None
        data = Path(str(make_url(run.stdout.readline().strip()).query["host"]))
        server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        run.send_signal(signal.SIGKILL)
    server.wait(timeout=20)
    give_up = time.monotonic() + 10
    while data.parent.exists():
        assert time.monotonic() < give_up
        time.sleep(0.05)
