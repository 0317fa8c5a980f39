"""Where the network knows no WebSocket, and where it holds event streams back as well."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk
from tests.browser.line import Line
from tests.support.proxy import BufferEvents, Fault, StripUpgrade

SLOWLY = 40_000
"""Milliseconds until the last transport has had its turn: 3 sockets with waits between, 5 s for the event stream."""


@pytest.mark.parametrize(
    ("fault", "staff_way", "visitor_way"),
    [
        pytest.param(StripUpgrade, "/live/events?", "/w/v1/events?", id="event-stream"),
        pytest.param(BufferEvents, "/live/poll", "/w/v1/poll", id="long-poll"),
    ],
)
async def test_they_talk_without_a_socket(
    far_desk: Desk, line: Line, fault: type[Fault], staff_way: str, visitor_way: str
) -> None:
    await line.break_(fault)
    visitor, agent = await far_desk.visitor(), await far_desk.agent()
    await visitor.send("网络不好，能收到吗？")
    await expect(visitor.mark("sent")).to_be_visible(timeout=SLOWLY)
    await expect(agent.row("网络不好，能收到吗？")).to_be_visible(timeout=SLOWLY)
    await agent.take("网络不好，能收到吗？")
    await agent.answer("能收到。")
    await expect(visitor.message("能收到。")).to_be_visible(timeout=SLOWLY)
    await expect(visitor.panel.get_by_text(visitor.say("widget.offline"))).to_be_hidden()
    await visitor.send("好的")
    await agent.sees("好的")
    await expect(agent.message("能收到。")).to_contain_text(agent.say("conversations.state.read"))
    for way in (staff_way, visitor_way):
        assert any(way in url for url in far_desk.requests), f"nobody went by {way}"
