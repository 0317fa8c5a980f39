"""Chinese and English: each screen speaks one of them, in words and not in keys of the catalogue."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Desk
from tests.browser.tour import Tour
from tests.browser.words import Words

KEY = re.compile(r"\b[a-z][a-z_]*(\.[a-z][a-z_]*)+\b|[{}]|\bundefined\b|\bnull\b|\bNaN\b|\[object")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")

DATA = [
    # What the demo's people and site are called, and what the site says, is in the language of the shop.
    r"林芳|何静|周明|陈立|售前|拾光影像馆|你好，这里是.*|请勿在对话中.*|访客 [0-9A-F]{4}",
    r"\S+@demo\.example|zzzz",
    # What is the same in both: a language in its own name, keys of the keyboard, the logo.
    r"简体中文|English|Enter|Ctrl|Shift|Esc|Backspace|迎|中文",
    r"基础套系.*|全家福.*|老客户，.*",
    r"^.$",  # the first letter of a name, in its place
    r"e\.g\.",
]
KNOWN = re.compile("|".join(DATA))

ALL_TEXT = """
() => {
  const said = new Set()
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) walk(element.shadowRoot)
      if (['SCRIPT', 'STYLE'].includes(element.tagName) || !shown(element)) continue
      for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description'])
        if (element.getAttribute(name)) said.add(element.getAttribute(name))
      for (const node of element.childNodes) if (node.nodeType === 3 && node.data.trim()) said.add(node.data.trim())
    }
  }
  walk(document)
  said.add(document.title)
  return [...said]
}
"""


class Reader:
    """Collects what stands where it should not."""

    def __init__(self, locale: str) -> None:
        self.wrong: dict[str, set[str]] = {}
        self._foreign = LATIN if locale == "zh-CN" else CHINESE
        self._locale = locale

    async def look(self, state: str, page: Page) -> None:
        assert await page.evaluate("document.documentElement.lang") == self._locale, state
        for text in await page.evaluate(ALL_TEXT):
            rest = KNOWN.sub("", text)
            if KEY.search(rest) or self._foreign.search(rest):
                self.wrong.setdefault(text, set()).add(state)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_every_screen_speaks_one_language(desk: Desk, locale: str) -> None:
    reader = Reader(locale)
    await Tour(desk, reader.look, locale).walk()
    assert not reader.wrong


async def test_the_console_changes_its_language_without_a_reload(desk: Desk) -> None:
    agent = await desk.agent()
    await agent.page.evaluate("window.here = 'still'")
    chinese, english = Words("zh-CN"), Words("en")
    menu = await agent.menu()
    await menu.get_by_role("radio", name="English").click()
    await expect(agent.page.get_by_role("tab", name=english("conversations.tab.waiting"))).to_be_visible()
    await expect(agent.page.get_by_text(chinese("conversations.tab.waiting"))).to_have_count(0)
    await expect(agent.page).to_have_title(english("shell.brand"))
    assert await agent.page.evaluate("document.documentElement.lang") == "en"
    assert await agent.page.evaluate("window.here") == "still"
    # It stays: the next page, and the server's own words, are in English too.
    await agent.page.reload()
    await expect(agent.page.get_by_role("tab", name=english("conversations.tab.waiting"))).to_be_visible()
    menu = agent.page.get_by_role("dialog", name=english("shell.me"))
    await agent.page.get_by_role("button", name=re.compile("^" + english("shell.me") + ":")).click()
    await menu.get_by_role("radio", name="简体中文").click()
    await expect(agent.page.get_by_role("tab", name=chinese("conversations.tab.waiting"))).to_be_visible()
