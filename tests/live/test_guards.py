"""Rights that change while somebody listens: nothing more until the guard has said yes again, and no way around it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
import pytest

from tests.live.hall import (
    PATIENCE,
    Hall,
    Hooks,
    change_rights,
    erase,
    kinds,
    member,
    state,
    tell,
    visitor,
    write,
)
from tests.support.world import make_world
from yingke.kernel.entries import Audience, put
from yingke.live import connection as module
from yingke.rooms.staff.actions import people


def expel(hall: Hall, id_: int, *left: int) -> None:
    """From now on this member has only these groups."""
    who = hall.knows(member(id_, *left))
    hall.db.write_now(change_rights, who)


async def test_whoever_loses_the_right_is_told_so_and_nothing_more(hall: Hall) -> None:
    screen, other = hall.connect(member(1, 1, 2)), hall.connect(member(2, 1))
    await screen.subscribe("board/1", "board/2")
    await other.subscribe("board/1")
    expel(hall, 1, 2)
    await hall.db.write(write, 1, "note", "written right after")
    await hall.db.write(write, 2, "a", "still one's own")
    frames = await screen.hear()
    assert "written right after" not in str(screen.frames)
    (denied,) = [frame for frame in frames if frame["t"] == "denied"]
    assert denied["topic"] == "board/1"
    assert denied["problem"]["code"] == "forbidden"
    assert screen.held["board/1"].rows == {}
    assert screen.words("board/2") == {"a": "still one's own"}
    await hall.db.write(write, 1, "note", "and later")
    assert await screen.hear() == []
    await other.hear()
    assert other.words("board/1") == {"note": "and later"}


async def test_a_note_of_the_same_transaction_does_not_slip_through(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    hall.knows(member(1))
    note = Audience(stream="board:1", staff={"board/1": [put("line", "n", 1, {"words": "secret"})]})
    await hall.db.write(state, Audience(stream="staff:1", reguard=["actor:staff:1"]), note)
    assert kinds(await screen.hear()) == ["denied"]


async def test_whoever_gains_a_right_sees_what_was_there_before(hall: Hall) -> None:
    await hall.db.write(write, 2, "a", "old")
    screen = hall.connect(member(1, 1))
    await screen.subscribe("boards")
    assert screen.words("boards") == {}
    expel(hall, 1, 1, 2)
    assert kinds(await screen.hear()) == ["snapshot"]
    assert screen.words("boards") == {"a": "old"}
    await hall.db.write(write, 2, "a", "new")
    await screen.hear()
    assert screen.words("boards") == {"a": "new"}


@pytest.mark.parametrize("when", ["at_guard", "at_snapshot"])
@pytest.mark.parametrize("resuming", [False, True])
async def test_a_right_lost_while_the_subscription_is_being_decided(
    hall: Hall, when: str, resuming: bool
) -> None:
    """The guard has looked already, the connection is not attached yet: the change must not fall between."""
    await hall.db.write(write, 1, "a", "x")
    first = hall.connect(member(1, 1))
    (snapshot,) = await first.subscribe("board/1")
    screen = hall.connect(member(1, 1))

    def lose() -> None:
        who = hall.knows(member(1))
        hall.write_and_pass(change_rights, who)

    if resuming and when == "at_snapshot":
        pytest.skip("no snapshot is taken")
    setattr(Hooks, when, lose)
    frames = await screen.subscribe(**{"board/1": snapshot["cursor"] if resuming else None})
    assert kinds(frames) == ["denied"]
    await hall.db.write(write, 1, "a", "secret")
    assert "secret" not in str(await screen.hear())


async def test_a_right_lost_between_finding_who_it_is_and_looking(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, screen = module._look, hall.connect(member(1, 1))

    def lose_first(*args: Any) -> Any:
        monkeypatch.setattr(module, "_look", look)
        who = hall.knows(member(1))
        hall.write_and_pass(change_rights, who)
        return look(*args)

    monkeypatch.setattr(module, "_look", lose_first)
    assert kinds(await screen.subscribe("board/1")) == ["denied"]


async def test_a_right_lost_before_anything_was_subscribed(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    expel(hall, 1)
    assert await screen.hear() == []
    assert kinds(await screen.subscribe("board/1")) == ["denied"]


async def test_a_right_lost_again_while_it_is_being_decided_anew(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")

    def lose() -> None:
        who = hall.knows(member(1))
        hall.write_and_pass(change_rights, who)

    Hooks.at_snapshot = lose
    expel(hall, 1, 1)  # something else of theirs changed
    assert kinds(await screen.hear()) == ["denied"]


async def test_what_leaves_while_it_is_being_decided_says_no_more_than_was_told(hall: Hall) -> None:
    """The cursor of changes that waited stands before what is not told to a subscription being decided."""
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")
    await hall.db.write(write, 1, "a", "waits to be sent")
    await hall.heard()
    taken: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()

    def leave() -> None:
        hall.write_and_pass(write, 1, "b", "not told before the snapshot")
        loop.call_soon_threadsafe(break_off)

    def break_off() -> None:
        taken.extend(screen.take())
        screen.connection.leave()

    Hooks.at_snapshot = leave
    await hall.db.write(tell, 1, reguard=["board/1"])
    await screen.hear()
    back = hall.connect(member(1, 1))
    back.held = screen.held
    await back.subscribe(**{"board/1": taken[-1]["cursor"]})
    assert back.words("board/1") == {"a": "waits to be sent", "b": "not told before the snapshot"}


async def test_coming_back_over_a_change_of_rights_begins_anew(hall: Hall) -> None:
    """What was missed on the new board is more than what was told since."""
    await hall.db.write(write, 1, "mine", "before")
    await hall.db.write(write, 2, "theirs", "before")
    screen = hall.connect(member(1, 1))
    (snapshot,) = await screen.subscribe("boards")
    screen.connection.leave()
    expel(hall, 1, 2)
    await hall.heard()
    back = hall.connect(member(1, 2))
    back.held = screen.held
    assert kinds(await back.subscribe(boards=snapshot["cursor"])) == ["snapshot"]
    assert back.words("boards") == {"theirs": "before"}


async def test_a_thing_that_moves_has_its_own_listeners_decided_again(hall: Hall) -> None:
    screen, elsewhere = hall.connect(member(1, 1)), hall.connect(member(1, 2))
    await screen.subscribe("board/1")
    await elsewhere.subscribe("board/2")
    await hall.db.write(tell, 1, reguard=["board/1"])
    assert kinds(await screen.hear()) == ["snapshot"]
    assert await elsewhere.hear() == []


async def test_whoever_is_signed_out_is_cut_off(hall: Hall) -> None:
    listening, idle, other = (hall.connect(member(id_, 1)) for id_ in (1, 1, 2))
    await listening.subscribe("board/1")
    await other.subscribe("board/1")
    del hall.people["s1"]
    await hall.db.write(change_rights, member(1))
    await hall.db.write(write, 1, "a", "x")
    assert await listening.hear() == []
    await idle.hear()
    assert (listening.closed, idle.closed, other.closed) == ([4401], [4401], [])
    assert kinds(await other.hear()) == ["change"]


async def test_whoever_is_found_signed_out_while_subscribing_is_cut_off(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))

    def sign_out() -> None:
        del hall.people["s1"]
        hall.write_and_pass(change_rights, member(1))

    Hooks.at_guard = sign_out
    assert await screen.subscribe("board/1") == []
    assert screen.closed == [4401]


async def test_a_guard_that_breaks_cuts_off(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    screen = hall.connect(member(1, 1))
    await screen.subscribe("board/1")

    def broken() -> None:
        raise RuntimeError("broken")

    Hooks.at_guard = broken
    await hall.db.write(change_rights, member(1))
    await screen.hear()
    assert screen.closed == [1013]
    assert "could not be decided" in caplog.text


# --- limits ----------------------------------------------------------------------------------------------------------


async def test_a_slow_client_is_cut_and_told_nothing_more(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED", 1000)
    screen, quick = hall.connect(member(1, 1)), hall.connect(member(2, 1))
    await screen.subscribe("board/1")
    await quick.subscribe("board/1")
    for _ in range(3):
        await hall.db.write(write, 1, "a", "x" * 200)
        await quick.hear()
    assert screen.closed == []
    for _ in range(3):
        await hall.db.write(write, 1, "a", "x" * 200)
        await quick.hear()
    assert (screen.closed, quick.closed) == ([1013], [])


async def test_asking_for_snapshots_without_taking_them_is_slow_too(hall: Hall) -> None:
    screen = hall.connect(member(1, 1, 2))
    await screen.connection.subscribe({"board/1": None, "board/2": None})
    assert screen.closed == []
    await screen.connection.subscribe({"board/1": None})
    assert screen.closed == [1013]


async def test_more_topics_than_there_may_be_are_denied(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOPICS", 2)
    screen = hall.connect(member(1, 1, 2, 3))
    frames = await screen.subscribe("board/1", "board/2", "board/3")
    assert kinds(frames) == ["snapshot", "snapshot", "denied"]
    assert frames[2]["problem"]["params"] == {"limit": 2}
    screen.connection.unsubscribe(["board/1"])
    assert kinds(await screen.subscribe("board/3", "board/2")) == ["snapshot", "snapshot"]


async def test_what_is_not_known_is_denied_in_the_readers_language(hall: Hall) -> None:
    screen = hall.connect(member(1, 1))
    screen.connection.locale = "zh-CN"
    (denied,) = await screen.subscribe("nowhere/" + "x" * 500)
    assert len(denied["topic"]) == 200
    assert (denied["problem"]["code"], denied["problem"]["status"]) == ("topic_unknown", 404)
    assert "没有您可以收听的主题" in denied["problem"]["detail"]
    guest = hall.connect(visitor(1))
    assert kinds(await guest.subscribe("board/1", "boards", "wall")) == ["denied", "denied", "snapshot"]


async def test_leaving_leaves_nothing_behind(hall: Hall) -> None:
    screen = hall.connect(member(1, 1, 2))
    await screen.subscribe("board/1", "boards")
    screen.connection.unsubscribe(["board/1", "never there"])
    await hall.db.write(write, 1, "a", "x")
    assert [frame["topic"] for frame in await screen.hear()] == ["boards"]
    Hooks.at_snapshot = lambda: None
    await hall.db.write(change_rights, member(1))
    await hall.heard()
    screen.connection.leave()
    async with asyncio.timeout(PATIENCE):
        while screen.connection._tasks:
            await asyncio.sleep(0.002)
    assert (hall.hub._listeners, hall.hub._members) == ({}, {})
    assert screen.closed == []


# --- all of it at once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_a_replica_equals_a_fresh_snapshot(hall: Hall, seed: int) -> None:
    chance = random.Random(seed)
    screen = hall.connect(member(1, 1, 2))
    await screen.subscribe("boards", "board/1")

    async def act() -> None:
        board, key = chance.choice((1, 2, 3)), chance.choice("abc")
        match chance.randrange(8):
            case 0:
                await hall.db.write(erase, board, f"{board}{key}")
            case 1:
                who = hall.knows(member(1, *chance.sample((1, 2, 3), chance.randint(1, 3))))
                await hall.db.write(change_rights, who)
            case 2:
                await hall.db.write(tell, board, reguard=[f"board/{board}"])
            case _:
                await hall.db.write(write, board, f"{board}{key}", f"{chance.random()}")

    for _ in range(12):
        if chance.random() < 0.4:  # away for a while, as somebody whose rights may change meanwhile
            old = screen
            old.connection.leave()
            for _ in range(chance.randrange(4)):
                await act()
            screen = hall.connect(hall.people["s1"])
            screen.held = {name: held for name, held in old.held.items() if held.cursor}
            for held in screen.held.values():
                held.interrupted()
            if chance.random() < 0.3:
                await hall.heard()
                await hall.again()
                screen = hall.connect(hall.people["s1"])
                screen.held = {name: held for name, held in old.held.items() if held.cursor}
            await screen.subscribe(**{name: held.cursor for name, held in screen.held.items()})
        await asyncio.gather(*(act() for _ in range(chance.randrange(5))))
        if chance.random() < 0.5:
            await screen.hear()
        if chance.random() < 0.3:
            screen.connection.pong()
    await screen.hear()
    fresh = hall.connect(hall.people["s1"])
    await fresh.subscribe(*screen.held)
    assert {name: held.dump() for name, held in screen.held.items() if held.cursor} == {
        name: held.dump() for name, held in fresh.held.items() if held.cursor
    }


# --- with the product's own rooms ------------------------------------------------------------------------------------


async def test_a_note_written_right_after_the_removal_from_the_group_never_arrives(hall: Hall) -> None:
    world = await asyncio.to_thread(make_world, hall.db)
    await asyncio.to_thread(world.come, world.he)
    key = (await asyncio.to_thread(world.say, world.ann, "你好")).conversation
    await asyncio.to_thread(world.take, world.he, key)
    hall.knows(world.lin)
    screen = hall.connect(world.lin)
    await screen.subscribe("inbox", f"thread/{key}")
    assert screen.held[f"thread/{key}"].all("message")
    hall.knows(msgspec.structs.replace(world.lin, groups=frozenset({world.care.id})))
    change = people.StaffChange(staff=world.lin.key, groups=(world.care.key,))
    await hall.db.write(people.change_staff, world.chen, change)
    await asyncio.to_thread(world.note, world.he, key, "只有同事能看的话")
    frames = await screen.hear()
    assert [frame["topic"] for frame in frames if frame["t"] == "denied"] == [f"thread/{key}"]
    assert "只有同事能看的话" not in str(screen.frames)
    assert not screen.held["inbox"].rows
