"""The answer to a command is lost after the commit: the client repeats it with the same id, and it is there once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.faults.people import SOON, Desk, Diary, begun, hold, kept, texts
from tests.support.proxy import CutAnswer, Proxy

LOSSES = 3


@pytest.mark.parametrize("transport", ["sse", "poll"])
async def test_over_http(desk: Desk, transport: str) -> None:
    left = [LOSSES]
    proxy = Proxy(
        desk.server.port, lambda: CutAnswer(left, rb"HTTP/1\.1 200", asked=rb"POST /w/v1/commands/send")
    )
    await loses_answers(desk, proxy, transport, "http", left)


async def test_over_the_socket(desk: Desk) -> None:
    left = [LOSSES]
    proxy = Proxy(desk.server.port, lambda: CutAnswer(left, rb'"t":\s*"ack"'))
    await loses_answers(desk, proxy, "websocket", "websocket", left)


async def loses_answers(desk: Desk, proxy: Proxy, transport: str, way: str, left: list[int]) -> None:
    diary = Diary()
    async with proxy, desk.visitor(proxy.url, transports=(transport,), listener=diary) as visitor:
        await begun(visitor)
        answers: list[dict[str, Any]] = []
        async with asyncio.timeout(3 * SOON):
            # A repeat may go the other way and not be cut, so as many are sent as the losses take.
            while len(answers) < 3 or left != [0]:
                assert len(answers) < 20, "the proxy cuts nothing: this would prove nothing"
                answers.append(await visitor.send(f"第{len(answers)}句"))
        said = [f"第{i}句" for i in range(len(answers))]
        assert len({id_ for id_, _ in diary.sends}) == len(said), "a repeat must have the same id"
        assert [sent_by for _, sent_by in diary.sends].count(way) >= LOSSES
        assert len(diary.sends) >= len(said) + LOSSES, "each loss costs one more try"
        await visitor.until(lambda: len(texts(visitor.messages())) >= len(said), SOON)
        assert texts(visitor.messages()) == said
        assert await kept(desk, visitor) == said
        rows = {row["id"]: row["seq"] for row in visitor.messages() if row["kind"] == "text"}
        assert rows == {answer["id"]: answer["seq"] for answer in answers}


async def test_an_agents_answer(desk: Desk) -> None:
    """The same for the staff: the answer is lost once, the repeat may go over HTTP, the message is there once."""
    left = [0]
    proxy = Proxy(desk.server.port, lambda: CutAnswer(left, rb'"t":\s*"ack"'))
    diary = Diary()
    async with proxy, desk.visitor() as visitor, desk.staff(url=proxy.url, listener=diary) as agent:
        conversation = (await visitor.send("请问"))["conversation"]
        await hold(agent, conversation)
        left[0] = 1
        async with asyncio.timeout(3 * SOON):
            await agent.send(conversation, "请讲")
        assert left == [0], "the proxy cut nothing: this proved nothing"
        await visitor.until(lambda: "请讲" in texts(visitor.messages()), SOON)
        assert await kept(desk, visitor) == ["请问", "请讲"]


async def test_the_same_id_with_other_words_is_refused(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("第一句", id="same-id-0001")
        with pytest.raises(Exception, match="id_reused"):
            await visitor.send("另一句", id="same-id-0001")
        assert await kept(desk, visitor) == ["第一句"]
