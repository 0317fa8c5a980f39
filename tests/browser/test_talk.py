"""A visitor and an agent talk, in Chinese."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from tests.browser.desk import Desk, talking
from tests.browser.typist import Typist


async def write_by_input_method(box: Locator, sent: Locator, letters: str, text: str) -> None:
    """Enter while composing leaves the box as it is; the Enter after it sends."""
    typist = await Typist.at(box)
    await typist.compose(letters)
    await expect(box).to_have_value(letters)
    await typist.enter()
    await typist.compose(text[:1])
    await typist.enter()
    await expect(box).to_have_value(text[:1])  # nothing has been sent, or broken into lines
    await typist.commit(text)
    await expect(box).to_have_value(text)
    await expect(sent).to_have_count(0)
    await box.press("Enter")
    await expect(box).to_have_value("")
    await expect(sent).to_be_visible()


async def test_chinese_is_typed_through_an_input_method(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    question, answer = "老照片能修吗？", "能修，请带来看看。"
    await write_by_input_method(visitor.box, visitor.message(question), "laozhaopian", question)
    await agent.take(question)
    await write_by_input_method(agent.box, agent.message(answer), "nengxiu", answer)
    await visitor.sees(answer)
    # Nothing else came of all those Enters.
    await expect(agent.log.get_by_role("article")).to_have_count(2)


async def test_both_see_how_far_their_words_have_come(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await visitor.send("全家福要提前多久预约？")
    await expect(visitor.mark("sent")).to_be_visible()
    await agent.take("全家福要提前多久预约？")
    await expect(visitor.mark("read")).to_be_visible()
    await visitor.minimise()
    await agent.answer("提前一天就好。")
    state = agent.message("提前一天就好。")
    await expect(state).to_contain_text(agent.say("conversations.state.delivered"))
    await expect(visitor.launcher).to_have_accessible_name(visitor.say.launcher(1))
    await visitor.open()
    await expect(state).to_contain_text(agent.say("conversations.state.read"))
    await visitor.minimise()
    await expect(visitor.launcher).to_have_accessible_name(visitor.say.launcher())


async def test_each_sees_the_other_typing(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "在吗？一")
    typing = re.compile(agent.say("conversations.thread.typing", name=".+"))
    seen = agent.page.get_by_role("status").filter(has_text=typing)
    await visitor.box.press_sequentially("我想")
    await expect(seen).to_be_visible()
    await expect(seen).to_be_hidden()  # two seconds after the last key
    await agent.box.press_sequentially("请讲")
    await expect(visitor.dots).to_be_visible()
    await agent.box.press("Enter")
    await visitor.sees("请讲")
    await expect(visitor.dots).to_be_hidden()


async def test_a_note_is_never_seen_by_the_visitor(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    heard: list[str] = []
    visitor.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda data: heard.append(str(data)))
    )
    await visitor.page.reload()
    await visitor.open()
    await talking(visitor, agent, "我要改约到周六")
    await agent.mode("note")
    await agent.note_box.press_sequentially("老客户")
    await agent.note_box.press("Enter")
    await expect(agent.message("老客户")).to_contain_text(agent.say("conversations.note.label"))
    await agent.mode("reply")
    await agent.answer("周六十点可以吗？")  # comes after the note, so that the note has had its chance
    await visitor.sees("周六十点可以吗？")
    assert any("周六十点可以吗" in frame for frame in heard)
    assert not any("老客户" in frame for frame in heard)
    await expect(visitor.page.get_by_text("老客户")).to_have_count(0)
    await visitor.page.reload()
    await visitor.open()
    await visitor.sees("周六十点可以吗？")
    await expect(visitor.page.get_by_text("老客户")).to_have_count(0)


async def test_what_is_unread_is_counted_in_list_rail_and_title(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "请问营业到几点？")
    await agent.answer("到晚上六点半。")
    await expect(agent.page).to_have_title(agent.say("shell.brand"))
    await agent.page.goto("/conversations")
    await visitor.send("周一呢？")
    await visitor.send("节假日呢？")
    await expect(agent.page).to_have_title(f"(2) {agent.say('shell.brand')}")
    row = agent.row("节假日呢？")
    await expect(row).to_contain_text(agent.say("conversations.list.unread", n=2))
    await expect(agent.page.get_by_role("navigation")).to_contain_text(agent.say("shell.unread", n=1))
    await agent.open("节假日呢？")
    await expect(agent.page).to_have_title(agent.say("shell.brand"))
    await expect(row).not_to_contain_text(re.compile(agent.say("conversations.list.unread", n=r"\d")))


async def test_a_line_parts_what_is_new_from_what_was_read(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    line = agent.log.get_by_text(agent.say("conversations.thread.unread"))
    await talking(visitor, agent, "想换一张底片")
    await agent.answer("好，换哪一张？")
    await visitor.send("第三张")
    await agent.sees("第三张")
    await expect(line).to_have_count(0)  # all of it has been looked at as it came
    await expect(agent.page).to_have_title(agent.say("shell.brand"))
    await agent.page.goto("/conversations")
    await visitor.send("不对，第四张")
    await agent.open("不对，第四张")
    await expect(line).to_be_visible()
    before, after = (await agent.log.inner_text()).split(agent.say("conversations.thread.unread"))
    assert "第三张" in before
    assert "第四张" in after
