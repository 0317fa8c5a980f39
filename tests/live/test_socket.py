"""The WebSocket: its frames, and every code it is closed with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.live.carried import Carried, Socket, open_socket, scope
from tests.live.hall import Hall, change_rights, line, member, open_hall, visitor, write
from yingke.app import process
from yingke.kernel.clock import moment, monotonic
from yingke.kernel.db import Database, Read
from yingke.live import connection, door, socket

ME = member(1, 1)


def lines(read: Read) -> int:
    return int(read.execute(select(func.count()).select_from(line)).scalar_one())


# --- hello -----------------------------------------------------------------------------------------------------------


async def test_hello_is_answered_with_what_a_client_must_know(hall: Hall) -> None:
    hall.knows(ME)
    one = Socket(hall)
    assert (await one.until("websocket.accept", "websocket.close"))["type"] == "websocket.accept"
    one.say("hello", v=1, token="s1")
    assert await one.hear() == {
        "t": "hello",
        "n": 1,
        "epoch": hall.live.epoch,
        "now": f"{moment(hall.db.clock()):%Y-%m-%dT%H:%M:%S.%fZ}".replace(".000000", ""),
        "ping": 25,
    }


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"t": "hello", "v": 1, "token": "unknown"}, 4401),
        ({"t": "hello", "v": 1}, 4401),
        ({"t": "hello", "v": 2, "token": "s1"}, 4400),
        ({"t": "hello", "token": "s1"}, 4400),
        ({"t": "hello", "v": "1", "token": "s1"}, 4400),
        ({"t": "ping"}, 4400),
        ({"t": "subscribe", "topics": {"board/1": None}}, 4400),
        ({"t": "greetings"}, 4400),
        ({}, 4400),
        ([], 4400),
    ],
)
async def test_what_is_no_good_hello_is_closed(hall: Hall, hello: Any, code: int) -> None:
    hall.knows(ME)
    one = Socket(hall)
    one.give(type="websocket.receive", text=json.dumps(hello))
    assert await one.closed() == code
    assert hall.empty


async def test_a_hello_that_does_not_come_is_not_waited_for(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HELLO_WITHIN", 0.02)
    assert await Socket(hall).closed() == 4408


async def test_a_page_that_may_not_is_told_so(hall: Hall) -> None:
    hall.knows(ME)
    one = Socket(hall, origin="https://elsewhere.example")
    one.say("hello", v=1, token="s1")
    assert await one.closed() == 4403


async def test_an_address_that_is_none_of_ours_is_not_opened(hall: Hall) -> None:
    one = Carried(hall, scope("websocket", "/live/none"))
    one.give(type="websocket.connect")
    assert (await one.until("websocket.accept", "websocket.close"))["type"] == "websocket.close"


async def test_one_that_leaves_before_its_hello_leaves_nothing(hall: Hall) -> None:
    one = Socket(hall)
    one.leave()
    await one.end()
    assert [message["type"] for message in one.sent] == ["websocket.accept"]
    assert hall.empty


# --- frames ----------------------------------------------------------------------------------------------------------


async def test_a_subscription_over_the_socket(hall: Hall) -> None:
    one = await open_socket(hall, ME, "board/1")
    await hall.db.write(write, 1, "a", "told")
    assert (await one.hear())["changes"] == [["put", "line", "a", 1, {"words": "told"}]]
    one.say("unsubscribe", topics=["board/1"])
    one.say("subscribe", topics={"board/2": None})
    assert (await one.hear())["t"] == "denied"
    await hall.db.write(write, 1, "a", "not told")
    await hall.heard()
    one.say("ping")
    assert (await one.hear())["t"] == "pong"
    assert [frame["n"] for frame in one.frames] == list(range(1, len(one.frames) + 1))


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"t":"ping"', '{"t":"pong"}', "[]", "null", '{"t":"subscribe","topics":[]}', "[" * 60_000],
)
async def test_what_is_no_frame_is_closed_with_4400(hall: Hall, text: str) -> None:
    one = await open_socket(hall, ME)
    one.give(type="websocket.receive", text=text)
    assert await one.closed() == 4400
    assert hall.empty


async def test_a_binary_frame_is_closed_with_4400(hall: Hall) -> None:
    one = await open_socket(hall, ME)
    one.give(type="websocket.receive", bytes=b'{"t":"ping"}')
    assert await one.closed() == 4400


async def test_a_second_hello_is_closed_with_4400(hall: Hall) -> None:
    one = await open_socket(hall, ME)
    one.say("hello", v=1, token="s1")
    assert await one.closed() == 4400


# --- commands --------------------------------------------------------------------------------------------------------


async def test_a_command_is_acknowledged_when_it_is_kept(hall: Hall) -> None:
    one = await open_socket(hall, ME, "board/1")
    args = {"board": 1, "key": "a", "text": "x"}
    for _ in range(2):
        one.say("command", id="command-1", do="test.write", args=args)
    acks: list[dict[str, Any]] = []
    while len(acks) < 2:
        frame = await one.hear()
        if frame["t"] == "ack":
            acks.append(frame)
            assert await hall.db.read(lines) == 1
    assert [(ack["id"], ack["answer"]) for ack in acks] == [("command-1", {})] * 2


@pytest.mark.parametrize(
    ("fields", "code", "status"),
    [
        ({"do": "nothing.known", "args": {}}, "command_unknown", 404),
        ({"do": "test.write", "args": {}}, "invalid", 422),
        ({"do": "test.write", "args": {"board": 1, "key": "a", "text": "refuse"}}, "too_many_topics", 409),
        (
            {"do": "test.write", "args": {"board": 1, "key": "a", "text": "x"}, "id": "short"},
            "id_invalid",
            422,
        ),
    ],
)
async def test_a_command_that_is_refused_says_why_in_the_readers_language(
    hall: Hall, fields: dict[str, Any], code: str, status: int
) -> None:
    hall.knows(ME)
    one = Socket(hall, accept_language="en")
    one.say("hello", v=1, token="s1", locale="zh-CN")
    await one.hear()
    one.say("command", **{"id": "command-1", **fields})
    nack = await one.hear()
    assert (nack["t"], nack["id"]) == ("nack", fields.get("id", "command-1"))
    problem = nack["problem"]
    assert (problem["code"], problem["status"]) == (code, status)
    assert any(ord(character) > 0x3000 for character in problem["detail"]), problem["detail"]
    one.say("ping")
    assert (await one.hear())["t"] == "pong", "it goes on"


async def test_a_command_that_fails_is_not_known_to_be_done_and_says_nothing_of_the_inside(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    one = await open_socket(hall, ME)
    one.say("command", id="command-1", do="test.write", args={"board": 1, "key": "a", "text": "fail"})
    nack = await one.hear()
    assert (nack["problem"]["code"], nack["problem"]["status"]) == ("internal", 500)
    assert nack["problem"]["retry_after"] > 0
    assert "the inner words" not in str(nack)
    assert "the inner words" in caplog.text


async def test_a_command_is_done_with_the_rights_of_the_moment(hall: Hall) -> None:
    one = await open_socket(hall, ME)
    hall.people["s1"] = visitor(1)  # somebody else altogether, who knows no such command
    hall.finding.clear()
    await hall.db.write(change_rights, ME)
    await hall.heard()
    one.say("command", id="command-1", do="test.write", args={"board": 1, "key": "a", "text": "x"})
    one.say("ping")
    await asyncio.sleep(0)
    hall.finding.set()
    assert (await one.hear())["problem"]["code"] == "command_unknown"
    assert await hall.db.read(lines) == 0


# --- ends ------------------------------------------------------------------------------------------------------------


async def test_a_client_that_leaves_is_forgotten(hall: Hall) -> None:
    one = await open_socket(hall, ME, "board/1", "boards")
    assert hall.live.count() == {"staff": 1}
    one.leave()
    await one.end()
    assert hall.empty


async def test_the_stop_of_the_server_ends_every_socket(hall: Hall) -> None:
    both = [await open_socket(hall, ME, "board/1"), await open_socket(hall, visitor(1), "wall")]
    await hall.live.stop()
    assert [await one.closed() for one in both] == [1012, 1012]
    late = Socket(hall)
    late.say("hello", v=1, token="s1")
    assert await late.closed() == 1012
    assert hall.empty


async def test_the_eleventh_connection_of_a_visitor_cuts_the_oldest(db: Database, tmp_path: Path) -> None:
    async with open_hall(db, tmp_path, most=process.MAX_VISITOR_CONNECTIONS) as hall:
        ten = [await open_socket(hall, visitor(1)) for _ in range(10)]
        other = await open_socket(hall, visitor(2))
        assert hall.live.count() == {"visitor": 11}
        eleventh = await open_socket(hall, visitor(1))
        assert await ten[0].closed() == 4409
        for one in (*ten[1:], eleventh, other):
            one.say("ping")
            assert (await one.hear())["t"] == "pong"


async def test_a_slow_client_is_cut_with_1013(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_QUEUED", 5000)
    slow, quick = [await open_socket(hall, member(id_, 1), "board/1") for id_ in (1, 2)]
    slow.takes.clear()
    for n in range(8):
        await hall.db.write(write, 1, "a", f"{n}" * 1000)
        assert (await quick.hear())["t"] == "change"
    slow.takes.set()
    assert await slow.closed() == 1013
    assert hall.live.count() == {"staff": 1}


async def test_a_flood_of_frames_is_cut_with_4429(db: Database, tmp_path: Path) -> None:
    async with open_hall(db, tmp_path, frames_per_second=5) as hall:
        one = await open_socket(hall, ME)
        for _ in range(20):
            one.say("ping")
        for _ in range(20):
            assert (await one.hear())["t"] == "pong"
        for _ in range(200):
            one.say("ping")
        assert await one.closed() == 4429


async def test_a_socket_without_a_sign_of_life_is_given_up(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "EXTEND_EVERY", 0.02)
    await hall.again()
    silent = await open_socket(hall, member(1, 1))
    began = monotonic()
    monkeypatch.setattr(door, "monotonic", lambda: began + door.SILENT + 1)
    assert await silent.closed() == 4408
    assert hall.roll_calls == [] or hall.roll_calls[-1] == [1], "who is given up is no longer called there"
