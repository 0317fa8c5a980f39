"""P5: what the widget costs on somebody else's page: weight, requests, hosts, long tasks, in real Chromium.

The yardstick is the same page with the widget's script blocked.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

from benchmarks import machine
from benchmarks.desk import server
from benchmarks.report import Report, Row, Target, middle
from tests.support.server import ROOT
from tools.dev.system import find_chromium

BUILT = ROOT / "yingke/app/static/widget"
LOADER, PANEL = 3_000, 15_000  # bytes, gzip
LONG = 50  # milliseconds
LAUNCHER = "联系客服"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_WATCH = """window.__long = [];
new PerformanceObserver(list => { for (const one of list.getEntries()) window.__long.push(one.duration) })
  .observe({ type: 'longtask', buffered: true })"""


def packed(path: Path) -> int:
    """Bytes as they travel."""
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def run(quick: bool = False) -> Report:
    if not (BUILT / "widget.js").is_file():
        raise SystemExit("The widget has not been built: `./dev up` does it, or `npm run build` in web/.")
    report = Report("widget", machine.versions("playwright"))
    loader = packed(BUILT / "widget.js")
    panel = max(packed(one) for one in BUILT.glob("panel.*.js"))
    for file in sorted(BUILT.glob("*.js")):
        report.rows.append({"what": file.name, "gzip_bytes": packed(file), "bytes": file.stat().st_size})
    rounds = 1 if quick else 5
    cores = machine.cores()
    with server(cores.server) as made, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        report.versions["chromium"] = browser.version
        without = [_visit(browser, made.url, blocked=True) for _ in range(rounds)]
        visits = [_visit(browser, made.url, blocked=False) for _ in range(rounds)]
        browser.close()
    report.rows.append({"what": "page without the widget", **middle([one["page"] for one in without])})
    for what in ("page", "opened", "message sent"):
        report.rows.append({"what": f"with it: {what}", **middle([one[what] for one in visits])})
    foreign = sorted({host for one in visits for host in one["foreign"]["hosts"]})
    # The shortest of the rounds: on a shared machine a task may be long because somebody else had the core.
    longest = min(one["message sent"]["longest_task_ms"] for one in visits)
    report.notes += [
        f"medians of {rounds} visits with an empty cache; requests and bytes on the wire since the visit began",
        "longest_task_ms: the longest task over 50 ms so far, by the clock: others' use of the core counts in it",
    ]
    report.targets |= {
        "P5, loader": Target(loader, f"at most {LOADER:,} bytes gzip", loader <= LOADER),
        "P5, panel": Target(panel, f"at most {PANEL:,} bytes gzip", panel <= PANEL),
        "P5, long tasks": Target(
            round(longest), f"none over {LONG} ms, in the best of the rounds", longest <= LONG
        ),
        "P5, hosts": Target(len(foreign), "nothing from other hosts", not foreign),
    }
    return report


def _visit(browser: Browser, url: str, *, blocked: bool) -> dict[str, Row]:
    """Figures after the page has loaded, after the panel is open, after a message was sent."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.add_init_script(_WATCH)
    requests: list[Request] = []
    page.on("request", lambda one: requests.append(one))
    received = [0]
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on(
        "Network.loadingFinished",
        lambda one: received.__setitem__(0, received[0] + int(one["encodedDataLength"])),
    )
    if blocked:
        page.route("**/widget.js", lambda route: route.abort())

    def figures() -> Row:
        return {
            "requests": sum(not (blocked and one.url.endswith("/widget.js")) for one in requests),
            "wire_bytes": received[0],
            "longest_task_ms": max(page.evaluate("window.__long"), default=0),
        }

    found: dict[str, Row] = {}
    page.goto(f"{url}/demo/", wait_until="load")
    page.wait_for_timeout(500)
    found["page"] = figures()
    if not blocked:
        _open(page)
        found["opened"] = figures()
        box = page.get_by_role("dialog").get_by_role("textbox")
        box.fill("你好，请问这个什么时候发货？")
        box.press("Enter")
        page.get_by_role("log").get_by_text("你好，请问这个什么时候发货？").first.wait_for()
        page.wait_for_timeout(500)
        found["message sent"] = figures()
    hosts = {urlsplit(one.url).hostname or "" for one in requests if one.url.startswith(("http", "ws"))}
    found["foreign"] = {"hosts": sorted(hosts - {urlsplit(url).hostname})}
    context.close()
    return found


def _open(page: Page) -> None:
    page.get_by_role("button", name=LAUNCHER).click()
    page.get_by_role("dialog").get_by_role("textbox").wait_for()
    page.wait_for_timeout(500)
