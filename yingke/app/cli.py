"""The command line: `yingke serve`, `migrate`, `demo`."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from yingke import __version__
from yingke.app import demo
from yingke.app.migrate import migrate
from yingke.app.process import Process
from yingke.kernel import settings as settings_
from yingke.kernel.db import Database
from yingke.kernel.secure import RedactingFilter
from yingke.kernel.settings import Settings, SettingsError
from yingke.rooms.staff import api as staff

log = logging.getLogger("yingke")

STOP_WITHIN = 5  # seconds for what is under way
MAX_FRAME = 65_536  # bytes


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; answers the exit status."""
    arguments = _parser().parse_args(argv)
    flags = {doc.key: getattr(arguments, doc.key, None) for doc in settings_.describe()}
    try:
        settings = settings_.load(flags, os.environ, Path.cwd())
    except SettingsError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 2
    _log(settings)
    run = {"serve": _serve, "migrate": _migrate, "demo": _demo}[arguments.command]
    return run(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="yingke", description="A self-hosted customer-service desk.")
    parser.add_argument("--version", action="version", version=f"yingke {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("serve", "Serve visitors and staff."),
        ("migrate", "Bring the database to the shape this version needs."),
        ("demo", "Fill an empty database with a small business to look at."),
    ):
        one = commands.add_parser(name, help=text, description=text)
        for doc in settings_.describe():
            one.add_argument(
                doc.flag,
                dest=doc.key,
                default=None,
                metavar=doc.key.upper(),
                help=f"{doc.what} ({doc.allowed}; default {doc.default})".replace("%", "%%"),
            )
    return parser


def _log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter())
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _migrate(settings: Settings) -> int:
    changed = migrate(settings.database_url)
    print("The database has been brought up to date." if changed else "The database is up to date.")
    return 0


def _demo(settings: Settings) -> int:
    migrate(settings.database_url)
    db = Database(settings.database_url)
    try:
        made = db.write_now(demo.fill)
    finally:
        db.close()
    if not made:
        print("There are people in this database already: nothing has been added.", file=sys.stderr)
        return 1
    print(demo.describe(settings.public_url))
    return 0


class _Server(uvicorn.Server):
    """uvicorn, but streams are told of the end before it waits for them."""

    def __init__(self, config: uvicorn.Config, process: Process) -> None:
        super().__init__(config)
        self._process = process

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _spare_the_collector()
            print(_addresses(self._process), flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._process.hang_up()
        await super().shutdown(sockets)


def _spare_the_collector() -> None:
    """What is loaded by now stays; and what is made for a message is freed by counting, seldom by the collector. With
    Python's own thresholds the collector took a tenth of the time of a busy server."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _serve(settings: Settings) -> int:
    migrate(settings.database_url)
    process = Process(settings)
    if settings.demo and process.db.write_now(demo.fill):
        print(demo.describe(settings.public_url))
    config = uvicorn.Config(
        process,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN,
    )
    server = _Server(config, process)
    server.run()
    return 0 if server.started else 1


def _addresses(process: Process) -> str:
    url = process.settings.public_url
    lines = ["", f"Yingke {__version__}", f"  console   {url}/", f"  demo shop {url}/demo/"]
    token = process.db.write_now(staff.setup_token)
    if token is not None:
        lines.append(f"  Nobody is here yet. Make the first administrator: {url}/setup#{token}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
