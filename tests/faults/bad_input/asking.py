"""Asking wrongly from outside, and seeing that nothing came of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from tests.faults.people import SOON, Desk
from tests.stranger import Visitor
from tests.stranger.wire import Json

LANGUAGES = ("zh-CN", "en")
PROTOCOL = Path(__file__).resolve().parents[3] / "docs" / "protocol.md"
DOCUMENTED = set(re.findall(r"`([a-z_]+)`", PROTOCOL.read_text(encoding="utf-8").split("## 6 Problems")[1]))
"""Every code section 6 names, and a few words more."""
HAN = re.compile("[\u4e00-\u9fff]")
FRAME_LIMIT = 64 * 1024


def plain(desk: Desk, **more: Any) -> httpx.AsyncClient:
    """A client that sends what it is told to and keeps no rule."""
    return httpx.AsyncClient(base_url=desk.url, timeout=SOON, trust_env=False, **more)


async def post(desk: Desk, path: str, body: Any, **headers: str) -> httpx.Response:
    """`body` as JSON, unless it is bytes already."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with plain(desk) as client:
        return await client.post(
            path, content=content, headers={"Content-Type": "application/json", **headers}
        )


def refused(answer: httpx.Response | Json, status: int, code: str, language: str | None = None) -> Json:
    """Checks that it is a problem document as section 6 has it; answers the problem."""
    if isinstance(answer, httpx.Response):
        assert answer.status_code == status, f"{answer.status_code}: {answer.text[:300]}"
        assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
        problem: Json = answer.json()
    else:
        problem = answer
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert code in DOCUMENTED, f"docs/protocol.md section 6 does not name {code}"
    assert problem["type"] == f"urn:yingke:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    if language is not None:
        words = problem["title"] + problem["detail"]
        assert bool(HAN.search(words)) == (language == "zh-CN"), f"not in {language}: {words}"
        assert "{" not in words, f"a place for a value was left empty: {words}"
    return problem


@asynccontextmanager
async def nothing_done(desk: Desk, visitor: Visitor) -> AsyncIterator[None]:
    """What is inside leaves the visitor's chat and the staff's lists as they were."""
    before = await everything(desk, visitor)
    yield
    assert await everything(desk, visitor) == before


async def everything(desk: Desk, visitor: Visitor) -> Json:
    """What people did, as new clients see it: messages and marks on the visitor's side and the staff's.

    Left out is what the desk does by itself meanwhile: assigning a conversation, and the event that says so.
    """
    async with desk.visitor(token=visitor.token) as fresh, desk.staff() as staff:
        await fresh.until(lambda: fresh.replicas["chat"].begun, SOON)
        await staff.until(lambda: staff.replicas["inbox"].begun, SOON)
        conversations = fresh.replicas["chat"].of("conversation")
        inbox = staff.inbox()
        return {
            "said": [
                (row["no"], row["id"], row["text"], row["at"])
                for row in fresh.messages()
                if row["kind"] == "text"
            ],
            "marks": {key: [row[name] for name in MARKS] for key, row in conversations.items()},
            "inbox": {
                key: [inbox[key][name] for name in STAFF_MARKS] for key in conversations if key in inbox
            },
        }


MARKS = ("no", "delivered", "read", "unread", "closed_at")
STAFF_MARKS = ("customer", "unread", "waiting_since", "customer_delivered", "customer_read")


class Raw:
    """A WebSocket one says anything to."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say(self, frame: Json | str | bytes) -> None:
        await self._connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def hear(self, *kinds: str) -> Json:
        """The next frame of one of these kinds."""
        while True:
            frame: Json = json.loads(await self._receive())
            if frame["t"] in kinds:
                return frame

    async def outcome(self, *kinds: str) -> Json | int:
        """The next frame of one of these kinds, or the code the server closes with instead."""
        try:
            return await self.hear(*kinds)
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006  # cut without a close frame

    async def close_code(self) -> int:
        """Reads until the server closes."""
        code = await self.outcome()
        assert isinstance(code, int)
        return code

    async def _receive(self) -> str | bytes:
        async with asyncio.timeout(15):
            return await self._connection.recv()


@asynccontextmanager
async def socket(desk: Desk, path: str = "/w/v1/live", **more: Any) -> AsyncIterator[Raw]:
    address = desk.url.replace("http", "ws", 1) + path
    options: dict[str, Any] = {
        "proxy": None,
        "compression": None,
        "max_size": None,
        "close_timeout": 1,
        **more,
    }
    async with websockets.connect(address, **options) as connection:
        yield Raw(connection)


@asynccontextmanager
async def visitor_socket(desk: Desk, token: str | None, locale: str = "zh-CN") -> AsyncIterator[Raw]:
    """One that has said its hello properly."""
    async with socket(desk) as raw:
        await raw.say({"t": "hello", "v": 1, "token": token, "locale": locale})
        await raw.hear("hello")
        yield raw
