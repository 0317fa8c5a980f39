"""At the width of a phone: panes become pages, nothing scrolls sideways, fingers find what they aim at."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.desk import LINFANG, PASSWORD, PHONE, Desk
from tests.browser.tour import Tour

SMALL = """
() => {
  const found = new Set()
  const within = 'a[href], button, input, select, textarea, [role=tab], [role=option], [role=radio], [role=checkbox]'
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) walk(element.shadowRoot)
      const shown = element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
      if (!shown || !element.matches(within)) continue
      // A link within a sentence is as high as its line; a box is hit by its label.
      if (element.matches('p a')) continue
      const { width, height } = (element.closest('label') ?? element).getBoundingClientRect()
      const name = element.getAttribute('aria-label') ?? element.textContent.trim()
      const size = [width, height].map(Math.round)
      if (Math.min(...size) < 44) found.add(`${element.tagName.toLowerCase()} ${name.slice(0, 24)}: ${size.join('×')}`)
    }
  }
  walk(document)
  return [...found]
}
"""
SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth || window.innerWidth > screen.width"


class Ruler:
    """Measures every state. The shop's page is the shop's own affair: there only the widget counts."""

    def __init__(self) -> None:
        self.small: dict[str, set[str]] = {}
        self.sideways: list[str] = []

    async def look(self, state: str, page: Page) -> None:
        if await page.evaluate(SIDEWAYS):
            self.sideways.append(state)
        script = SMALL
        if state.startswith(("shop", "widget")):
            script = SMALL.replace(
                "walk(document)", "walk(document.querySelector('yingke-widget').shadowRoot)"
            )
        for one in await page.evaluate(script):
            self.small.setdefault(one, set()).add(state)


async def test_nothing_scrolls_sideways_and_every_target_is_large_enough(desk: Desk) -> None:
    ruler = Ruler()
    await Tour(desk, ruler.look, phone=True).walk()
    assert not ruler.sideways
    assert not ruler.small, "\n".join(
        f"{one}  in: {', '.join(sorted(at))}" for one, at in ruler.small.items()
    )


async def test_an_agent_on_the_way(desk: Desk) -> None:
    """Sign in, list, thread, details and back, answer."""
    visitor = await desk.visitor()
    await visitor.send("今天还能取件吗？")
    agent = await desk.agent(phone=True)
    page, say = agent.page, agent.say
    await expect(agent.log).to_have_count(0)
    await agent.row("今天还能取件吗？").tap()
    await expect(agent.list).to_have_count(0)
    await page.get_by_role("button", name=say("conversations.action.take"), exact=True).tap()
    await agent.answer("可以，六点半前都在。")
    await visitor.sees("可以，六点半前都在。")
    await page.get_by_role("button", name=say("conversations.thread.context")).tap()
    context = page.get_by_role("complementary", name=say("conversations.context.title"))
    await expect(context).to_contain_text("拾光影像馆")
    box = await context.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    await context.get_by_role("button", name=say("shell.close")).tap()
    await expect(context).to_have_count(0)
    await page.get_by_role("button", name=say("conversations.thread.back")).tap()
    await expect(agent.row("可以，六点半前都在。")).to_be_visible()
    await page.go_back()  # the phone's own way back
    await expect(agent.log).to_be_visible()


async def test_signing_in_by_touch(desk: Desk) -> None:
    page = await (await desk.context(phone=True)).new_page()
    say = Tour(desk, Ruler().look).say
    await page.goto("/")
    await page.get_by_role("textbox", name=say("shell.sign_in.email")).fill(LINFANG)
    await page.get_by_role("textbox", name=say("shell.sign_in.password")).fill(PASSWORD)
    await page.get_by_role("button", name=say("shell.sign_in.action")).tap()
    await expect(page.get_by_role("navigation", name=say("shell.rooms"))).to_be_visible()


async def test_the_widget_is_a_sheet_over_the_whole_phone(desk: Desk) -> None:
    visitor = await desk.visitor(phone=True, opened=False)
    await visitor.page.evaluate("scrollTo(0, 300)")
    await visitor.launcher.tap()
    await expect(visitor.panel).to_be_visible()
    box = await visitor.panel.bounding_box()
    assert box == {"x": 0, "y": 0, **PHONE}
    await expect(visitor.page.get_by_role("button", name=visitor.say("widget.minimise"))).to_have_count(1)
    await visitor.box.fill("周末人多吗？")
    await visitor.panel.get_by_role("button", name=visitor.say("widget.send"), exact=True).tap()
    await visitor.sees("周末人多吗？")
    await expect(visitor.mark("sent")).to_be_visible()
    await visitor.panel.get_by_role("button", name=visitor.say("widget.minimise")).tap()
    await expect(visitor.launcher).to_be_visible()
    assert await visitor.page.evaluate("scrollY") == 300, "the page has not moved meanwhile"
