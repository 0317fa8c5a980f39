"""A walk over every page and state, for those who look at all of them: what does it say, can everybody use it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from tests.browser.console import Console
from tests.browser.desk import ADMINISTRATOR, LINFANG, PASSWORD, Desk
from tests.browser.widget import Widget
from tests.browser.words import Words

Look = Callable[[str, Page], Awaitable[None]]
"""Called with the name of a state and the page that is in it."""


class Tour:
    """One person after the other, in one language and one kind of browser."""

    def __init__(
        self, desk: Desk, look: Look, locale: str = "zh-CN", *, dark: bool = False, phone: bool = False
    ) -> None:
        self.desk = desk
        self.look = look
        self.say = Words(locale)
        self._dark = dark
        self._phone = phone

    async def walk(self) -> None:
        await self.before_signing_in()
        visitor = await self.shop()
        agent = await self.sign_in(LINFANG)
        await self.chats(agent, visitor)
        await self.ended(agent, visitor)
        await self.people(await self.sign_in(ADMINISTRATOR))

    async def _page(self) -> Page:
        context = await self.desk.context(locale=self.say.locale, dark=self._dark, phone=self._phone)
        return await context.new_page()

    async def sign_in(self, who: str) -> Console:
        """By hand, since the language chosen at the door stays."""
        page = await self._page()
        await page.goto("/")
        say = self.say
        await page.get_by_role("button", name={"zh-CN": "简体中文", "en": "English"}[say.locale]).click()
        await page.get_by_role("textbox", name=say("shell.sign_in.email")).fill(who)
        await page.get_by_role("textbox", name=say("shell.sign_in.password")).fill(PASSWORD)
        await page.get_by_role("button", name=say("shell.sign_in.action")).click()
        await expect(page.get_by_role("navigation", name=say("shell.rooms"))).to_be_visible()
        return Console(page, say, touch=self._phone)

    async def before_signing_in(self) -> None:
        say, page = self.say, await self._page()
        await page.goto("/")
        await expect(page.get_by_role("heading", name=say("shell.sign_in.title"))).to_be_visible()
        await self.look("sign-in", page)
        await page.get_by_role("button", name=say("shell.sign_in.action")).click()
        await expect(page.get_by_text(say("shell.sign_in.email_missing"))).to_be_visible()
        await self.look("sign-in, nothing filled in", page)
        await page.get_by_role("textbox", name=say("shell.sign_in.email")).fill("nobody@demo.example")
        await page.get_by_role("textbox", name=say("shell.sign_in.password")).fill("wrong-password")
        await page.get_by_role("button", name=say("shell.sign_in.action")).click()
        await expect(page.get_by_text(say("shell.sign_in.refused"))).to_be_visible()
        await self.look("sign-in, refused", page)
        await page.goto("/setup#no-token-of-ours")
        await page.reload()
        await page.get_by_role("button", name=say("shell.set_up.action")).click()
        await expect(page.get_by_text(say("shell.set_up.name_missing"))).to_be_visible()
        await self.look("set-up, nothing filled in", page)

    async def shop(self) -> Widget:
        widget = Widget(await self._page(), self.say)
        await widget.go()
        await self.look("shop, widget closed", widget.page)
        await widget.open()
        await self.look("widget, before the first message", widget.page)
        await widget.send(
            "全家福多少钱一套？" if self.say.locale == "zh-CN" else "How much is a family portrait?"
        )
        await expect(widget.mark("sent")).to_be_visible()
        await self.look("widget, waiting", widget.page)
        return widget

    async def chats(self, agent: Console, visitor: Widget) -> None:
        say, page = self.say, agent.page
        await page.get_by_role("tab", name=say("conversations.tab.mine")).click()
        await expect(page.get_by_text(say("conversations.empty.mine.title"))).to_be_visible()
        await self.look("console, empty", page)
        await page.get_by_role("tab", name=say("conversations.tab.queue")).click()
        row = agent.list.get_by_role("option")
        await expect(row).to_have_count(1)
        await self.look("console, list", page)
        await row.click()
        await expect(page.get_by_text(say("conversations.thread.take_first"))).to_be_visible()
        await self.look("console, thread of somebody who waits", page)
        await agent.act("take")
        chinese = say.locale == "zh-CN"
        await agent.answer(
            "基础套系六百八，含二十张精修。" if chinese else "The basic set is 680, with 20 photos."
        )
        await agent.note("老客户，上次送过相框" if chinese else "Came before, we gave a frame")
        await expect(visitor.log).to_contain_text("680" if not chinese else "六百八")
        await visitor.box.press_sequentially("好" if chinese else "OK")
        await expect(page.get_by_role("status").filter(has_text=re.compile(".+"))).to_be_visible()
        await self.look("console, thread with a note, visitor typing", page)
        await agent.mode("note")
        await self.look("console, writing a note", page)
        await agent.mode("reply")
        await self.look("widget, talking", visitor.page)
        await visitor.panel.get_by_role("button", name=say("widget.emoji"), exact=True).click()
        await expect(visitor.panel.get_by_role("group", name=say("widget.emoji"))).to_be_visible()
        await self.look("widget, emoji", visitor.page)
        await visitor.page.keyboard.press("Escape")
        await self.over_the_page(agent)

    async def over_the_page(self, agent: Console) -> None:
        say, page = self.say, agent.page
        await agent.box.blur()
        await page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog", name=say("shell.palette.title"))
        await expect(palette.get_by_role("option")).not_to_have_count(0)
        await self.look("palette", page)
        await page.get_by_role("combobox").fill("zzzz")
        await expect(page.get_by_text(say("shell.palette.none"))).to_be_visible()
        await self.look("palette, nothing found", page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name=say("shell.keys.title"))).to_be_visible()
        await self.look("keys", page)
        await page.keyboard.press("Escape")
        if not self._phone:  # there the thread has the whole screen
            await agent.menu()
            await self.look("own menu", page)
            await page.keyboard.press("Escape")

    async def ended(self, agent: Console, visitor: Widget) -> None:
        say = self.say
        await visitor.panel.get_by_role("button", name=say("widget.end"), exact=True).click()
        question = visitor.panel.get_by_role("group", name=say("widget.end_question"))
        await expect(question).to_be_visible()
        await self.look("widget, asked whether to end", visitor.page)
        await question.get_by_role("button", name=say("widget.end_yes")).click()
        await expect(visitor.panel).to_contain_text(say("widget.status_closed"))
        await self.look("widget, ended", visitor.page)
        await expect(agent.page.get_by_text(say("conversations.thread.shut"))).to_be_visible()
        await self.look("console, thread that has ended", agent.page)
        await agent.page.goto("/conversations/no-such-conversation")
        await expect(agent.page.get_by_text(say("conversations.thread.denied.title"))).to_be_visible()
        await self.look("console, thread one may not see", agent.page)
        await agent.page.goto("/no/such/page")
        await expect(agent.page.get_by_text(say("shell.nowhere.text"))).to_be_visible()
        await self.look("no such page", agent.page)
        await agent.page.goto("/people")
        await expect(agent.page.get_by_text(say("shell.no_right.title"))).to_be_visible()
        await self.look("people, without the right", agent.page)

    async def people(self, admin: Console) -> None:
        say, page = self.say, admin.page
        await page.goto("/people")
        edit = page.get_by_role("button", name=say("staff.person.edit_who", name="林芳"))
        await expect(edit).to_be_visible()
        await self.look("people", page)
        await edit.click()
        await expect(page.get_by_role("dialog", name=say("staff.person.edit"))).to_be_visible()
        await self.look("people, one of them", page)
        await page.get_by_role("button", name=say("staff.password.action")).click()
        await expect(
            page.get_by_role("dialog", name=say("staff.password.title", name="林芳"))
        ).to_be_visible()
        await self.look("people, a new password", page)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name=say("staff.person.create")).click()
        dialog = page.get_by_role("dialog", name=say("staff.person.create"))
        await dialog.get_by_role("button", name=say("staff.person.create_action"), exact=True).click()
        await expect(dialog.get_by_text(say("staff.person.name_missing"))).to_be_visible()
        await self.look("people, a new one, nothing filled in", page)
        await page.keyboard.press("Escape")
        await page.get_by_role("tab", name=say("staff.groups")).click()
        await expect(page.get_by_role("listitem")).not_to_have_count(0)
        await self.look("groups", page)
