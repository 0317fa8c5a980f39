"""Chromium, a server for each module, a desk for each test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.desk import SOON, Desk
from tests.browser.line import Line
from tests.support.server import ROOT, Server
from tools.dev.system import find_chromium

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
UNHURRIED = {"YINGKE_VISITOR_SEND_RATE": "1000", "YINGKE_VISITOR_SEND_BURST": "1000"}
"""So that a test that is not about a limit never meets it."""

Cookies = dict[str, dict[str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stands here needs the browser, and shares one event loop with it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def front_end() -> None:
    if not (ROOT / "yingke/app/static/console/index.html").is_file():
        pytest.fail("The front end has not been built: `./dev test` does it, or `npm run build` in web/.")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = find_chromium()
    if not found:
        pytest.fail(
            "No Chromium: `apt-get install chromium fonts-noto-cjk`, or name one in YINGKE_TEST_CHROMIUM."
        )
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(front_end: None, chromium: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=SOON)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo in it, made once and copied."""
    server = Server(tmp_path_factory.mktemp("demo"))
    server.run("demo")
    return server.folder / "data"


def with_demo(folder: Path, demo_data: Path) -> Server:
    """Not yet started."""
    server = Server(folder, settings=UNHURRIED)
    shutil.copytree(demo_data, server.folder / "data")
    return server


@pytest.fixture(scope="module")
def server(demo_data: Path, front_end: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with with_demo(tmp_path_factory.mktemp("server"), demo_data) as server:
        yield server


@pytest.fixture(scope="module")
def cookies() -> Cookies:
    """Who has signed in, by address."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, server: Server, cookies: Cookies) -> AsyncIterator[Desk]:
    desk = Desk(browser, server.url, cookies)
    yield desk
    await desk.close()
    assert desk.wrongs == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(
    demo_data: Path, front_end: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Line]:
    """A server that browsers reach through a proxy only, which knows how to misbehave."""
    server = with_demo(tmp_path_factory.mktemp("line"), demo_data)
    async with Line(server) as line:
        yield line


@pytest.fixture(scope="module")
def line_cookies() -> Cookies:
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def far_desk(browser: Browser, line: Line, line_cookies: Cookies) -> AsyncIterator[Desk]:
    """As `desk`, at the far end of the line."""
    desk = Desk(browser, line.url, line_cookies)
    yield desk
    await line.mend_all()
    await desk.close()
    assert desk.wrongs == []
