"""Who takes part in the fault tests: the demo's staff, visitors of its site, and short ways to ask what is there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import httpx

from tests.stranger import Command, Listener, Staff, Timing, Visitor
from tests.stranger.wire import Row
from tests.support.server import Server

SITE = "demo"
PASSWORD = "demo-yingke"
LINFANG = "linfang@demo.example"
HEJING = "hejing@demo.example"
SUPERVISOR = "zhuguan@demo.example"
ADMINISTRATOR = "admin@demo.example"

SOON = 10.0
"""Seconds within which what should happen does happen on a busy machine."""
QUICK = Timing(answer=3.0, hello=2.0, hello_sse=2.0, back_off=0.1, back_off_most=0.5)
"""The document's waits made shorter, for tests that let something fail."""


class Diary(Listener):
    """Remembers what a client met."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.losses: list[str] = []
        self.sends: list[tuple[str, str]] = []
        """(id, way) of each try."""
        self.unanswered: list[str] = []
        self.snapshots: list[str] = []
        self.resumes: list[str] = []
        self.shown: list[str] = []
        """The words of each message put on the screen, in the order of arrival."""

    def sent(self, command: Command, way: str) -> None:
        self.sends.append((command.id, way))

    def not_known(self, command: Command, reason: str) -> None:
        self.unanswered.append(reason)

    def linked(self, transport: str) -> None:
        self.links.append(transport)

    def unlinked(self, transport: str, reason: str) -> None:
        self.losses.append(reason)

    def snapshot(self, topic: str, rows: list[tuple[str, str, int, Row]], more: bool) -> None:
        self.snapshots.append(topic)

    def resumed(self, topic: str) -> None:
        self.resumes.append(topic)

    def put(self, topic: str, kind: str, key: str, rev: int, row: Row) -> None:
        if kind == "message":
            self.shown.append(str(row["text"]))


class Desk:
    """The running server and how to come to it, by itself or through a proxy."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.url
        self._seed = 0
        self._cookies: dict[str, dict[str, str]] = {}

    def visitor(self, url: str | None = None, **more: Any) -> Visitor:
        return Visitor(url or self.url, SITE, **{"rng": self._rng(), "timing": QUICK, **more})

    def staff(self, email: str = LINFANG, url: str | None = None, **more: Any) -> Staff:
        """Origin is the server's own also where the way leads through a proxy. Each person signs in once, since
        sign-ins are limited; all windows share the cookie, as those of a browser do."""
        given = {
            "cookies": self.cookies(email),
            "rng": self._rng(),
            "timing": QUICK,
            "origin": self.url,
            **more,
        }
        return Staff(url or self.url, email, PASSWORD, **given)

    def cookies(self, email: str) -> dict[str, str]:
        if email not in self._cookies:
            answer = httpx.post(
                f"{self.url}/api/v1/session",
                json={"email": email, "password": PASSWORD},
                headers={"Origin": self.url},
                trust_env=False,
            )
            assert answer.status_code == 200, answer.text
            self._cookies[email] = dict(answer.cookies)
        return self._cookies[email]

    def _rng(self) -> random.Random:
        self._seed += 1
        return random.Random(self._seed)


def texts(rows: Sequence[Row]) -> list[str]:
    """The words of messages people wrote, in the order given."""
    return [str(row["text"]) for row in rows if row["kind"] == "text"]


async def begun(client: Visitor | Staff, topic: str = "chat") -> None:
    """Until the first snapshot of the topic."""
    await client.until(lambda: client.replicas[topic].cursor is not None, SOON)


async def kept(desk: Desk, visitor: Visitor) -> list[str]:
    """What the server has of this visitor's chat, asked directly and anew: no replica, no proxy, no old connection."""
    async with httpx.AsyncClient(base_url=desk.url, trust_env=False, timeout=SOON) as client:
        answer = await client.post("/w/v1/history", json={"token": visitor.token, "limit": 100})
    assert answer.status_code == 200, answer.text
    return texts([row for _, _, _, row in answer.json()["rows"]])


async def hold(agent: Staff, conversation: str) -> None:
    """Until the agent has the conversation: by assignment, or by taking it."""
    await agent.until(lambda: conversation in agent.inbox(), SOON)
    if not has(agent, conversation):
        await agent.take(conversation)
    await agent.until(lambda: has(agent, conversation), SOON)


def has(agent: Staff, conversation: str) -> bool:
    return bool((agent.inbox()[conversation]["assignee"] or {}).get("key") == agent.me["key"])
