"""Signing in and out, the first administrator, and the page where people and groups are made."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.desk import ADMINISTRATOR, LINFANG, PASSWORD, Desk
from tests.browser.words import Words
from tests.support.server import Server

say = Words("zh-CN")


async def sign_in(page: Page, email: str, password: str) -> None:
    await page.get_by_role("textbox", name=say("shell.sign_in.email")).fill(email)
    await page.get_by_role("textbox", name=say("shell.sign_in.password")).fill(password)
    await page.get_by_role("button", name=say("shell.sign_in.action")).click()


async def test_a_wrong_password_is_said_and_the_right_one_lets_in(desk: Desk) -> None:
    page = await (await desk.context()).new_page()
    await page.goto("/people")
    await expect(page.get_by_role("heading", name=say("shell.sign_in.title"))).to_be_visible()
    await sign_in(page, LINFANG, "not-the-password")
    await expect(page.get_by_text(say("shell.sign_in.refused"))).to_be_visible()
    password = page.get_by_role("textbox", name=say("shell.sign_in.password"))
    await expect(password).to_be_focused()
    await expect(password).to_have_value("")
    await password.fill(PASSWORD)
    await password.press("Enter")
    await expect(page.get_by_role("navigation", name=say("shell.rooms"))).to_be_visible()
    # Where one was going, though an agent has no right to it.
    await expect(page.get_by_role("heading", name=say("shell.no_right.title"))).to_be_visible()


async def test_what_is_missing_is_said_at_its_field(desk: Desk) -> None:
    page = await (await desk.context()).new_page()
    await page.goto("/")
    await sign_in(page, "", "")
    email = page.get_by_role("textbox", name=say("shell.sign_in.email"))
    await expect(email).to_be_focused()
    await expect(email).to_have_accessible_description(say("shell.sign_in.email_missing"))


async def test_signing_out_signs_every_window_out(desk: Desk) -> None:
    # Not by the cookie that other tests of this module use: it ends here.
    context = await desk.context()
    page = await context.new_page()
    await page.goto("/")
    await sign_in(page, LINFANG, PASSWORD)
    await expect(page.get_by_role("navigation", name=say("shell.rooms"))).to_be_visible()
    other = await desk.window(context)
    await (await other.menu()).get_by_role("button", name=say("shell.sign_out.action")).click()
    dialog = other.page.get_by_role("dialog", name=say("shell.sign_out.title"))
    await dialog.get_by_role("button", name=say("shell.sign_out.action")).click()
    for window in (other.page, page):
        await expect(window.get_by_role("heading", name=say("shell.sign_in.title"))).to_be_visible()
    await other.page.reload()
    await expect(other.page.get_by_role("heading", name=say("shell.sign_in.title"))).to_be_visible()


async def test_an_administrator_makes_a_group_and_a_person_who_then_signs_in(desk: Desk) -> None:
    admin = await desk.agent(ADMINISTRATOR, "/people")
    page = admin.page
    await page.get_by_role("tab", name=say("staff.groups")).click()
    await page.get_by_role("button", name=say("staff.group.create")).click()
    dialog = page.get_by_role("dialog", name=say("staff.group.create"))
    await dialog.get_by_role("button", name=say("shell.save")).click()
    await expect(dialog.get_by_text(say("staff.group.name_missing"))).to_be_visible()
    await dialog.get_by_role("textbox", name=say("staff.group.name")).fill("冲印")
    await dialog.get_by_role("textbox", name=say("staff.group.name")).press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("listitem").filter(has_text="冲印")).to_be_visible()

    await page.get_by_role("tab", name=say("staff.room")).click()
    await page.get_by_role("button", name=say("staff.person.create")).click()
    dialog = page.get_by_role("dialog", name=say("staff.person.create"))
    await dialog.get_by_role("textbox", name=say("staff.person.name")).fill("苏晚")
    await dialog.get_by_role("textbox", name=say("staff.person.email")).fill("suwan@demo.example")
    await dialog.get_by_role("textbox", name=say("staff.person.first_password")).fill("kurz")
    await dialog.get_by_role("checkbox", name="冲印").check()
    create = dialog.get_by_role("button", name=say("staff.person.create_action"), exact=True)
    await create.click()
    password = dialog.get_by_role("textbox", name=say("staff.person.first_password"))
    await expect(password).to_have_accessible_description(re.compile("8|10|12"))  # too short, it says
    await password.fill("mantou-xiaolongbao")
    await create.click()
    await expect(dialog).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="苏晚")
    await expect(row).to_contain_text("冲印")
    await expect(row).to_contain_text(say("staff.role.agent"))

    theirs = await (await desk.context()).new_page()
    await theirs.goto("/")
    await sign_in(theirs, "suwan@demo.example", "mantou-xiaolongbao")
    me = theirs.get_by_role("button", name=re.compile("^" + say("shell.me") + ": 苏晚"))
    await expect(me).to_be_visible()
    await me.click()
    await theirs.get_by_role("radio", name=say("shell.intent.online")).click()
    await expect(row).to_contain_text(say("shell.standing.accepting"))  # as it happens


async def test_the_first_administrator_is_made_with_the_link_of_the_first_start(
    browser: Browser, front_end: None, tmp_path: Path
) -> None:
    with Server(tmp_path / "empty") as server:
        token = re.findall(r"/setup#(\S+)", server.tail())[0]
        desk = Desk(browser, server.url, {})
        context = await desk.context()
        page = await context.new_page()
        await page.goto("/setup")
        await expect(page.get_by_text(say("shell.set_up.no_token"))).to_be_visible()
        await page.goto("about:blank")
        await page.goto(f"/setup#{token}")
        await page.get_by_role("button", name=say("shell.set_up.action")).click()
        await expect(page.get_by_text(say("shell.set_up.name_missing"))).to_be_visible()
        await page.get_by_role("textbox", name=say("shell.set_up.name")).fill("掌柜")
        await page.get_by_role("textbox", name=say("shell.sign_in.email")).fill("boss@shop.example")
        await page.get_by_role("textbox", name=say("shell.sign_in.password")).fill("shiguang-1998")
        await page.get_by_role("button", name=say("shell.set_up.action")).click()
        await expect(page.get_by_role("button", name=re.compile("掌柜"))).to_be_visible()
        await expect(page.get_by_role("link", name=say("staff.room"))).to_be_visible()
        await context.close()
        assert desk.wrongs == []
