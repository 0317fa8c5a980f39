"""The rules of the document that need no server: applying, counting, waiting, and which transport next."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.stranger.ladder import Ladder
from tests.stranger.links import NoHello, Unanswered
from tests.stranger.outbox import Command, Outbox
from tests.stranger.replica import Replica
from tests.stranger.wire import (
    BackOff,
    Counter,
    Json,
    LinkLost,
    NotKnown,
    Refused,
    SignedOut,
    Timing,
    refusal,
)

FAST = Timing(back_off=0.001, back_off_most=0.004)


def filled() -> Replica:
    replica = Replica("chat")
    replica.snapshot({"cursor": "c1", "rows": [["message", "a", 3, {"text": "a3"}]], "more": True})
    return replica


def changed(replica: Replica, *changes: list[object], cursor: str = "c2") -> list[list[object]]:
    return list(replica.change({"cursor": cursor, "changes": changes}))


def test_snapshot_replaces_everything() -> None:
    replica = filled()
    replica.snapshot({"cursor": "c9", "rows": [["message", "b", 1, {"text": "b1"}]]})
    assert replica.of("message") == {"b": {"text": "b1"}}
    assert (replica.cursor, replica.more) == ("c9", False)


@pytest.mark.parametrize(("rev", "shown"), [(2, "a3"), (3, "a3"), (4, "new")])
def test_put_needs_a_newer_rev(rev: int, shown: str) -> None:
    replica = filled()
    changed(replica, ["put", "message", "a", rev, {"text": "new"}])
    assert replica.of("message")["a"]["text"] == shown
    assert replica.cursor == "c2"


def test_drop_of_what_is_not_held_changes_nothing() -> None:
    replica = filled()
    assert changed(replica, ["drop", "message", "nobody"]) == []
    assert changed(replica, ["drop", "message", "a"]) == [["drop", "message", "a"]]
    assert replica.of("message") == {}


def test_pong_moves_the_cursor_only_of_a_topic_begun_on_this_connection() -> None:
    replica = filled()
    replica.begun = False
    replica.pong("c5")
    assert replica.cursor == "c1"
    replica.resumed()
    replica.pong("c5")
    assert replica.cursor == "c5"


def test_a_missing_frame_is_seen() -> None:
    counter = Counter()
    counter.check({"n": 1})
    counter.check({"n": 2})
    with pytest.raises(LinkLost, match="frame 4 came after frame 2"):
        counter.check({"n": 4})


def test_back_off_doubles_with_full_jitter_and_begins_again() -> None:
    back_off = BackOff(Timing(), random.Random(7))
    most = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    waits = [back_off.next() for _ in most]
    assert all(0 <= wait <= limit for wait, limit in zip(waits, most, strict=True))
    assert max(waits) > 8, "never near its limit: no full jitter"
    back_off.worked()
    assert back_off.next() <= 0.5


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, SignedOut),
        (404, Refused),
        (409, Refused),
        (422, Refused),
        (408, NotKnown),
        (425, NotKnown),
        (429, NotKnown),
        (500, NotKnown),
        (503, NotKnown),
    ],
)
def test_what_is_final_and_what_is_not_known(status: int, kind: type[Exception]) -> None:
    assert type(refusal({"status": status, "code": "x"})) is kind


def test_ladder_goes_down_after_three_failures_and_up_again() -> None:
    ladder = Ladder()
    for _ in range(2):
        ladder.failed(LinkLost("refused"))
    assert ladder.now == "websocket"
    ladder.failed(LinkLost("refused"))
    assert ladder.now == "sse"
    ladder.failed(LinkLost("cut"))
    assert ladder.now == "sse"
    ladder.failed(NoHello("no hello"))
    assert ladder.now == "poll"
    ladder.try_better()
    assert ladder.now == "sse"


def test_ladder_one_silent_socket_is_enough() -> None:
    ladder = Ladder()
    ladder.failed(NoHello("no hello"))
    assert ladder.now == "sse"


def test_ladder_a_success_between_failures_starts_the_count_again() -> None:
    ladder = Ladder()
    for _ in range(4):
        ladder.failed(LinkLost("refused"))
        ladder.failed(LinkLost("refused"))
        ladder.opened()
    assert ladder.now == "websocket"


def test_ladder_a_server_that_is_away_condemns_no_transport() -> None:
    ladder = Ladder()
    for _ in range(3):
        ladder.failed(LinkLost("refused"))
    ladder.failed(Unanswered("no ticket"))
    assert ladder.now == "websocket"


class Server:
    """Answers commands from a list of what to raise first; counts what is under way."""

    def __init__(self, *first: Exception) -> None:
        self.first = list(first)
        self.calls: list[tuple[str, str]] = []
        self.under_way = 0
        self.most = 0

    async def carry(self, command: Command) -> Json:
        self.calls.append((command.lane, command.id))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.first:
            raise self.first.pop(0)
        return {"id": command.id}


def outbox_to(server: Server) -> Outbox:
    async def signed_in() -> None:
        return None

    return Outbox(
        server.carry,
        asyncio.Event(),
        FAST,
        random.Random(1),
        on_not_known=lambda command, reason: None,
        on_signed_out=signed_in,
    )


async def test_outbox_repeats_with_the_same_id_and_keeps_the_order() -> None:
    server = Server(NotKnown("cut"), NotKnown("503"), SignedOut({"status": 401, "code": "token_expired"}))
    outbox = outbox_to(server)
    answers = [outbox.put(Command("send", {}, "chat", id=f"id-{i}")) for i in range(3)]
    async with asyncio.timeout(5):
        await asyncio.gather(*answers)
        await outbox.emptied()
    assert [id_ for _, id_ in server.calls] == ["id-0"] * 4 + ["id-1", "id-2"]
    assert server.most == 1


async def test_outbox_lanes_do_not_wait_for_each_other() -> None:
    server = Server()
    outbox = outbox_to(server)
    for lane in ("a", "b"):
        outbox.put(Command("send", {}, lane))
    async with asyncio.timeout(5):
        await outbox.emptied()
    assert server.most == 2


async def test_outbox_a_refusal_is_final_and_lets_the_next_go() -> None:
    server = Server(Refused({"status": 422, "code": "text_empty"}))
    outbox = outbox_to(server)
    first, second = (outbox.put(Command("send", {}, "chat", id=f"id-{i}")) for i in range(2))
    async with asyncio.timeout(5):
        with pytest.raises(Refused, match="text_empty"):
            await first
        assert await second == {"id": "id-1"}
    assert [id_ for _, id_ in server.calls] == ["id-0", "id-1"]
