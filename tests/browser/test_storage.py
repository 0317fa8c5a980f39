"""A browser that lends no storage: everything works for as long as the page lives, and who loses something is told."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.desk import Desk, talking

BLOCKED = """
for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
  Object.defineProperty(window, name, {
    get() { throw new DOMException(name + ' is blocked', 'SecurityError') },
  })
}
"""


async def test_without_storage_they_talk_all_the_same(desk: Desk) -> None:
    visitor = await desk.visitor(scripts=[BLOCKED])
    agent = await desk.agent(scripts=[BLOCKED])
    for page in (visitor.page, agent.page):
        assert (
            await page.evaluate("try { localStorage; 'lent' } catch (error) { error.name }")
            == "SecurityError"
        )
    told = agent.page.get_by_role("status").filter(has_text=agent.say("shell.offline.not_kept"))
    await expect(told).to_be_visible()
    await talking(visitor, agent, "我开了无痕模式")
    await agent.answer("没关系，照样聊。")
    await visitor.sees("没关系，照样聊。")
    await agent.note("访客不留痕迹")
    await visitor.send("那就好")
    await agent.sees("那就好")
    # What the console keeps in memory serves while one goes about in it.
    await agent.box.fill("还没写完")
    await agent.box.press("Escape")
    await agent.box.blur()
    await agent.page.keyboard.press("Escape")
    await agent.open("还没写完")
    await expect(agent.box).to_have_value("还没写完")
    menu = await agent.menu()
    await menu.get_by_role("radio", name=agent.say("shell.theme.dark"), exact=True).click()
    await expect(menu.get_by_role("radio", name=agent.say("shell.theme.dark"), exact=True)).to_be_checked()


async def test_with_storage_nobody_is_warned(desk: Desk) -> None:
    agent = await desk.agent()
    await expect(agent.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(agent.page.get_by_text(agent.say("shell.offline.not_kept"))).to_have_count(0)
