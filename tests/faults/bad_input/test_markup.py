"""HTML and script in every field a stranger can fill: kept and given back as the text it is, never as markup."""

from __future__ import annotations

import json

import pytest

from tests.faults.bad_input.asking import plain, post, socket
from tests.faults.people import SITE, Desk, hold, kept, texts
from tests.stranger import Refused

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "&lt;b&gt; &amp; &#0; <b>b</b>",
    "</script><!--",
    "'; DROP TABLE message; --",
    "%s %(x)s {0} {text}",
    "\u202e反过来\u202c \u200b\ufeff零宽",
    "a\tb\nc",
    "👨‍👩‍👧‍👦🏳️‍🌈 𠮷野家",
]


async def test_in_messages_both_ways(desk: Desk) -> None:
    async with desk.visitor() as visitor, desk.staff() as agent:
        for text in MARKUP:
            await visitor.send(text)
        conversation = visitor.messages()[0]["conversation"] if visitor.messages() else ""
        await visitor.until(lambda: len(texts(visitor.messages())) == len(MARKUP), 10)
        conversation = visitor.messages()[0]["conversation"]
        await hold(agent, conversation)
        agent.open(conversation)
        for text in MARKUP:
            await agent.send(conversation, text)
        assert await kept(desk, visitor) == MARKUP * 2
        await agent.until(lambda: texts(agent.messages(conversation)) == MARKUP * 2, 10)
        await visitor.until(lambda: texts(visitor.messages()) == MARKUP * 2, 10)


async def test_carriage_returns_before_line_feeds_go(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("一\r\n二")
        with pytest.raises(Refused, match="text_bad_characters"):
            await visitor.send("一\r二")
        assert await kept(desk, visitor) == ["一\n二"]


@pytest.mark.parametrize("markup", MARKUP[:3])
async def test_in_every_other_field_the_refusal_is_no_html(desk: Desk, markup: str) -> None:
    """Where a value is said back in a problem, it is in JSON, under a type no browser takes for a page."""
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        asked = [
            ("/w/v1/sessions", {"site": markup}),
            ("/w/v1/sessions", {"site": SITE, "token": markup}),
            ("/w/v1/sessions", {"site": SITE, "locale": markup}),
            (
                f"/w/v1/commands/{markup.replace('/', '_')}",
                {"token": visitor.token, "id": "markup-0001", "args": {}},
            ),
            ("/w/v1/commands/send", {"token": visitor.token, "id": markup, "args": {"text": "x"}}),
            ("/w/v1/commands/send", {"token": visitor.token, "id": "markup-0002", "args": {markup: "x"}}),
            (
                "/w/v1/commands/mark",
                {"token": visitor.token, "id": "markup-0003", "args": {"conversation": markup}},
            ),
            ("/w/v1/poll", {"token": visitor.token, "topics": {markup: None}, "wait": 0}),
            ("/w/v1/poll", {"token": visitor.token, "topics": {"chat": markup}, "wait": 0}),
            (f"/{markup.replace('/', '_')}", {}),
        ]
        for path, body in asked:
            answer = await post(desk, path, body)
            assert answer.status_code < 500, f"{path}: {answer.text[:300]}"
            kind = answer.headers.get("Content-Type", "")
            assert "json" in kind, f"{path}: {kind}: {answer.text[:200]}"
            json.loads(answer.text)
            assert answer.headers.get("X-Content-Type-Options") == "nosniff", path


@pytest.mark.parametrize(
    "header", ["Accept-Language", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "Cookie"]
)
@pytest.mark.parametrize("value", [*MARKUP[:1], "x" * 3_000, "zh;q=nonsense,,;=", "sid=x; sid=y", "a\tb"])
async def test_in_headers(desk: Desk, header: str, value: str) -> None:
    async with plain(desk, headers={header: value}) as client:
        answer = await client.post("/w/v1/sessions", json={"site": SITE})
    assert answer.status_code in (200, 403), answer.text[:300]
    assert "html" not in answer.headers["Content-Type"]


async def test_in_a_sockets_hello(desk: Desk) -> None:
    for markup in MARKUP[:3]:
        async with socket(desk) as raw:
            await raw.say({"t": "hello", "v": 1, "token": markup, "locale": markup})
            assert await raw.close_code() in (4400, 4401)
