"""The front end as it is served: whole, quickly, and nothing else."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from yingke.app import static
from yingke.app.migrate import migrate
from yingke.app.process import Process
from yingke.kernel import settings


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    files = {
        "/index.html": static.file_of(
            "index.html", b"<!doctype html><title>console</title>" * 40, console=True
        ),
        "/assets/a-1.js": static.file_of("assets/a-1.js", b"1;" * 600, console=True),
        "/widget.js": static.file_of("widget/widget.js", b"2;" * 600, console=False),
    }
    monkeypatch.setattr(static, "load", lambda: files)
    own = settings.load({"data_dir": tmp_path / "data", "secret_key": "s" * 32}, {}, tmp_path)
    migrate(own.database_url)
    process = Process(own)
    await process.start()
    transport = httpx.ASGITransport(cast(Any, process))
    async with httpx.AsyncClient(transport=transport, base_url=own.public_url) as one:
        yield one
    await process.stop()


async def test_a_file_is_compressed_for_whoever_takes_it(client: httpx.AsyncClient) -> None:
    packed = await client.get("/widget.js")
    assert packed.headers["content-encoding"] == "gzip"
    plain = await client.get("/widget.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == b"2;" * 600
    assert int(packed.headers["content-length"]) == len(gzip.compress(b"2;" * 600, 9, mtime=0))


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_head_has_the_length_and_no_body(client: httpx.AsyncClient) -> None:
    head = await client.head("/widget.js", headers={"accept-encoding": "identity"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "1200")


@pytest.mark.parametrize("path", ["/conversations/abc", "/setup", "/people"])
async def test_an_address_inside_the_console_is_the_console(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "console" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/assets/gone.js", "/cli.py", "/assets/%2e%2e/%2e%2e/cli.py"])
async def test_nothing_else_is_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])
async def test_no_path_becomes_a_file_name(client: httpx.AsyncClient, path: str) -> None:
    """It is an address of the console like any other, which says there that it knows no such page."""
    assert (await client.get(path)).text == (await client.get("/")).text


async def test_how_long_each_may_be_kept(client: httpx.AsyncClient) -> None:
    kept = {
        path: (await client.get(path)).headers["cache-control"]
        for path in ("/", "/assets/a-1.js", "/widget.js")
    }
    assert kept == {"/": static.ASK, "/assets/a-1.js": static.FOREVER, "/widget.js": static.SOON}


async def test_other_pages_may_load_the_widget_and_nothing_else(client: httpx.AsyncClient) -> None:
    assert (await client.get("/widget.js")).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await client.get("/")).headers
    assert "access-control-allow-origin" not in (await client.get("/api/v1/session")).headers
    asked = await client.options("/w/v1/sessions", headers={"origin": "https://shop.example"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert "access-control-allow-credentials" not in asked.headers


async def test_health_says_what_an_operator_must_know(client: httpx.AsyncClient) -> None:
    health = (await client.get("/health")).json()
    assert health["status"] == "ok"
    assert set(health) == {
        "status",
        "version",
        "database",
        "journal_lag_seconds",
        "parked",
        "failed_jobs",
        "longest_ms",
    }
