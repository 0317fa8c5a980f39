"""The shop's page with the widget, as a visitor uses it."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.words import Words


class Widget:
    def __init__(self, page: Page, say: Words) -> None:
        self.page = page
        self.say = say

    @property
    def launcher(self) -> Locator:
        """Closed; unread messages stand in its name."""
        return self.page.get_by_role("button", name=re.compile("^" + re.escape(self.say.launcher())))

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def box(self) -> Locator:
        return self.panel.get_by_role("textbox", name=self.say("widget.placeholder"))

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log", name=self.say("widget.log"))

    @property
    def dots(self) -> Locator:
        """The agent is typing."""
        return self.panel.get_by_role("img", name=self.say("widget.typing"))

    async def go(self) -> None:
        await self.page.goto("/demo/" if self.say.locale == "zh-CN" else "/demo/?lang=en")

    async def open(self) -> None:
        await self.launcher.click()
        await expect(self.box).to_be_visible()

    async def minimise(self) -> None:
        await self.panel.get_by_role("button", name=self.say("widget.minimise")).click()
        await expect(self.panel).to_be_hidden()

    async def send(self, text: str) -> None:
        """Written and sent; on its way, not yet there."""
        await self.box.fill(text)
        await self.box.press("Enter")
        await self.sees(text)

    async def sees(self, text: str) -> None:
        await expect(self.message(text)).to_be_visible()

    def message(self, text: str) -> Locator:
        """Those who cannot see on which side a bubble stands are told: one's own begin with a word for it."""
        whole = f"^({self.say('widget.you')} )?{re.escape(text)}$"
        return self.log.get_by_text(re.compile(whole))

    def mark(self, word: str) -> Locator:
        """The state under one's own last bubble."""
        return self.log.get_by_text(self.say(f"widget.{word}"), exact=True)
