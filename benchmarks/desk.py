"""The product as a benchmark meets it: a server of its own on one core, visitors and an agent at its public doors."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg

from benchmarks.machine import pinned
from benchmarks.sockets import Closed, Socket
from tests.support.server import Server

AGENT, ADMINISTRATOR, PASSWORD = "linfang@demo.example", "admin@demo.example", "demo-yingke"
SITE = "demo"
THREADS = 49  # open in one window of the agent, below the server's limit of topics
RATE = {"YINGKE_VISITOR_SEND_RATE": "1000", "YINGKE_VISITOR_SEND_BURST": "1000"}
RATE_NOTE = "the visitor's rate limit is raised by its setting: YINGKE_VISITOR_SEND_RATE and _BURST are 1000"
CODE = "import sys; from yingke.app.cli import main; sys.exit(main())"

Json = dict[str, Any]


@contextmanager
def server(
    core: int, database_url: str | None = None, program: Sequence[str] | None = None
) -> Iterator[Server]:
    """Yingke with the demonstration's data, on this core."""
    with tempfile.TemporaryDirectory(prefix="yingke-benchmark-") as folder:
        made = Server(
            Path(folder), database_url=database_url, settings=RATE, program=program or pinned(core, CODE)
        )
        made.run("demo")
        with made:
            yield made


class Inbox:
    """Frames of a socket, for the parts that are not measured."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Json] = asyncio.Queue()

    def __call__(self, payload: bytes) -> None:
        self.frames.put_nowait(msgspec.json.decode(payload))

    async def wait(self, kind: str, within: float = 60.0) -> Json:
        async with asyncio.timeout(within):
            while True:
                frame = await self.frames.get()
                if frame["t"] == "nack":
                    raise RuntimeError(f"refused: {frame['problem']}")
                if frame["t"] == kind:
                    return frame


class Visitor:
    """One visitor with a chat. After `begin`, whoever measures sets `socket.heard`."""

    def __init__(self, socket: Socket, inbox: Inbox) -> None:
        self.socket = socket
        self.inbox = inbox
        self.conversation = ""

    @classmethod
    async def enter(cls, http: httpx.AsyncClient, port: int) -> Visitor:
        answer = await http.post("/w/v1/sessions", json={"site": SITE, "locale": "zh-CN"})
        answer.raise_for_status()
        inbox = Inbox()
        socket = await Socket.open(port, "/w/v1/live", inbox)
        socket.say({"t": "hello", "v": 1, "token": answer.json()["token"], "locale": "zh-CN"})
        await inbox.wait("hello")
        socket.say({"t": "subscribe", "topics": {"chat": None}})
        await inbox.wait("snapshot")
        return cls(socket, inbox)

    async def begin(self, id_: str, text: str) -> None:
        """The first message begins the conversation; waits until an agent has it."""
        self.socket.say({"t": "command", "id": id_, "do": "send", "args": {"text": text}})
        self.conversation = (await self.inbox.wait("ack"))["answer"]["conversation"]
        while True:  # until an agent has it
            for change in (await self.inbox.wait("change"))["changes"]:
                if change[:2] == ["put", "conversation"] and change[4]["agent"] is not None:
                    return


class Staff:
    """Somebody signed in; each `window` is a socket of theirs."""

    def __init__(self, url: str, port: int, email: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=60, trust_env=False)
        self.me: Json = {}
        self._port = port
        self._email = email
        self._ids = itertools.count(1)

    async def sign_in(self) -> None:
        answer = await self.http.post("/api/v1/session", json={"email": self._email, "password": PASSWORD})
        answer.raise_for_status()
        self.me = answer.json()

    async def do(self, name: str, **arguments: Any) -> None:
        body = {"id": f"bench-{self.me['key'][:8]}-{next(self._ids)}", "args": arguments}
        answer = await self.http.post(f"/api/v1/commands/{name}", json=body)
        answer.raise_for_status()

    async def window(self, topics: Sequence[str], heard: Callable[[bytes], None]) -> Socket:
        """A socket that hears these topics; their snapshots are waited for and thrown away."""
        inbox = Inbox()
        request = self.http.build_request("GET", "/live")
        headers = {name: request.headers[name] for name in ("Cookie", "Origin")}
        socket = await Socket.open(self._port, "/live", inbox, headers)
        socket.say({"t": "hello", "v": 1, "locale": "zh-CN"})
        await inbox.wait("hello")
        socket.say({"t": "subscribe", "topics": dict.fromkeys(topics)})
        for _ in topics:
            await inbox.wait("snapshot")
        socket.heard = heard
        return socket


class Desk:
    """Visitors who have begun their chats, and an agent who has all of them, open in as many windows as needed.

    heard: called with every frame of the agent's windows, the first of which shows the inbox.
    """

    def __init__(self, visitors: list[Visitor], windows: list[Socket]) -> None:
        self.visitors = visitors
        self.windows = windows

    def check(self) -> None:
        """Raises when a socket was closed: the figures would mean nothing."""
        for socket in (*(visitor.socket for visitor in self.visitors), *self.windows):
            if socket.failed is not None:
                raise Closed(str(socket.failed))


@asynccontextmanager
async def desk(
    made: Server, count: int, texts: Sequence[str], heard: Callable[[bytes], None]
) -> AsyncIterator[Desk]:
    agent, administrator = (Staff(made.url, made.port, email) for email in (AGENT, ADMINISTRATOR))
    await agent.sign_in()
    await administrator.sign_in()
    await administrator.do("staff.change", staff=agent.me["key"], capacity=1000)
    await agent.do("staff.set_intent", intent="online")
    windows = [await agent.window(["inbox"], heard)]
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(base_url=made.url, timeout=60, trust_env=False, limits=limits) as http:
        visitors: list[Visitor] = []
        for at in range(0, count, 25):
            entering = (Visitor.enter(http, made.port) for _ in range(min(25, count - at)))
            visitors += await asyncio.gather(*entering)
    await asyncio.gather(*(v.begin(f"begin-{n:06d}", texts[n % len(texts)]) for n, v in enumerate(visitors)))
    names = [f"thread/{visitor.conversation}" for visitor in visitors]
    windows += [await agent.window(names[at : at + THREADS], heard) for at in range(0, len(names), THREADS)]
    made_desk = Desk(visitors, windows)
    try:
        yield made_desk
    finally:
        for socket in (*(visitor.socket for visitor in visitors), *windows):
            socket.close()
        for one in (agent, administrator):
            await one.http.aclose()


# --- the journal's readers, seen from outside -------------------------------------------------------------------------

_BEHIND = "SELECT count(*) FROM journal WHERE pos > (SELECT coalesce(min(pos), 0) FROM journal_reader)"


def behind(made: Server, database_url: str | None) -> int:
    """How many entries of the journal some reader has still to see."""
    if database_url is not None:
        address = database_url.replace("postgresql+psycopg", "postgresql", 1)
        with psycopg.connect(address, autocommit=True) as server_connection:
            row = server_connection.execute(_BEHIND).fetchone()
            return int(row[0]) if row else 0
    with sqlite3.connect(f"file:{made.folder}/data/yingke.db?mode=ro", uri=True, timeout=10) as file:
        return int(file.execute(_BEHIND).fetchone()[0])


def drained(made: Server, database_url: str | None, within: float = 60.0) -> float | None:
    """Wait until every reader has seen everything; the seconds it took, None when it took too long."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < within:
        with suppress(sqlite3.OperationalError):
            if not behind(made, database_url):
                return time.perf_counter() - begun
        time.sleep(0.02)
    return None
