"""The same person in more than one window: one history, one order, one truth about marks."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.people import LINFANG, SOON, Desk, begun, hold, kept, texts
from tests.stranger import Visitor
from tests.stranger.links import Socket

MOST = 10
"""Connections of one visitor (section 7, 4409)."""


@pytest.mark.parametrize("second", ["websocket", "sse", "poll"])
async def test_a_visitor_in_two_tabs(desk: Desk, second: str) -> None:
    """Both write at once; both show all of it, in the same order, each message once."""
    async with desk.visitor() as one:
        await begun(one)
        async with desk.visitor(token=one.token, transports=(second,)) as other:
            await begun(other)
            assert other.session["visitor"] == one.session["visitor"]
            async with asyncio.timeout(2 * SOON):
                await asyncio.gather(
                    *(one.send(f"甲{i}") for i in range(10)), *(other.send(f"乙{i}") for i in range(10))
                )
            for window in (one, other):
                await window.until(lambda window=window: len(texts(window.messages())) == 20, SOON)  # type: ignore[misc]
            order = texts(one.messages())
            assert texts(other.messages()) == order == await kept(desk, one)
            assert [text for text in order if text.startswith("甲")] == [f"甲{i}" for i in range(10)]
            assert [text for text in order if text.startswith("乙")] == [f"乙{i}" for i in range(10)]


async def test_a_mark_set_in_one_tab_is_seen_in_the_other(desk: Desk) -> None:
    async with desk.visitor() as one, desk.staff(LINFANG) as agent:
        conversation = (await one.send("在吗？"))["conversation"]
        await hold(agent, conversation)
        await agent.send(conversation, "在的")
        await one.until(lambda: texts(one.messages()) == ["在吗？", "在的"], SOON)
        last = one.messages()[-1]["seq"]
        async with desk.visitor(token=one.token) as other:
            await other.until(lambda: other.conversation() is not None, SOON)
            assert (row := other.conversation())
            assert row["read"] < last
            assert row["unread"] == 1
            await one.mark(conversation, read=last)
            await other.until(lambda: mark(other) == (last, 0), SOON)
            assert (await one.mark(conversation, read=last - 1))["read"] == last, "marks only grow"
            assert (await other.mark(conversation, delivered=last))["read"] == last
            await agent.until(lambda: agent.inbox()[conversation]["customer_read"] > 0, SOON)


def mark(visitor: Visitor) -> tuple[int, int]:
    row = visitor.conversation()
    return (row["read"], row["unread"]) if row else (-1, -1)


async def test_the_eleventh_connection_ends_the_oldest(desk: Desk) -> None:
    async with desk.visitor() as first:
        await begun(first)
        sockets = await asyncio.gather(*(open_another(desk, first) for _ in range(MOST)))
        try:
            await first.until(lambda: first.stopped is not None, SOON)
            assert "10 connections" in str(first.stopped)
        finally:
            await asyncio.gather(*(socket.close() for socket in sockets))


async def open_another(desk: Desk, first: Visitor) -> Socket:
    visitor = desk.visitor(token=first.token)
    await visitor.door.enter()
    try:
        return await Socket.open(visitor.door)
    finally:
        await visitor.door.http.aclose()


async def test_a_second_window_of_an_agent(desk: Desk) -> None:
    """What is done in one window shows in the other: take, answer, note, read mark, intent, close."""
    async with desk.visitor() as visitor, desk.staff(LINFANG) as one, desk.staff(LINFANG) as other:
        answer = await visitor.send("请问几点开门？")
        conversation = answer["conversation"]
        for window in (one, other):
            await window.until(lambda window=window: conversation in window.inbox(), SOON)  # type: ignore[misc]
            window.open(conversation)
            await begun(window, f"thread/{conversation}")
        await hold(one, conversation)
        async with asyncio.timeout(2 * SOON):
            await asyncio.gather(one.send(conversation, "九点"), other.send(conversation, "周末十点"))
        note = await other.note(conversation, "老客户")
        await other.mark(conversation, read=note["seq"])
        for window in (one, other):
            await window.until(
                lambda window=window: "老客户" in [row["text"] for row in window.messages(conversation)],  # type: ignore[misc]
                SOON,
            )
            await window.until(lambda window=window: window.inbox()[conversation]["unread"] == 0, SOON)  # type: ignore[misc]
        assert (
            texts(one.messages(conversation))
            == texts(other.messages(conversation))
            == await kept(desk, visitor)
        )
        await one.set_intent("busy")
        await other.until(lambda: intent(other.replicas["me"].of("me")) == "busy", SOON)
        await one.close_conversation(conversation)
        await other.until(lambda: conversation not in other.inbox(), SOON)


def intent(rows: dict[str, dict[str, object]]) -> object:
    return next(iter(rows.values()))["intent"] if rows else None
