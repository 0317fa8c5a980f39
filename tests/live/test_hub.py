"""The hub: everything committed, once, in order, to whoever listens; and what it can say of the past."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.live.hall import PATIENCE, Hall, deaf, state, tell, write
from yingke.kernel import journal
from yingke.kernel.db import Database
from yingke.kernel.entries import START, Audience, Change, Cursor, drop, put
from yingke.kernel.topics import Viewer
from yingke.live import hub as module


class Ear:
    """Listens to some topics."""

    def __init__(self, hall: Hall, viewer: Viewer, *inner: str) -> None:
        self.told: list[tuple[Cursor, Any]] = []
        self.signals: list[tuple[str, object]] = []
        self.again = 0
        hall.hub.attach(viewer, inner, self)

    def tell(self, cursor: Cursor, changes: bytes) -> None:
        self.told.append((cursor, msgspec.json.decode(changes)))

    def signal(self, name: str, data: object) -> None:
        self.signals.append((name, data))

    def guard_again(self) -> None:
        self.again += 1

    @property
    def words(self) -> list[str]:
        return [change[4]["words"] for _, changes in self.told for change in changes if change[0] == "put"]


async def test_who_listens_is_told_everything_from_then_on_in_order(hall: Hall) -> None:
    await hall.db.write(write, 1, "a", "before")
    await hall.heard()
    ear, other = Ear(hall, "staff", "board/1"), Ear(hall, "staff", "board/2")
    await asyncio.gather(*(hall.db.write(write, 1, f"{n}", f"{n}") for n in range(30)))
    await hall.heard()
    assert sorted(ear.words) == sorted(f"{n}" for n in range(30))
    assert [cursor for cursor, _ in ear.told] == sorted(cursor for cursor, _ in ear.told)
    assert other.told == []


async def test_what_another_process_writes_is_read(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.02)
    ear = Ear(hall, "staff", "board/1")
    other = Database(hall.db.url.render_as_string(hide_password=False))
    try:
        for n in range(3):
            await other.write(write, 1, "a", f"theirs {n}")
            await hall.db.write(write, 1, "a", f"ours {n}")
    finally:
        other.close()
    await hall.heard()
    assert ear.words == [f"{whose} {n}" for n in range(3) for whose in ("theirs", "ours")]


async def test_a_silent_bus_is_made_up_for_by_looking(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.02)
    ear = Ear(hall, "staff", "board/1")
    hall.hub._loop = None  # nothing is handed over
    await hall.bus.stop()  # and nobody wakes
    hall.hub._awake.set()  # the wait that is under way was begun with the long interval
    await hall.db.write(write, 1, "a", "seen all the same")
    await hall.heard()
    assert ear.words == ["seen all the same"]


async def test_within_one_process_entries_are_handed_over_without_reading(hall: Hall) -> None:
    if hall.db.dialect != "sqlite":
        pytest.skip("with several writers only the database knows the order")
    ear = Ear(hall, "staff", "board/1")
    assert hall.hub._task is not None
    hall.hub._task.cancel()
    await asyncio.wait([hall.hub._task])
    await hall.db.write(write, 1, "a", "handed over")
    await hall.heard()
    assert ear.words == ["handed over"]


async def test_a_read_that_fails_is_tried_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "POLL", 0.02)
    ear = Ear(hall, "staff", "board/1")
    read_on, failures = journal.read_on, [OSError("gone"), OSError("gone")]

    def failing(*args: Any) -> Any:
        if failures:
            raise failures.pop()
        return read_on(*args)

    with deaf(hall.hub):
        await hall.db.write(write, 1, "a", "at last")
        monkeypatch.setattr(journal, "read_on", failing)
    await hall.heard()
    assert ear.words == ["at last"]
    assert "could not be read" in caplog.text


async def test_what_is_handed_over_while_it_begins_is_kept_once(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.live.stop()
    begin = module._last_entries

    def slow(read: Any) -> Any:
        found = begin(read)
        hall.db.write_now(write, 1, "a", "meanwhile")
        return found

    monkeypatch.setattr(module, "_last_entries", slow)
    await hall.start()
    await hall.heard()
    assert words_since(hall, START) == ["meanwhile"]


async def test_staff_and_visitors_are_told_different_things_of_the_same_place(hall: Hall) -> None:
    staff, guest = Ear(hall, "staff", "chat/1"), Ear(hall, "visitor", "chat/1")
    told = Audience(
        stream="board:1",
        staff={"chat/1": [put("line", "n", 1, {"words": "among us"})]},
        visitor={"chat/1": [put("line", "r", 1, {"words": "for you"})]},
    )
    await hall.db.write(state, told)
    await hall.heard()
    assert (staff.words, guest.words) == (["among us"], ["for you"])


async def test_signals_find_their_kind_of_viewer(hall: Hall) -> None:
    staff, guest = Ear(hall, "staff", "thread/1", "chat/1"), Ear(hall, "visitor", "chat/1", "thread/1")
    hall.bus.signal("thread/1", "typing", 1)
    hall.bus.signal("chat/1", "typing", 2)
    hall.bus.signal("nobody/there", "typing", 3)
    assert (staff.signals, guest.signals) == ([("typing", 1)], [("typing", 2)])


async def test_whoever_is_concerned_is_guarded_again(hall: Hall) -> None:
    here, there = Ear(hall, "staff", "board/1"), Ear(hall, "staff", "board/2")
    person, other = Ear(hall, "staff"), Ear(hall, "staff")
    hall.hub.join("staff:1", person)
    hall.hub.join("staff:2", other)
    await hall.db.write(tell, 0, reguard=["board/1", "actor:staff:1", "actor:staff:9", "board/9"])
    await hall.heard()
    assert [ear.again for ear in (here, there, person, other)] == [1, 0, 1, 0]


# --- the past --------------------------------------------------------------------------------------------------------


def words_since(
    hall: Hall, cursor: Cursor, inner: Sequence[str] = ("board/1",), most: int = 100
) -> list[str] | None:
    told = hall.hub.since("staff", inner, cursor, most)
    if told is None:
        return None
    return [
        change[4]["words"] for _, _, raw in told for change in msgspec.json.decode(raw) if change[0] == "put"
    ]


async def places(hall: Hall, count: int, board: int = 1) -> list[Cursor]:
    """The places of so many lines, written one after the other."""
    found = []
    for n in range(count):
        await hall.db.write(write, board, f"{n}", f"{n}")
        found.append(hall.last)
    await hall.heard()
    return found


@pytest.mark.parametrize("begun_later", [False, True])
async def test_it_knows_what_was_told_since_a_place(hall: Hall, begun_later: bool) -> None:
    at = await places(hall, 5)
    await hall.db.write(write, 2, "x", "elsewhere")
    if begun_later:
        await hall.again()
    await hall.heard()
    assert words_since(hall, at[1]) == ["2", "3", "4"]
    assert words_since(hall, at[4]) == []
    assert words_since(hall, at[2], ("board/1", "board/2", "board/3")) == ["3", "4", "elsewhere"]
    assert words_since(hall, at[0], most=4) == ["1", "2", "3", "4"]
    assert words_since(hall, at[0], most=3) is None


async def test_what_it_has_forgotten_it_does_not_guess(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    at = await places(hall, 6)
    assert words_since(hall, at[1]) is None
    assert words_since(hall, at[2]) == ["3", "4", "5"]
    assert words_since(hall, at[0], ("board/9",)) is None, "who knows what was told there"
    assert len(hall.hub._told["staff", "board/1"]) == 3


async def test_a_process_that_begins_reads_back_only_the_latest(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = await places(hall, 6)
    monkeypatch.setattr(module, "FIRST", 3)
    monkeypatch.setattr(module, "PAGE", 2)
    await hall.again()
    await hall.heard()
    assert words_since(hall, at[1]) is None
    assert words_since(hall, at[2]) == ["3", "4", "5"]


async def test_over_a_blank_it_does_not_answer(hall: Hall) -> None:
    at = await places(hall, 3)
    await hall.db.write(journal.redact, "board:1", "1")
    await hall.again()
    await hall.heard()
    assert words_since(hall, at[0]) is None
    assert words_since(hall, at[2]) == []
    assert words_since(hall, at[0], ("board/2",)) == []


async def test_the_order_within_an_entry_is_that_of_its_writer(hall: Hall) -> None:
    told: dict[str, list[Change]] = {
        "board/2": [drop("line", "a"), put("line", "b", 1, {"words": "first"})],
        "board/1": [put("line", "a", 1, {"words": "second"})],
        "board/3": [put("line", "b", 1, {"words": "third"})],
    }
    await hall.db.write(state, Audience(stream="board:1", staff=told))
    await hall.again()
    await hall.heard()
    assert words_since(hall, START, ("board/1", "board/2", "board/3")) == ["first", "second", "third"]


async def test_it_remembers_what_was_to_be_decided_anew(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = await places(hall, 1)
    await hall.db.write(tell, 0, reguard=["actor:staff:1", "board/1"])
    after = hall.last
    await hall.heard()
    for _ in range(2):
        assert hall.hub.reguarded(["actor:staff:1"], before)
        assert hall.hub.reguarded(["x", "board/1"], before)
        assert not hall.hub.reguarded(["actor:staff:2", "board/2"], before)
        assert not hall.hub.reguarded(["actor:staff:1", "board/1"], after)
        await hall.again()
        await hall.heard()
    monkeypatch.setattr(module, "KEPT", 2)
    await places(hall, 4)
    assert hall.hub._reguarded == {}
    assert hall.hub.reguarded([], after), "that is no longer known"


async def test_cursors_outside_are_masked_and_come_back(hall: Hall) -> None:
    at = await places(hall, 2)
    texts = [hall.hub.cursor_text(cursor) for cursor in (*at, at[0])]
    assert len(set(texts)) == 3
    assert [hall.hub.codec.decode(text) for text in texts] == [*at, at[0]]


async def test_who_goes_is_forgotten(hall: Hall) -> None:
    ear = Ear(hall, "staff", "board/1", "board/2")
    hall.hub.join("staff:1", ear)
    hall.hub.detach("staff", ["board/1", "board/2", "board/3"], ear)
    hall.hub.part("staff:1", ear)
    hall.hub.part("staff:1", ear)
    await hall.db.write(write, 1, "a", "x")
    await hall.heard()
    assert ear.told == []
    assert (hall.hub._listeners, hall.hub._members) == ({}, {})


async def test_on_an_empty_journal_the_first_entry_is_told(hall: Hall) -> None:
    assert hall.hub.position == START
    ear = Ear(hall, "staff", "board/1")
    await hall.db.write(write, 1, "a", "the first")
    async with asyncio.timeout(PATIENCE):
        while not ear.words:
            await asyncio.sleep(0.002)
    assert ear.words == ["the first"]


async def test_it_ends_at_whatever_moment_it_is_stopped(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Python 3.11 `wait_for` swallows a cancellation that comes together with what it waits for."""
    monkeypatch.setattr(module, "POLL", 3600)
    for turns in range(6):
        await hall.again()
        async with asyncio.timeout(PATIENCE):
            while not hall.hub._awake._waiters:
                await asyncio.sleep(0)
            hall.hub._awake.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            await hall.hub.stop()
