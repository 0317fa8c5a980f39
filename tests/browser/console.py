"""The console as an agent uses it."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.words import Words


class Console:
    def __init__(self, page: Page, say: Words, *, touch: bool = False) -> None:
        self.page = page
        self.say = say
        self._touch = touch

    async def go(self, path: str = "/") -> None:
        await self.page.goto(path)
        await expect(self.page.get_by_role("navigation", name=self.say("shell.rooms"))).to_be_visible()

    # --- list --------------------------------------------------------------------------------------------------------

    @property
    def list(self) -> Locator:
        return self.page.get_by_role("listbox", name=self.say("conversations.list.title"))

    def row(self, text: str) -> Locator:
        """The conversation whose last words are these."""
        return self.list.get_by_role("option").filter(has_text=text)

    # --- thread ------------------------------------------------------------------------------------------------------

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name=self.say("conversations.thread.log"))

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name=self.say("conversations.reply.field"))

    @property
    def note_box(self) -> Locator:
        return self.page.get_by_role("textbox", name=self.say("conversations.note.field"))

    def message(self, text: str) -> Locator:
        return self.log.get_by_role("article").filter(has=self.page.get_by_text(text, exact=True))

    async def open(self, text: str) -> None:
        await self.row(text).click()
        await expect(self.log).to_be_visible()

    async def take(self, text: str) -> None:
        await self.open(text)
        await self.act("take")
        await expect(self.box).to_be_visible()

    async def act(self, action: str) -> None:
        """take, close or reopen."""
        await self.page.get_by_role(
            "button", name=self.say(f"conversations.action.{action}"), exact=True
        ).click()

    async def answer(self, text: str) -> None:
        await self.box.fill(text)
        await self.send("reply")
        await self.sees(text)

    async def send(self, mode: str) -> None:
        """By Enter, or by the button where there may be no other way: Enter breaks the line on a touch screen."""
        if self._touch:
            await self.page.get_by_role(
                "button", name=self.say(f"conversations.{mode}.action"), exact=True
            ).click()
        else:
            await (self.box if mode == "reply" else self.note_box).press("Enter")

    async def mode(self, mode: str) -> None:
        """reply or note."""
        await self.page.get_by_role("tab", name=self.say(f"conversations.{mode}.tab"), exact=True).click()

    async def note(self, text: str) -> None:
        await self.mode("note")
        await self.note_box.fill(text)
        await self.send("note")
        await self.sees(text)
        await self.mode("reply")

    async def sees(self, text: str) -> None:
        await expect(self.message(text)).to_be_visible()

    # --- oneself -----------------------------------------------------------------------------------------------------

    async def menu(self) -> Locator:
        """One's own menu, open."""
        await self.page.get_by_role("button", name=re.compile("^" + self.say("shell.me") + ":")).click()
        menu = self.page.get_by_role("dialog", name=self.say("shell.me"))
        await expect(menu).to_be_visible()
        return menu
