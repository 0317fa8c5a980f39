"""Frames that are wrong: a frame that is none ends the connection, a wrong command is refused and the rest goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.bad_input.asking import (
    FRAME_LIMIT,
    LANGUAGES,
    nothing_done,
    refused,
    socket,
    visitor_socket,
)
from tests.faults.people import Desk, kept
from tests.stranger import Refused
from tests.stranger.wire import Json


@pytest.mark.parametrize(
    "first",
    [
        "nonsense",
        "7",
        "[]",
        "{}",
        b'{"t": "hello", "v": 1}',
        {"t": "ping"},
        {"t": "hello", "v": 2},
        {"t": "hello", "v": "1"},
        {"t": "subscribe", "topics": {"chat": None}},
    ],
    ids=["no JSON", "number", "list", "empty", "binary", "ping first", "v 2", "v a text", "subscribe first"],
)
async def test_the_first_frame_is_no_hello(desk: Desk, first: Any) -> None:
    async with socket(desk) as raw:
        await raw.say(first)
        assert await raw.close_code() == 4400


@pytest.mark.slow
async def test_no_first_frame(desk: Desk) -> None:
    """Ten seconds, by the document."""
    async with socket(desk) as raw:
        assert await raw.close_code() == 4408


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        "[]",
        "7",
        '{"t": 7}',
        "{}",
        '{"t": "subscribe"}',
        '{"t": "subscribe", "topics": []}',
        '{"t": "unsubscribe", "topics": "chat"}',
        '{"t": "hello"}',
        '{"t": "hello", "v": 1}',
        "[" * 20_000,
        "",
        "\x00",
    ],
    ids=lambda frame: repr(frame[:40]),
)
async def test_a_later_frame_that_is_none(desk: Desk, frame: str) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor), visitor_socket(desk, visitor.token) as raw:
            await raw.say(frame)
            assert await raw.close_code() == 4400


async def test_a_binary_frame(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with visitor_socket(desk, visitor.token) as raw:
            await raw.say(b'{"t": "ping"}')
            assert await raw.close_code() == 4400


async def test_an_unknown_kind_of_frame_is_ignored_or_refused_but_never_an_error(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with visitor_socket(desk, visitor.token) as raw:
            await raw.say({"t": "tomorrow", "x": 1})
            await raw.say({"t": "ping"})
            outcome = await raw.outcome("pong")
            assert outcome == 4400 or not isinstance(outcome, int)


COMMANDS: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown": ({"do": "drop_everything"}, 404, "command_unknown"),
    "of the staff": ({"do": "conversations.close", "args": {"conversation": "x"}}, 404, "command_unknown"),
    "no text": ({"args": {}}, 422, "invalid"),
    "text a number": ({"args": {"text": 7}}, 422, "invalid"),
    "10,001 characters": ({"args": {"text": "字" * 10_001}}, 422, "text_too_long"),
    "only white space": ({"args": {"text": "  "}}, 422, "text_empty"),
    "a zero": ({"args": {"text": "a\x00b"}}, 422, "text_bad_characters"),
    "id short": ({"id": "short"}, 422, "id_invalid"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_wrong_command(desk: Desk, name: str, language: str) -> None:
    """Refused in the language of the hello; the connection goes on."""
    change, status, code = COMMANDS[name]
    frame = {"t": "command", "id": "frame-0001", "do": "send", "args": {"text": "在吗？"}, **change}
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor), visitor_socket(desk, visitor.token, language) as raw:
            await raw.say(json.dumps(frame, ensure_ascii=False))
            nack = await raw.hear("nack", "ack")
            assert (nack["t"], nack["id"]) == ("nack", frame["id"])
            refused(nack["problem"], status, code, language)
            await raw.say({"t": "ping"})
            await raw.hear("pong")


async def test_a_command_without_an_id(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor), visitor_socket(desk, visitor.token) as raw:
            await raw.say({"t": "command", "do": "send", "args": {"text": "在吗？"}})
            assert await raw.close_code() == 4400


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff", "a\\udc00b", "\\ud83d"])
async def test_a_lone_surrogate(desk: Desk, text: str) -> None:
    """Only an escape can carry one. It is refused as a character, or the frame as JSON; it is never stored."""
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor), visitor_socket(desk, visitor.token) as raw:
            await raw.say('{"t":"command","id":"frame-0001","do":"send","args":{"text":"' + text + '"}}')
            outcome = await raw.outcome("nack", "ack")
            if isinstance(outcome, int):
                assert outcome == 4400
            else:
                refused(outcome["problem"], 422, "text_bad_characters")


def padded(length: int) -> str:
    """A good ping of just this many bytes."""
    frame = '{"t":"ping","pad":"' + "x" * length
    return frame[: length - 2] + '"}'


async def test_a_frame_of_just_64_kib_is_taken(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with visitor_socket(desk, visitor.token) as raw:
            await raw.say(padded(FRAME_LIMIT))
            await raw.hear("pong")


@pytest.mark.parametrize("more", [1, 1024 * 1024])
async def test_a_frame_over_64_kib(desk: Desk, more: int) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor), visitor_socket(desk, visitor.token) as raw:
            await raw.say(padded(FRAME_LIMIT + more))
            assert await raw.close_code() == 1009


@pytest.mark.parametrize(
    "topic", ["inbox", "me", "team", "thread/x", "nonsense", "", "chat/" + "x" * 90, "*", "../chat"]
)
async def test_a_topic_that_is_not_the_visitors(desk: Desk, topic: str) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with visitor_socket(desk, visitor.token, "en") as raw:
            await raw.say({"t": "subscribe", "topics": {topic: None}})
            answer = await raw.hear("denied", "snapshot", "resumed")
            assert (answer["t"], answer["topic"]) == ("denied", topic)
            refused(answer["problem"], 404, "topic_unknown", "en")


async def test_typing_and_marks_leave_nothing(desk: Desk) -> None:
    """Marks beyond the last message, and typing with a wrong value."""
    async with desk.visitor() as visitor:
        answer = await visitor.send("之前")
        for on in ("yes", 1, None):
            with pytest.raises(Refused, match="invalid"):
                await visitor.command("typing", {"on": on})
        wrong: list[Json] = [{"read": -1}, {"read": "3"}, {"delivered": 2**70}, {"read": 1.5}]
        for args in wrong:
            with pytest.raises(Refused, match="invalid"):
                await visitor.command("mark", {"conversation": answer["conversation"], **args})
        marks = await visitor.mark(answer["conversation"], read=1_000_000, delivered=1_000_000)
        row = visitor.conversation()
        assert row is not None
        assert marks["read"] <= max(row["last_seq"], answer["seq"] + 1), "a mark beyond what there is"
        assert await kept(desk, visitor) == ["之前"]
