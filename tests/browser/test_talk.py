"""A visitor and an agent talk, in Chinese."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.desk import Desk, talking


async def test_both_see_how_far_their_words_have_come(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await visitor.send("全家福要提前多久预约？")
    await expect(visitor.mark("sent")).to_be_visible()
    await agent.take("全家福要提前多久预约？")
    await expect(visitor.mark("read")).to_be_visible()
    await agent.answer("提前一天就好，周末建议提前三天。")
    await visitor.sees("提前一天就好，周末建议提前三天。")
    await expect(agent.message("提前一天就好，周末建议提前三天。")).to_contain_text(agent.say("conversations.state.read"))
