"""A connection that is dead and does not know it: a proxy stops forwarding and keeps the sockets open."""

from __future__ import annotations

import asyncio

from tests.faults.people import SOON, Desk, Diary, begun, kept, texts
from tests.stranger import Timing
from tests.support.proxy import Proxy

PINGING = Timing(
    ping=0.5, pong=1.0, answer=3.0, hello=2.0, hello_sse=2.0, silence=2.0, back_off=0.1, back_off_most=0.5
)


async def test_is_found_by_ping_and_left_by_cursor(desk: Desk) -> None:
    """What was said meanwhile comes once, in order, and without a new snapshot."""
    diary = Diary()
    async with (
        Proxy(desk.server.port) as proxy,
        desk.visitor(proxy.url, transports=("websocket",), timing=PINGING, listener=diary) as visitor,
    ):
        await visitor.send("一")
        await visitor.until(lambda: texts(visitor.messages()) == ["一"], SOON)
        snapshots = list(diary.snapshots)
        proxy.freeze()
        async with desk.visitor(token=visitor.token) as elsewhere:
            for text in ("二", "三"):
                await elsewhere.send(text)
        await visitor.until(lambda: visitor.transport is None, SOON)
        assert "silent" in diary.losses[0], diary.losses
        assert texts(visitor.messages()) == ["一"], "the proxy forwarded: this proved nothing"
        proxy.thaw_new()
        await visitor.until(lambda: len(texts(visitor.messages())) == 3, 2 * SOON)
        assert texts(visitor.messages()) == ["一", "二", "三"]
        assert diary.snapshots == snapshots, "came back by a snapshot, not by the cursor"
        assert diary.resumes == ["chat"]


async def test_a_send_into_it_is_repeated_and_kept_once(desk: Desk) -> None:
    diary = Diary()
    async with (
        Proxy(desk.server.port) as proxy,
        desk.visitor(proxy.url, transports=("websocket",), timing=PINGING, listener=diary) as visitor,
    ):
        await visitor.send("一")
        proxy.freeze()
        sending = asyncio.ensure_future(visitor.send("二"))
        await visitor.until(lambda: visitor.transport is None, SOON)
        assert not sending.done(), "the proxy forwarded: this proved nothing"
        proxy.thaw_new()
        async with asyncio.timeout(2 * SOON):
            answer = await sending
        assert len({id_ for id_, _ in diary.sends}) == 2
        assert len(diary.sends) >= 3, "sent before, and again after the loss"
        assert await kept(desk, visitor) == ["一", "二"]
        await visitor.until(lambda: texts(visitor.messages()) == ["一", "二"], SOON)
        assert visitor.messages()[-1]["seq"] == answer["seq"]


async def test_a_stream_of_events_that_falls_silent(desk: Desk) -> None:
    """The server keeps the line warm; 30 s (here 2) without a line mean: come back."""
    diary = Diary()
    async with (
        Proxy(desk.server.port) as proxy,
        desk.visitor(proxy.url, transports=("sse",), timing=PINGING, listener=diary) as visitor,
    ):
        await begun(visitor)
        proxy.freeze()
        await visitor.until(lambda: visitor.transport is None, SOON)
        proxy.thaw_new()
        async with desk.visitor(token=visitor.token) as elsewhere:
            await elsewhere.send("一")
        await visitor.until(lambda: texts(visitor.messages()) == ["一"], 2 * SOON)
        assert diary.links[:2] == ["sse", "sse"]
