"""A server of the product as a process, with the demo's data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.people import Desk
from tests.support.server import Server

UNHURRIED = {
    "YINGKE_VISITOR_SEND_RATE": "1000",
    "YINGKE_VISITOR_SEND_BURST": "1000",
    "YINGKE_TRUSTED_PROXIES": "127.0.0.1",  # X-Forwarded-For is believed: tests may come from many addresses
}
"""So that a test that is not about a limit never meets it."""


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo in it, made once and copied."""
    server = Server(tmp_path_factory.mktemp("demo"))
    server.run("demo")
    return server.folder / "data"


@pytest.fixture(scope="session")
def desk(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One server for all tests that only talk to it; each brings visitors of its own."""
    server = Server(tmp_path_factory.mktemp("desk"), settings=UNHURRIED)
    shutil.copytree(demo_data, server.folder / "data")
    with server:
        yield Desk(server)


@pytest.fixture
def own_server(demo_data: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to stop and start; running, with the product's own limits."""
    server = Server(tmp_path / "server")
    shutil.copytree(demo_data, server.folder / "data")
    with server:
        yield server
