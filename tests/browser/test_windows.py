"""More than one window, and more than one agent: each sees what is true."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Locator, expect

from tests.browser.desk import HEJING, LINFANG, NAMES, SOON, Desk, talking


async def test_what_is_read_in_one_window_is_read_in_the_other(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "底片能给我吗？")
    await agent.answer("可以，修好一起给您。")
    await expect(agent.page).to_have_title(agent.say("shell.brand"))
    other = await desk.window(agent.page.context)
    await agent.page.goto("/conversations")
    await visitor.send("谢谢，什么时候能好？")
    for window in (agent, other):
        await expect(window.page).to_have_title(f"(1) {window.say('shell.brand')}")
    await other.open("谢谢，什么时候能好？")
    for window in (agent, other):
        await expect(window.page).to_have_title(window.say("shell.brand"))
    await expect(agent.row("谢谢，什么时候能好？")).not_to_contain_text(
        agent.say("conversations.list.unread", n=1)
    )
    # And what is said in one stands in the other.
    await other.answer("下周三。")
    await agent.open("下周三。")
    await agent.sees("下周三。")


async def test_what_was_read_in_the_queue_is_read_once_it_is_taken(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await visitor.send("有停车位吗？")
    await agent.open("有停车位吗？")
    await agent.sees("有停车位吗？")
    # Longer than it takes to count as looked at.
    await agent.page.evaluate("new Promise((resume) => setTimeout(resume, 800))")
    await agent.act("take")
    await expect(agent.box).to_be_visible()
    await expect(visitor.mark("read")).to_be_visible()
    await expect(agent.page).to_have_title(agent.say("shell.brand"))


async def test_take_close_and_reopen(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await visitor.send("想订一本相册")
    await agent.open("想订一本相册")
    thread = agent.page.get_by_role(
        "region", name=re.compile(agent.say("conversations.thread.with", name=".*"))
    )
    await expect(thread).to_contain_text(agent.say("conversations.thread.take_first"))
    await agent.act("take")
    await expect(agent.log).to_contain_text(agent.say("conversations.event.agent_joined", name="林芳"))
    await expect(visitor.panel).to_have_accessible_name("林芳")
    await expect(visitor.panel).to_contain_text(visitor.say("widget.status_active"))
    await agent.act("close")
    await expect(thread).to_contain_text(agent.say("conversations.thread.shut"))
    await expect(agent.box).to_have_count(0)
    await expect(visitor.panel).to_contain_text(visitor.say("widget.status_closed"))
    await agent.act("reopen")
    await agent.answer("相册有两种，您要哪一种？")
    await visitor.sees("相册有两种，您要哪一种？")
    # The visitor ends it, and writes on.
    await visitor.panel.get_by_role("button", name=visitor.say("widget.end"), exact=True).click()
    question = visitor.panel.get_by_role("group", name=visitor.say("widget.end_question"))
    await question.get_by_role("button", name=visitor.say("widget.end_yes")).click()
    await expect(thread).to_contain_text(agent.say("conversations.thread.shut"))
    await expect(agent.log).to_contain_text(agent.say("conversations.reason.visitor"))
    await visitor.send("还有一句")
    await agent.sees("还有一句")


async def test_two_agents_reach_for_the_same_conversation(desk: Desk) -> None:
    visitor = await desk.visitor()
    first, second = await desk.agent(), await desk.agent(HEJING)
    await visitor.send("谁来接我？")
    for agent in (first, second):
        await agent.open("谁来接我？")
    take = second.say("conversations.action.take")
    # The second one's screen stands still for a moment: it still offers what is already gone.
    button = second.page.get_by_role("button", name=take, exact=True)
    await second.page.context.set_offline(True)
    await first.act("take")
    await expect(first.box).to_be_visible()
    await second.page.context.set_offline(False)
    held = second.say("conversations.thread.held_by", name=NAMES[LINFANG])
    await expect(second.page.get_by_text(held)).to_be_visible()
    await expect(button).to_have_count(0)
    await first.answer("我来。")
    await second.sees("我来。")
    await visitor.sees("我来。")


async def test_both_press_take_at_once(desk: Desk) -> None:
    """Whoever has it in the end, all three screens name the same."""
    visitor = await desk.visitor()
    agents = [await desk.agent(), await desk.agent(HEJING)]
    await visitor.send("同时接会怎样？")
    for agent in agents:
        await agent.open("同时接会怎样？")
    # Not by a locator, which would wait where the button is already gone.
    script = (
        "(name) => [...document.querySelectorAll('button')].find((one) => one.innerText === name)?.click()"
    )
    take = agents[0].say("conversations.action.take")
    await asyncio.gather(*(agent.page.evaluate(script, take) for agent in agents))

    async def joined(log: Locator) -> list[str]:
        return re.findall("(林芳|何静) (?:接入会话|为您服务)", await log.inner_text())

    async with asyncio.timeout(SOON / 1000):
        screens: list[list[str]] = []
        while not screens or not screens[0] or any(screen != screens[0] for screen in screens):
            screens = [await joined(log) for log in (visitor.log, agents[0].log, agents[1].log)]
    holder = screens[0][-1]
    await expect(visitor.panel).to_have_accessible_name(holder)
    for agent, name in zip(agents, ("林芳", "何静"), strict=True):
        held = agent.page.get_by_text(agent.say("conversations.thread.held_by", name=holder))
        await expect(held).to_have_count(0 if name == holder else 1)
