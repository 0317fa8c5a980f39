"""Without a pointer: everything an agent does all day is done by keys, and one sees where one is."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.desk import Desk, talking

FOCUS = """
() => {
  let element = document.activeElement
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  window.focused = element
  const { left, top, right, bottom } = element.getBoundingClientRect()
  const x = Math.max(0, left - 6)
  const y = Math.max(0, top - 6)
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent
  const name = label ?? element.textContent.trim().slice(0, 30)
  return {
    name: element === document.body ? '' : `${element.tagName} ${name}`,
    clip: { x, y, width: Math.min(innerWidth, right + 6) - x, height: Math.min(innerHeight, bottom + 6) - y },
  }
}
"""


async def seen_at(page: Page) -> str:
    """Where the focus is, '' for nowhere. It must look different there from how it looks without."""
    at = await page.evaluate(FOCUS)
    if at["name"]:
        focused = await page.screenshot(clip=at["clip"])
        await page.evaluate("window.focused.blur()")
        blurred = await page.screenshot(clip=at["clip"])
        await page.evaluate("window.focused.focus()")
        assert focused != blurred, f"one does not see that the focus is at {at['name']}"
    return str(at["name"])


async def tab_through(page: Page, most: int = 40) -> list[str]:
    """Tab until the focus comes back to where it began; answers what it passed."""
    passed: list[str] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        name = await seen_at(page)
        if not name or name in passed[:1]:
            break
        passed.append(name)
    return passed


async def test_the_list_is_walked_and_a_thread_opened_answered_and_left(desk: Desk) -> None:
    agent = await desk.agent()
    for text in ("第一位", "第二位", "第三位"):
        await (await desk.visitor()).send(text)
        await expect(agent.row(text)).to_be_visible()
    keys, page = agent.page.keyboard, agent.page
    await keys.press("j")
    await expect(agent.list).to_be_focused()
    await keys.press("j")
    await keys.press("j")
    await keys.press("k")
    await keys.press("ArrowUp")
    await keys.press("ArrowDown")
    cursor = await agent.list.get_attribute("aria-activedescendant")
    assert cursor == await agent.row("第二位").get_attribute("id")
    await keys.press("Enter")
    await expect(agent.row("第二位")).to_have_attribute("aria-selected", "true")
    take = page.get_by_role("button", name=agent.say("conversations.action.take"), exact=True)
    await take.focus()
    await keys.press("Enter")
    await expect(agent.box).to_be_visible()
    await keys.press("n")
    await expect(agent.note_box).to_be_focused()
    await keys.type("等他说完")
    await keys.press("Enter")
    await agent.sees("等他说完")
    await keys.press("Escape")
    await keys.press("r")
    await expect(agent.box).to_be_focused()
    await keys.type("您好，jk 两个字母也能写 ?")  # letters are letters while one writes
    await keys.press("Enter")
    await agent.sees("您好，jk 两个字母也能写 ?")
    await keys.press("Escape")
    await expect(agent.box).not_to_be_focused()
    context = page.get_by_role("complementary", name=agent.say("conversations.context.title"))
    await expect(context).to_be_visible()
    await keys.press("i")
    await expect(context).to_have_count(0)
    await keys.press("i")
    await expect(context).to_be_visible()
    await keys.press("Escape")
    await expect(page.get_by_text(agent.say("conversations.nothing_open.title"))).to_be_visible()
    await keys.press("4")
    everything = page.get_by_role("tab", name=agent.say("conversations.tab.all"))
    await expect(everything).to_have_attribute("aria-selected", "true")


async def test_the_palette_leads_everywhere(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "能上门拍吗？")
    other = await desk.visitor()
    await other.send("合影可以多少人？")
    await expect(agent.row("合影可以多少人？")).to_be_visible()
    keys, page = agent.page.keyboard, agent.page
    await agent.box.focus()  # it opens from within a text field too
    await keys.press("Control+k")
    palette = page.get_by_role("dialog", name=agent.say("shell.palette.title"))
    await expect(palette.get_by_role("combobox")).to_be_focused()
    await keys.type("合影")
    await expect(palette.get_by_role("option")).to_have_count(1)
    await keys.press("Enter")
    await expect(palette).to_have_count(0)
    await expect(agent.row("合影可以多少人？")).to_have_attribute("aria-selected", "true")
    await keys.press("Control+k")
    await keys.type(agent.say("shell.intent.busy"))
    await keys.press("ArrowDown")
    await keys.press("ArrowUp")
    await keys.press("Enter")
    me = f"{agent.say('shell.me')}: 林芳, {agent.say('shell.standing.busy')}"
    await expect(page.get_by_role("button", name=me)).to_be_visible()
    await keys.press("Control+k")
    await keys.press("Escape")
    await expect(palette).to_have_count(0)


async def test_the_keys_are_listed_and_each_is_what_it_says(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await visitor.send("有快捷键吗？")
    await expect(agent.row("有快捷键吗？")).to_be_visible()
    await agent.page.keyboard.press("?")
    keys = agent.page.get_by_role("dialog", name=agent.say("shell.keys.title"))
    for name in ("next", "previous", "open", "tabs", "back"):
        await expect(keys.get_by_text(agent.say(f"conversations.keys.{name}"), exact=True)).to_be_visible()
    await agent.page.keyboard.press("j")  # what lies over the page has the keyboard
    await expect(agent.list).not_to_be_focused()
    await agent.page.keyboard.press("Escape")
    await expect(keys).to_have_count(0)


async def test_the_focus_is_seen_and_goes_everywhere(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "焦点在哪里？")
    await agent.answer("哪里都看得见。")  # nobody waits, so that no seconds run while one looks
    await agent.page.reload()
    await expect(agent.box).to_be_visible()
    passed = " | ".join(await tab_through(agent.page))
    wanted = [
        "shell.me",
        "conversations.list.title",
        "conversations.action.close",
        "conversations.thread.context",
    ]
    for key in [*wanted, "conversations.thread.log", "conversations.reply.field"]:
        assert agent.say(key) in passed, f"{agent.say(key)!r} is not reached: {passed}"
    door = await (await desk.context()).new_page()
    await door.goto("/")
    await expect(door.get_by_role("button", name=agent.say("shell.sign_in.action"))).to_be_visible()
    assert len(await tab_through(door)) >= 4  # password, button, two languages


async def test_the_visitor_needs_no_pointer_either(desk: Desk) -> None:
    visitor = await desk.visitor(opened=False)
    await visitor.launcher.focus()
    keys = visitor.page.keyboard
    await keys.press("Enter")
    await expect(visitor.box).to_be_focused()
    await keys.type("只用键盘")
    await keys.press("Enter")
    await visitor.sees("只用键盘")
    await keys.press("Shift+Tab")
    assert await seen_at(visitor.page)
    await keys.press("Escape")
    await expect(visitor.panel).to_be_hidden()
    await expect(visitor.launcher).to_be_focused()
