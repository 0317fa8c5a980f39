"""A connection: what each subscription is told, in which order, and when nothing more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.live.hall import Hall, Hooks, changes, deaf, erase, kinds, member, state, visitor, write
from yingke.kernel import journal
from yingke.kernel.entries import Audience, Change, CursorCodec, drop, put
from yingke.live import connection as module
from yingke.live import hub as hub_module


def texts(frames: list[dict[str, Any]]) -> list[str]:
    return [change[4]["words"] for change in changes(frames) if change[0] == "put"]


# --- a snapshot and everything after ---------------------------------------------------------------------------------


async def test_a_subscription_begins_with_a_snapshot_and_goes_on_with_what_is_committed(hall: Hall) -> None:
    await hall.db.write(write, 1, "a", "before")
    screen = hall.connect(member(1, 1))
    (snapshot,) = await screen.subscribe("board/1")
    assert snapshot["t"] == "snapshot"
    assert snapshot["rows"] == [["line", "a", 1, {"words": "before"}]]
    assert snapshot["more"] is False
    await hall.db.write(write, 1, "a", "after")
    (change,) = await screen.hear()
    # On PostgreSQL another test's open transaction may have what the snapshot shows told once more.
    assert change["changes"][-1] == ["put", "line", "a", 2, {"words": "after"}]
    assert hall.hub.codec.decode(change["cursor"]) == hall.last


async def test_what_is_committed_between_snapshot_and_attaching_is_told_after_it(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    Hooks.at_snapshot = lambda: hall.write_and_pass(write, 1, "a", "between")
    frames = await screen.subscribe("board/1")
    assert kinds(frames) == ["snapshot", "change"]
    assert frames[0]["rows"] == []
    assert texts(frames) == ["between"]
    assert await screen.hear() == [], "and not a second time"


async def test_what_the_snapshot_has_and_the_hub_hears_of_later_changes_nothing(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    with deaf(hall.hub):
        await hall.db.write(write, 1, "a", "once")
        await screen.subscribe("board/1")
        assert screen.words("board/1") == {"a": "once"}
        await hall.db.write(write, 1, "b", "later")
    frames = await screen.hear()
    if hall.db.dialect == "sqlite":  # on PostgreSQL another transaction of the server may hold the head back
        assert texts(frames) == ["later"]
    assert screen.words("board/1") == {"a": "once", "b": "later"}


async def test_a_snapshot_that_is_overtaken_by_too_much_is_taken_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_MISSED", 1)

    def much() -> None:
        for text in ("x", "y", "z"):
            hall.write_and_pass(write, 1, text, text)

    Hooks.at_snapshot = much
    screen = hall.connect(member(1, 1))
    frames = await screen.subscribe("board/1")
    assert kinds(frames) == ["snapshot"]
    assert screen.words("board/1") == {"x": "x", "y": "y", "z": "z"}


# --- coming back -----------------------------------------------------------------------------------------------------


async def test_a_good_cursor_resumes_with_all_that_was_missed(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    (snapshot,) = await screen.subscribe("board/1")
    for n in range(5):
        await hall.db.write(write, 1, "a", f"{n}")
        await hall.db.write(write, 2, "b", "of another board")
    await hall.heard()
    back = hall.connect(member(1, 1))
    frames = await back.subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["resumed", "change"]
    assert texts(frames) == ["0", "1", "2", "3", "4"]
    assert kinds(await hall.connect(member(1, 1)).subscribe(**{"board/1": frames[-1]["cursor"]})) == [
        "resumed"
    ]
    await hall.db.write(write, 1, "a", "5")
    assert texts(await back.hear()) == ["5"]


async def test_a_process_begun_meanwhile_resumes_from_the_database(hall: Hall) -> None:
    (snapshot,) = await hall.connect(member(1, 1)).subscribe("board/1")
    await hall.db.write(write, 1, "a", "missed")
    await hall.again()
    await hall.heard()
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["resumed", "change"]
    assert texts(frames) == ["missed"]


@pytest.mark.parametrize("text", ["", "garbage", "Zm9y", "é" * 40, "A" * 40, "x" * 10_000])
async def test_what_is_no_cursor_gets_a_snapshot(hall: Hall, text: str) -> None:
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": text})
    assert kinds(frames) == ["snapshot"]


async def test_a_cursor_of_another_epoch_gets_a_snapshot(hall: Hall) -> None:
    await hall.db.write(write, 1, "a", "x")
    await hall.heard()
    other = CursorCodec(b"c" * 32, "another").encode(hall.hub.position)
    assert kinds(await hall.connect(member(1, 1)).subscribe(**{"board/1": other})) == ["snapshot"]


async def test_more_than_the_most_missed_gets_a_snapshot(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MISSED", 3)
    (snapshot,) = await hall.connect(member(1, 1)).subscribe("board/1")
    for n in range(3):
        await hall.db.write(write, 1, "a", f"{n}")
    await hall.heard()
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["resumed", "change"]
    await hall.db.write(write, 1, "a", "3")
    await hall.heard()
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["snapshot"]


async def test_a_cursor_older_than_what_is_kept_gets_a_snapshot(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "KEPT", 2)
    (snapshot,) = await hall.connect(member(1, 1)).subscribe("board/1")
    for n in range(4):
        await hall.db.write(write, 2, "b", f"{n}")
    await hall.heard()
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["snapshot"]


async def test_a_blank_on_the_way_gets_a_snapshot(hall: Hall) -> None:
    (snapshot,) = await hall.connect(member(1, 1)).subscribe("board/1")
    await hall.db.write(write, 1, "a", "secret")
    await hall.db.write(journal.redact, "board:1", "a")
    await hall.again()
    await hall.heard()
    frames = await hall.connect(member(1, 1)).subscribe(**{"board/1": snapshot["cursor"]})
    assert kinds(frames) == ["snapshot"]


async def test_a_blank_met_while_listening_is_replaced_by_a_snapshot(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    with deaf(hall.hub):
        await hall.db.write(write, 1, "a", "secret")
        await hall.db.write(journal.redact, "board:1", "a")
        await hall.db.write(erase, 1, "a")
        await hall.db.write(write, 1, "b", "open")
    frames = await screen.hear()
    assert "snapshot" in kinds(frames)
    assert "secret" not in str(frames)
    assert screen.words("board/1") == {"b": "open"}


# --- order and counting ----------------------------------------------------------------------------------------------


async def test_frames_are_counted_without_a_gap(hall: Hall) -> None:
    screen = hall.connect(member(1, 1, 2))
    screen.connection.greet("e")
    for n in range(4):
        await screen.subscribe("board/1", "board/3", "nowhere", "boards")
        await hall.db.write(write, 1 + n % 2, "a", f"{n}")
        screen.connection.pong()
        await screen.hear()
    assert [frame["n"] for frame in screen.frames] == list(range(1, len(screen.frames) + 1))
    assert {"hello", "snapshot", "change", "denied", "pong"} == set(kinds(screen.frames))


async def test_changes_that_wait_become_one_frame_in_their_order(hall: Hall) -> None:
    screen = hall.connect(member(1, 1, 2))
    await screen.subscribe("board/1", "board/2")
    for n in range(6):
        await hall.db.write(write, 1 + n % 2, "a", f"{n}")
    frames = await screen.hear()
    assert [frame["topic"] for frame in frames] == ["board/1", "board/2"]
    assert [texts([frame]) for frame in frames] == [["0", "2", "4"], ["1", "3", "5"]]
    cursors = [hall.hub.codec.decode(frame["cursor"]) for frame in frames]
    assert cursors == [hall.last, hall.last], "with its last changes each topic is as far as the hub"


async def test_a_frame_of_merged_changes_does_not_grow_without_end(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MERGE", 100)
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    for n in range(10):
        await hall.db.write(write, 1, "a", f"{n}")
    frames = await screen.hear()
    assert len(frames) > 2
    assert texts(frames) == [f"{n}" for n in range(10)]


async def test_what_shares_a_cursor_is_in_one_frame(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is cut off between two frames and holds the cursor of the first must not miss the second."""
    monkeypatch.setattr(module, "MERGE", 1)
    screen = hall.connect(member(1, 1, 2))
    await screen.subscribe("boards")
    moved: dict[str, list[Change]] = {
        "board/2": [drop("line", "a")],
        "board/1": [put("line", "a", 5, {"words": "here"})],
    }
    await hall.db.write(state, Audience(stream="board:1", staff=moved))
    await hall.db.write(write, 1, "b", "another")
    frames = await screen.hear()
    assert [len(frame["changes"]) for frame in frames] == [2, 1]


async def test_what_comes_after_another_frame_stays_after_it(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    await hall.db.write(write, 1, "a", "first")
    await hall.heard()
    screen.connection.pong()
    await hall.db.write(write, 1, "a", "second")
    frames = await screen.hear()
    assert kinds(frames) == ["change", "pong", "change"]


@pytest.mark.parametrize("how", ["live", "resumed", "read"])
async def test_a_line_that_moves_is_dropped_before_it_is_put(hall: Hall, how: str) -> None:
    """An entry tells the old place to drop it and then the new one to put it; one screen shows both places."""
    screen = hall.connect(member(1, 1, 2))
    (snapshot,) = await screen.subscribe("boards")
    moved: dict[str, list[Change]] = {
        "board/2": [drop("line", "a")],
        "board/1": [put("line", "a", 5, {"words": "here"})],
    }
    await hall.db.write(state, Audience(stream="board:1", staff=moved))
    if how == "live":
        frames = await screen.hear()
    else:
        if how == "read":
            await hall.again()
        await hall.heard()
        frames = await hall.connect(member(1, 1, 2)).subscribe(boards=snapshot["cursor"])
    assert [change[0] for change in changes(frames)] == ["drop", "put"]


@pytest.mark.parametrize("how", ["live", "resumed", "read"])
async def test_the_same_changes_on_two_of_its_places_are_told_once(hall: Hall, how: str) -> None:
    screen = hall.connect(member(1, 1, 2))
    (snapshot,) = await screen.subscribe("boards")
    shared = [put("line", "a", 1, {"words": "both"})]
    told = Audience(stream="board:1", staff={"board/1": shared, "board/2": shared})
    await hall.db.write(state, told)
    if how == "live":
        frames = await screen.hear()
    else:
        if how == "read":
            await hall.again()
        await hall.heard()
        frames = await hall.connect(member(1, 1, 2)).subscribe(boards=snapshot["cursor"])
    assert texts(frames) == ["both"]


async def test_a_visitor_hears_what_is_told_to_visitors_and_staff_do_not(hall: Hall) -> None:
    guest, colleague = hall.connect(visitor(1)), hall.connect(member(1, 1))
    await guest.subscribe("wall")
    await colleague.subscribe("board/1")
    note = Audience(stream="board:1", staff={"board/1": [put("line", "n", 1, {"words": "among us"})]})
    reply = Audience(stream="board:1", visitor={"chat/1": [put("line", "r", 1, {"words": "for you"})]})
    await hall.db.write(state, note, reply)
    assert texts(await colleague.hear()) == ["among us"]
    assert texts(await guest.hear()) == ["for you"]


# --- pongs -----------------------------------------------------------------------------------------------------------


async def test_a_pong_says_how_far_one_has_been_told(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    await hall.db.write(write, 1, "a", "told")
    await hall.db.write(write, 2, "b", "of another board")
    await hall.heard()
    screen.connection.pong()
    *_, pong = screen.take()
    assert hall.hub.codec.decode(pong["cursor"]) == hall.last
    assert kinds(await hall.connect(member(1, 1)).subscribe(**{"board/1": pong["cursor"]})) == ["resumed"]


async def test_a_pong_has_no_cursor_while_a_subscription_is_being_decided(hall: Hall) -> None:
    screen = hall.connect(member(1, 1, 2))
    await screen.subscribe("board/2")
    loop = asyncio.get_running_loop()

    def ping() -> None:
        loop.call_soon_threadsafe(screen.connection.pong)

    Hooks.at_snapshot = ping
    frames = await screen.subscribe("board/1")
    assert kinds(frames) == ["pong", "snapshot"]
    assert frames[0]["cursor"] is None
    screen.connection.pong()
    assert screen.take()[0]["cursor"] is not None


async def test_signals_go_to_whoever_is_listening(hall: Hall) -> None:
    one, other = hall.connect(member(1, 1)), hall.connect(member(2, 2))
    await one.subscribe("board/1")
    await other.subscribe("board/2")
    hall.bus.signal("board/1", "typing", {"on": True})
    (frame,) = one.take()
    assert (frame["t"], frame["topic"], frame["name"], frame["data"]) == (
        "signal",
        "board/1",
        "typing",
        {"on": True},
    )
    assert other.take() == []
