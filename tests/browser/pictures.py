"""The pictures of the documents: `python -m tests.browser.pictures` plays a small conversation and photographs it."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.browser.conftest import FLAGS, UNHURRIED
from tests.browser.console import Console
from tests.browser.desk import ADMINISTRATOR, HEJING, LINFANG, Desk
from tests.browser.png import smaller
from tests.browser.widget import Widget
from tests.browser.words import LOCALES, Words
from tests.support.server import ROOT, Server
from tools.dev.system import find_chromium

PICTURES = ROOT / "docs/pictures"
LARGEST = 200_000  # bytes

TALK = [
    ("visitor", "你好，想问下全家福现在还能约这周六吗？"),
    ("agent", "您好，这周六还有上午 10 点和下午 3 点两个时段。请问几位拍？"),
    ("visitor", "一共七个人，三代，还有一只柯基"),
    ("visitor", "老人腿脚不太方便，有台阶吗？"),
    ("agent", "门口有坡道，轮椅能推进来。柯基也欢迎，不赶时间。"),
    ("note", "外婆坐轮椅，周六提前把坡道放好；狗拍完再给零食。"),
    ("visitor", "太好了。那约上午 10 点，680 的套系含几张精修？"),
    ("agent", "含 20 张精修，底片全送。已为您留了周六上午 10 点，届时见。"),
]
OTHERS = [
    "证件照今天拍，今天能取吗？",
    "老照片上有一道折痕，脸的位置，能修好吗",
    "相册寄到外地要几天？",
    "上次的底片还在吗，想加洗两张",
]


class Photographer:
    def __init__(self, desk: Desk, locale: str) -> None:
        self.desk = desk
        self.say = Words(locale)

    async def take(self, name: str, page: Page) -> None:
        path = PICTURES / f"{name}.{self.say.locale}.png"
        await page.evaluate("document.fonts.ready")
        path.write_bytes(smaller(await page.screenshot()))
        size = path.stat().st_size
        print(f"{path.relative_to(ROOT)}  {size // 1000} kB")
        assert size < LARGEST, f"{path.name} has {size} bytes, more than {LARGEST}"

    async def console(self, who: str, *, phone: bool = False) -> Console:
        """In our language, whatever this person has chosen before."""
        page = await (await self.desk.context(who=who, phone=phone)).new_page()
        await page.goto("/")
        await page.get_by_role("button", name=re.compile("^(我|Me): ")).click()
        await page.get_by_role("radio", name={"zh-CN": "简体中文", "en": "English"}[self.say.locale]).click()
        await page.keyboard.press("Escape")
        return Console(page, self.say, touch=phone)

    async def visitor(self) -> Widget:
        return await self.desk.visitor(self.say.locale)

    async def all(self) -> None:
        signin = await (await self.desk.context(locale=self.say.locale)).new_page()
        await signin.goto("/")
        await expect(signin.get_by_role("heading")).to_be_visible()
        await self.take("signin", signin)

        agent = await self.online(LINFANG)
        customer = await self.visitor()
        opening = TALK[0][1]
        await customer.send(opening)
        await agent.open(opening)
        for who, text in TALK[1:]:
            if who == "visitor":
                await customer.send(text)
                await agent.sees(text)
            elif who == "agent":
                await agent.answer(text)
                await customer.sees(text)
            else:
                await agent.note(text)
        await expect(agent.message(TALK[-1][1])).to_contain_text(self.say("conversations.state.read"))
        await self.take("widget", customer.page)
        for text in OTHERS[:2]:
            await (await self.visitor()).send(text)
            await expect(agent.row(text)).to_be_visible()
        second = await self.online(HEJING)
        for text in OTHERS[2:]:
            await (await self.visitor()).send(text)
        await expect(second.list.get_by_role("option")).not_to_have_count(0)
        await agent.page.mouse.move(700, 300)
        await agent.box.blur()
        await self.take("thread", agent.page)
        await agent.page.goto("/conversations")
        await expect(agent.list.get_by_role("option")).not_to_have_count(0)
        await self.take("console", agent.page)

        phone = await self.console(LINFANG, phone=True)
        await phone.row(TALK[-1][1]).click()
        await phone.sees(TALK[-1][1])
        await self.take("console-phone", phone.page)
        stored = await customer.page.context.storage_state()
        small = await self.desk.visitor(self.say.locale, phone=True, stored=stored)
        await small.sees(TALK[-1][1])
        await self.take("widget-phone", small.page)

        admin = await self.console(ADMINISTRATOR)
        await admin.page.goto("/people")
        present = admin.page.get_by_role("row").filter(has_text=self.say("shell.standing.accepting"))
        await expect(present).to_have_count(2)
        await self.take("people", admin.page)

    async def online(self, who: str) -> Console:
        agent = await self.console(who)
        menu = await agent.menu()
        await menu.get_by_role("radio", name=self.say("shell.intent.online"), exact=True).click()
        return agent


async def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for locale in LOCALES:
            with tempfile.TemporaryDirectory() as folder:
                server = Server(Path(folder), settings=UNHURRIED)
                server.run("demo")
                with server:
                    desk = Desk(browser, server.url, {})
                    await Photographer(desk, locale).all()
                    await desk.close()
                    assert desk.wrongs == []
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
