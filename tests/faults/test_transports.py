"""Proxies that do not let everything through: the next transport takes over, and the better one when it can."""

from __future__ import annotations

import asyncio

from tests.faults.people import LINFANG, QUICK, SOON, Desk, Diary, hold, kept, texts
from tests.stranger import Timing
from tests.support.proxy import BufferEvents, Fault, Proxy, StripUpgrade
from tests.support.server import Server

PATIENT = 3 * SOON


async def talk(desk: Desk, proxy: Proxy, transport: str) -> None:
    """Visitor and agent behind the same proxy come to the same transport and hear each other."""
    seen, heard = Diary(), Diary()
    async with (
        desk.visitor(proxy.url, listener=seen) as visitor,
        desk.staff(LINFANG, proxy.url, listener=heard) as agent,
    ):
        async with asyncio.timeout(PATIENT):
            conversation = (await visitor.send("在吗？"))["conversation"]
        await visitor.until(lambda: visitor.transport == transport, PATIENT)
        await agent.until(lambda: agent.transport == transport, PATIENT)
        await agent.until(lambda: conversation in agent.inbox(), PATIENT)
        agent.open(conversation)
        await agent.until(lambda: texts(agent.messages(conversation)) == ["在吗？"], PATIENT)
        await hold(agent, conversation)
        await agent.send(conversation, "在的")
        await visitor.until(lambda: texts(visitor.messages()) == ["在吗？", "在的"], PATIENT)
        await visitor.send("谢谢")
        await agent.until(lambda: len(texts(agent.messages(conversation))) == 3, PATIENT)
        assert texts(agent.messages(conversation)) == ["在吗？", "在的", "谢谢"] == await kept(desk, visitor)
    assert "websocket" not in seen.links + heard.links, (
        "the proxy let the WebSocket through: this proved nothing"
    )
    assert {way for _, way in seen.sends + heard.sends} == {"http"}


async def test_a_proxy_that_strips_upgrade(desk: Desk) -> None:
    async with Proxy(desk.server.port, StripUpgrade) as proxy:
        await talk(desk, proxy, "sse")


async def test_a_proxy_that_buffers_events_as_well(desk: Desk) -> None:
    async with Proxy(desk.server.port, BufferEvents) as proxy:
        await talk(desk, proxy, "poll")


async def test_the_better_transport_again(desk: Desk) -> None:
    """After five minutes (here one second) the WebSocket is tried again, and kept if it works."""
    faults: list[type[Fault]] = [StripUpgrade]
    timing = Timing(hello=2.0, hello_sse=2.0, back_off=0.1, back_off_most=0.5, better=1.0)
    diary = Diary()
    async with (
        Proxy(desk.server.port, lambda: faults[0]()) as proxy,
        desk.visitor(proxy.url, listener=diary, timing=timing) as visitor,
    ):
        await visitor.until(lambda: visitor.transport == "sse", PATIENT)
        faults[0] = Fault
        await visitor.until(lambda: visitor.transport == "websocket", PATIENT)
        await visitor.send("在吗？")
        await visitor.until(lambda: texts(visitor.messages()) == ["在吗？"], SOON)
        assert len(diary.snapshots) == 1, "changing the transport needs no new snapshot"


async def test_a_server_that_restarts_condemns_no_transport(own_server: Server) -> None:
    """Stopped in good order it says 1001 or 1012; while it is away every way fails; then the WebSocket again."""
    desk, diary = Desk(own_server), Diary()
    async with desk.visitor(listener=diary, timing=QUICK) as visitor:
        await visitor.send("之前")
        await asyncio.to_thread(own_server.stop)
        await visitor.until(lambda: visitor.transport is None, SOON)
        sending = asyncio.ensure_future(visitor.send("当中"))
        await asyncio.to_thread(own_server.start)
        async with asyncio.timeout(PATIENT):
            await sending
        await visitor.until(lambda: visitor.transport == "websocket", PATIENT)
        await visitor.until(lambda: texts(visitor.messages()) == ["之前", "当中"], SOON)
        assert set(diary.links) == {"websocket"}
        assert "1001" in diary.losses[0] or "1012" in diary.losses[0], diary.losses
        assert len(diary.snapshots) == 1
