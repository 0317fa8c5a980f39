"""The network breaks, the page is reloaded, a tab is closed, the server is killed: nothing is lost or doubled."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.browser.console import Console
from tests.browser.desk import Desk, talking
from tests.browser.line import Line
from tests.browser.order import same_everywhere
from tests.browser.widget import Widget


async def write(who: Widget | Console, *texts: str) -> None:
    for text in texts:
        await who.box.fill(text)
        await who.box.press("Enter")


async def both_write(visitor: Widget, agent: Console, *numbers: int) -> list[str]:
    """At the same time; answers what they wrote."""
    asked, answered = [f"问{n:02}" for n in numbers], [f"答{n:02}" for n in numbers]
    await asyncio.gather(write(visitor, *asked), write(agent, *answered))
    return asked + answered


async def test_what_is_written_while_the_network_is_cut_arrives_once(far_desk: Desk, line: Line) -> None:
    visitor, agent = await far_desk.visitor(), await far_desk.agent()
    contexts = [visitor.page.context, agent.page.context]
    await talking(visitor, agent, "问01")
    wanted = ["问01", *await both_write(visitor, agent, 2, 3)]
    await line.break_()
    for context in contexts:
        await context.set_offline(True)
    wanted += await both_write(visitor, agent, 4, 5, 6)
    await expect(
        agent.page.get_by_role("status").filter(has_text=agent.say("shell.offline.text"))
    ).to_be_visible()
    await expect(
        visitor.panel.get_by_role("status").filter(has_text=visitor.say("widget.offline"))
    ).to_be_visible()
    await expect(agent.message("答06")).to_contain_text(agent.say("conversations.state.queued"))
    line.mend()
    for context in contexts:
        await context.set_offline(False)
    wanted += await both_write(visitor, agent, 7)
    order = await same_everywhere(visitor.log, agent.log, wanted=wanted)
    # A page that has seen none of it shows the same.
    await visitor.page.reload()
    await visitor.open()
    await agent.page.reload()
    assert await same_everywhere(visitor.log, agent.log, wanted=wanted) == order
    await expect(agent.page.get_by_text(agent.say("shell.offline.text"))).to_have_count(0)


async def test_pages_are_reloaded_while_messages_are_on_their_way(far_desk: Desk) -> None:
    visitor, agent = await far_desk.visitor(), await far_desk.agent()
    await talking(visitor, agent, "问01")
    wanted = ["问01", *await both_write(visitor, agent, 2, 3, 4, 5)]
    await asyncio.gather(visitor.page.reload(), agent.page.reload())
    await asyncio.gather(visitor.open(), expect(agent.box).to_be_visible())
    wanted += await both_write(visitor, agent, 6, 7)
    await same_everywhere(visitor.log, agent.log, wanted=wanted)


async def test_a_tab_closed_before_it_could_send_sends_when_it_is_opened_again(
    far_desk: Desk, line: Line
) -> None:
    visitor, agent = await far_desk.visitor(), await far_desk.agent()
    watcher = await far_desk.agent("hejing@demo.example")
    await talking(visitor, agent, "问01")
    await watcher.page.goto(agent.page.url)
    await line.break_()
    await both_write(visitor, agent, 2)
    await expect(visitor.mark("sending")).to_be_visible()
    await expect(agent.message("答02")).to_contain_text(agent.say("conversations.state.queued"))
    at_home, at_desk = visitor.page.context, agent.page.context
    await asyncio.gather(visitor.page.close(), agent.page.close())
    line.mend()
    await asyncio.gather(
        far_desk.tab(at_home, opened=False),  # the panel need not even be opened
        far_desk.window(at_desk),
    )
    await same_everywhere(watcher.log, wanted=["问01", "问02", "答02"])


async def test_the_server_is_killed_and_comes_back(far_desk: Desk, line: Line) -> None:
    visitor, agent = await far_desk.visitor(), await far_desk.agent()
    await talking(visitor, agent, "问01")
    wanted = ["问01", *await both_write(visitor, agent, 2)]
    await asyncio.to_thread(line.server.kill)
    wanted += await both_write(visitor, agent, 3, 4)
    await asyncio.to_thread(line.server.start)
    wanted += await both_write(visitor, agent, 5)
    await same_everywhere(visitor.log, agent.log, wanted=wanted)  # nobody has touched or reloaded anything
    await expect(agent.page.get_by_text(agent.say("shell.offline.text"))).to_have_count(0)
    await expect(visitor.panel.get_by_text(visitor.say("widget.offline"))).to_be_hidden()
