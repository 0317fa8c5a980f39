"""Server-sent events, their tickets, and long poll: the same frames, carried otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.live.carried import Carried, Stream, ask, scope
from tests.live.hall import Hall, change_rights, member, visitor, write
from tests.support.clock import FakeClock
from yingke.kernel.entries import CursorCodec
from yingke.live import asgi, connection, door, hub, streams

ME = member(1, 1)


async def ticket(hall: Hall, *topics: str, cursor: str | None = None) -> str:
    hall.knows(ME)
    body = {"token": "s1", "topics": dict.fromkeys(topics, cursor)}
    answer = await ask(hall, "POST", "/live/tickets", body)
    assert answer.status == 200, answer.body
    return str(answer.json["ticket"])


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["status"] == answer.status
    assert answer.json["detail"] != answer.json["code"], "a code without words"
    return answer.status, answer.json["code"]


# --- tickets ---------------------------------------------------------------------------------------------------------


async def test_a_ticket_is_good_once(hall: Hall) -> None:
    secret = await ticket(hall, "board/1")
    one = Stream(hall, secret)
    assert (await one.hear())["t"] == "hello"
    assert code(await ask(hall, "GET", f"/live/events?ticket={secret}")) == (401, "ticket_unknown")
    one.leave()
    await one.end()


async def test_a_ticket_is_good_for_half_a_minute(hall: Hall, clock: FakeClock) -> None:
    late, later = await ticket(hall, "board/1"), await ticket(hall, "board/1")
    clock.advance(30)
    one = Stream(hall, late)
    assert (await one.hear())["t"] == "hello"
    clock.advance(0.000001)
    assert code(await ask(hall, "GET", f"/live/events?ticket={later}")) == (401, "ticket_unknown")
    one.leave()
    await one.end()


async def test_two_at_once_with_one_ticket_are_one(hall: Hall) -> None:
    secret = await ticket(hall, "board/1")
    both = [Carried(hall, scope("http", "/live/events", query=f"ticket={secret}")) for _ in range(2)]
    started = [(await one.until("http.response.start"))["status"] for one in both]
    assert sorted(started) == [200, 401]
    for one in both:
        one.give(type="http.disconnect")
        await one.end()


@pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=unknown", "?other=1", "?ticket=%FF%00"])
async def test_without_a_ticket_there_is_no_stream(hall: Hall, query: str) -> None:
    assert code(await ask(hall, "GET", f"/live/events{query}")) == (401, "ticket_unknown")


async def test_whoever_is_signed_out_meanwhile_has_no_stream(hall: Hall) -> None:
    secret = await ticket(hall, "board/1")
    hall.people.clear()
    assert code(await ask(hall, "GET", f"/live/events?ticket={secret}")) == (401, "token_unknown")
    assert hall.empty


# --- event streams ---------------------------------------------------------------------------------------------------


async def test_a_stream_carries_hello_snapshot_and_what_follows(hall: Hall) -> None:
    await hall.db.write(write, 1, "a", "before")
    one = Stream(hall, await ticket(hall, "board/1", "board/2"))
    started = await one.until("http.response.start")
    headers = dict(started["headers"])
    assert headers[b"content-type"] == b"text/event-stream"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    hello, snapshot, denied = await one.hear(), await one.hear(), await one.hear()
    assert (hello["t"], hello["n"], hello["epoch"]) == ("hello", 1, hall.live.epoch)
    assert snapshot["rows"] == [["line", "a", 1, {"words": "before"}]]
    assert (denied["t"], denied["topic"]) == ("denied", "board/2")
    await hall.db.write(write, 1, "a", "字 after")
    change = await one.hear()
    assert change["changes"] == [["put", "line", "a", 2, {"words": "字 after"}]]
    assert [hello["n"], snapshot["n"], denied["n"], change["n"]] == [1, 2, 3, 4]
    one.leave()
    await one.end()
    assert hall.empty
    again = Stream(hall, await ticket(hall, "board/1", cursor=change["cursor"]))
    assert [(await again.hear())["t"] for _ in range(2)] == ["hello", "resumed"]
    again.leave()
    await again.end()


async def test_a_silent_stream_says_that_it_is_there(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WARM", 0.02)
    one = Stream(hall, await ticket(hall, "board/1"))
    assert [(await one.hear())["t"] for _ in range(4)] == ["hello", "snapshot", "pong", "pong"]
    one.leave()
    await one.end()


async def test_the_stop_of_the_server_ends_a_stream_in_good_order(hall: Hall) -> None:
    one = Stream(hall, await ticket(hall, "board/1"))
    assert [(await one.hear())["t"] for _ in range(2)] == ["hello", "snapshot"]
    await hall.live.stop()
    await one.end()
    assert one.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_whoever_is_signed_out_has_the_stream_ended(hall: Hall) -> None:
    one = Stream(hall, await ticket(hall, "board/1"))
    assert [(await one.hear())["t"] for _ in range(2)] == ["hello", "snapshot"]
    hall.people.clear()
    await hall.db.write(change_rights, ME)
    await one.end()
    assert hall.empty


async def test_a_client_that_does_not_take_is_cut_off(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_QUEUED", 3000)
    one = Stream(hall, await ticket(hall, "board/1"))
    assert [(await one.hear())["t"] for _ in range(2)] == ["hello", "snapshot"]
    one.takes.clear()
    for n in range(8):
        await hall.db.write(write, 1, "a", f"{n}" * 1000)
        await hall.heard()
    await one.end()
    assert hall.empty


async def test_a_silent_stream_is_not_given_up(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of ASGI tells when its client is gone; nothing has to come from it."""
    monkeypatch.setattr(streams, "WARM", 0.01)
    monkeypatch.setattr(door, "EXTEND_EVERY", 0.02)
    monkeypatch.setattr(door, "SILENT", 0.1)
    await hall.again()
    one = Stream(hall, await ticket(hall, "board/1"))
    calls = hall.roll_calls
    while len(calls) < 10:
        await one.hear()
    assert calls[-1] == [1]
    one.leave()
    await one.end()


# --- long poll -------------------------------------------------------------------------------------------------------


async def poll(hall: Hall, *, wait: float = 25, who: str = "s1", topics: Mapping[str, str | None]) -> Any:
    hall.people.setdefault("s1", ME)
    return await ask(hall, "POST", "/live/poll", {"token": who, "topics": topics, "wait": wait})


async def test_a_poll_without_cursor_is_answered_at_once(hall: Hall) -> None:
    answer = await poll(hall, topics={"board/1": None})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.kinds == ["hello", "snapshot", "pong"]
    assert [frame["n"] for frame in answer.json["frames"]] == [1, 2, 3]
    assert hall.empty


@pytest.mark.parametrize("use", ["snapshot", "pong"])
async def test_a_poll_with_nothing_new_waits_and_ends_with_a_pong(hall: Hall, use: str) -> None:
    first = await poll(hall, topics={"board/1": None})
    cursor = next(frame["cursor"] for frame in first.json["frames"] if frame["t"] == use)
    answer = await poll(hall, wait=0.02, topics={"board/1": cursor})
    assert answer.kinds == ["hello", "resumed", "pong"]


async def test_a_poll_is_answered_when_something_happens(hall: Hall) -> None:
    first = await poll(hall, topics={"board/1": None})
    cursor = first.json["frames"][-1]["cursor"]
    waiting = asyncio.ensure_future(poll(hall, topics={"board/1": cursor}))
    while not hall.hub._listeners:
        await asyncio.sleep(0.002)
    await hall.db.write(write, 1, "a", "happens")
    answer = await waiting
    assert answer.kinds == ["hello", "resumed", "change", "pong"]
    assert hall.hub.codec.decode(answer.json["frames"][-1]["cursor"]) == hall.last


async def test_what_was_missed_is_answered_at_once(hall: Hall) -> None:
    cursor = (await poll(hall, topics={"board/1": None})).json["frames"][-1]["cursor"]
    await hall.db.write(write, 1, "a", "missed")
    await hall.heard()
    assert (await poll(hall, topics={"board/1": cursor})).kinds == ["hello", "resumed", "change", "pong"]


async def test_a_poll_is_answered_at_once_where_there_is_nothing_to_wait_for(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = (await poll(hall, topics={"board/1": None})).json["frames"][-1]["cursor"]
    other = CursorCodec(b"c" * 32, "another").encode(hall.hub.position)
    denied = await poll(hall, topics={"board/1": cursor, "board/2": None})
    assert denied.kinds == ["hello", "resumed", "denied", "pong"]
    assert (await poll(hall, topics={"board/1": other})).kinds == ["hello", "snapshot", "pong"]
    monkeypatch.setattr(hub, "KEPT", 1)
    for n in range(3):
        await hall.db.write(write, 2, "b", f"{n}")
    await hall.heard()
    assert (await poll(hall, topics={"board/1": cursor})).kinds == ["hello", "snapshot", "pong"]


async def test_a_signal_answers_a_poll(hall: Hall) -> None:
    cursor = (await poll(hall, topics={"board/1": None})).json["frames"][-1]["cursor"]
    waiting = asyncio.ensure_future(poll(hall, topics={"board/1": cursor}))
    while not hall.hub._listeners:
        await asyncio.sleep(0.002)
    hall.bus.signal("board/1", "typing", {"on": True})
    assert (await waiting).kinds == ["hello", "resumed", "signal", "pong"]


async def test_whoever_is_signed_out_while_polling_is_told_so(hall: Hall) -> None:
    cursor = (await poll(hall, topics={"board/1": None})).json["frames"][-1]["cursor"]
    waiting = asyncio.ensure_future(poll(hall, topics={"board/1": cursor}))
    while not hall.hub._listeners:
        await asyncio.sleep(0.002)
    hall.people.clear()
    await hall.db.write(change_rights, ME)
    assert code(await waiting) == (401, "signed_out")


async def test_the_stop_of_the_server_answers_what_waits(hall: Hall) -> None:
    cursor = (await poll(hall, topics={"board/1": None})).json["frames"][-1]["cursor"]
    waiting = asyncio.ensure_future(poll(hall, topics={"board/1": cursor}))
    while not hall.hub._listeners:
        await asyncio.sleep(0.002)
    await hall.live.stop()
    assert (await waiting).kinds == ["hello", "resumed", "pong"]


async def test_polls_and_streams_count_as_presence(hall: Hall) -> None:
    await poll(hall, topics={"board/1": None})
    hall.knows(member(2, 1))
    await poll(hall, who="s2", topics={"board/1": None})
    assert hall.arrivals == [1, 2]


async def test_a_visitor_polls_over_plain_http(hall: Hall) -> None:
    hall.knows(visitor(1))
    await hall.db.write(write, 1, "a", "你好")
    app: Any = asgi.mount(hall.live, None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk.example"
    ) as client:
        body = {"token": "v1", "topics": {"wall": None}, "wait": 0}
        answer = await client.post("/w/v1/poll", json=body)
    assert [frame["t"] for frame in answer.json()["frames"]] == ["hello", "snapshot", "pong"]
    assert answer.json()["frames"][1]["rows"] == [["line", "a", 1, {"words": "你好"}]]


async def test_a_poll_that_leaves_in_the_middle_is_forgotten(hall: Hall) -> None:
    one = Carried(hall, scope("http", "/live/poll", method="POST"))
    one.give(type="http.request", body=b"{", more_body=True)
    one.give(type="http.disconnect")
    await one.end()
    assert one.sent == []


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/live/events", {}, (405, "method_not_allowed")),
        ("GET", "/live/tickets", {}, (405, "method_not_allowed")),
        ("PUT", "/live/poll", {}, (405, "method_not_allowed")),
        ("POST", "/live/poll", b"{", (400, "bad_json")),
        ("POST", "/live/poll", b"\xff\xfe", (400, "bad_json")),
        ("POST", "/live/poll", b'{"x":' * 10_000, (400, "bad_json")),
        ("POST", "/live/poll", {}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {}}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {"board/1": 7}}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {f"t{n}": None for n in range(51)}}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {"board/1": None}, "wait": 26}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {"board/1": None}, "wait": -1}, (422, "invalid")),
        ("POST", "/live/poll", {"topics": {"board/1": None}, "token": "unknown"}, (401, "token_unknown")),
        ("POST", "/live/tickets", {"topics": {"board/1": None}}, (401, "token_unknown")),
        ("POST", "/live/poll", b" " * 65_537, (413, "body_too_large")),
    ],
)
async def test_what_is_wrong_is_refused_with_its_reason(
    hall: Hall, method: str, path: str, body: Any, told: tuple[int, str]
) -> None:
    assert code(await ask(hall, method, path, body)) == told


async def test_a_failure_of_ours_says_nothing_of_the_inside(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("the inner words")

    monkeypatch.setattr(hall.live, "enter", fail)
    answer = await poll(hall, topics={"board/1": None})
    assert code(answer) == (500, "internal")
    assert answer.headers["retry-after"] == "1"
    assert b"the inner words" not in answer.body
    assert "the inner words" in caplog.text


async def test_refusals_are_in_the_language_of_the_reader(hall: Hall) -> None:
    answer = await ask(hall, "POST", "/live/poll", {}, accept_language="de, zh;q=0.8, en;q=0.5")
    assert "topics" in answer.json["errors"][0]["field"]
    assert any(ord(character) > 0x3000 for character in answer.json["detail"])


async def test_every_other_address_goes_to_the_rest(hall: Hall) -> None:
    answer = await ask(hall, "GET", "/live/other")
    assert (answer.status, answer.body) == (299, b"the rest")
