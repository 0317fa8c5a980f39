"""Assignment: who gets it, that limits hold, that the queue drains, and what absence does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.live import Screen
from tests.support.world import World, make_world
from yingke.kernel.db import Database
from yingke.kernel.rights import SYSTEM, Actor
from yingke.rooms.conversations import queries as conversation_queries
from yingke.rooms.routing import queries, rules
from yingke.rooms.routing.rules import Candidate
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.actions import people
from yingke.rooms.visitors import api as visitors


@pytest.fixture
def world(db: Database) -> World:
    return make_world(db)


def visitor(world: World) -> Actor:
    return world.db.write_now(visitors.begin, world.site, "zh-CN")[1]


def holder(world: World, key: str) -> int | None:
    return world.db.read_now(conversation_queries.visible, SYSTEM, key).assignee_id


def check_counters(world: World) -> None:
    for staff_id, load, held in world.db.read_now(queries.loads):
        assert load == held, f"the counter of {staff_id} has drifted"


def test_it_waits_while_nobody_accepts_and_is_assigned_when_somebody_comes(world: World) -> None:
    key = world.say(world.ann, "在吗").conversation
    world.settle()
    assert holder(world, key) is None
    world.come(world.wu)  # another group
    world.settle()
    assert holder(world, key) is None
    world.come(world.lin)
    world.settle()
    assert holder(world, key) == world.lin.id
    check_counters(world)


def test_most_free_first_then_whoever_waited_longest(world: World, clock: FakeClock) -> None:
    world.come(world.lin)
    world.come(world.he)
    got = []
    for _ in range(4):
        clock.advance(1)
        key = world.say(visitor(world), "在吗").conversation
        world.settle()
        got.append(holder(world, key))
    assert set(got[:2]) == {world.lin.id, world.he.id}
    assert got[2] == got[0], "who waited longest"
    assert got[3] == got[1]


def test_limits_hold_and_a_free_place_drains_the_queue_in_order(world: World, clock: FakeClock) -> None:
    keys = []
    for _ in range(5):
        clock.advance(1)
        keys.append(world.say(visitor(world), "在吗").conversation)
    world.come(world.lin)
    world.settle()
    assert [holder(world, key) for key in keys] == [world.lin.id] * 2 + [None] * 3
    world.close(world.lin, keys[0])
    world.settle()
    assert [holder(world, key) for key in keys[1:]] == [world.lin.id] * 2 + [None] * 2
    world.db.write_now(people.change_staff, world.chen, people.StaffChange(staff=world.lin.key, capacity=9))
    world.settle()
    assert all(holder(world, key) == world.lin.id for key in keys[1:])
    check_counters(world)


def test_those_who_wait_are_told_how_many_are_before_them(world: World, clock: FakeClock) -> None:
    waiting = []
    for _ in range(4):
        clock.advance(1)
        who = visitor(world)
        world.say(who, "在吗")
        waiting.append(who)
    world.settle()

    def ahead() -> list[int | None]:
        return [Screen(world.db, who, "chat").rows("conversation")[0]["ahead"] for who in waiting]

    assert ahead() == [0, 1, 2, 3]
    world.db.write_now(people.change_staff, world.chen, people.StaffChange(staff=world.lin.key, capacity=1))
    world.come(world.lin)
    world.settle()
    clock.advance(1)
    world.settle()
    assert ahead() == [None, 0, 1, 2]


def test_more_than_one_piece_is_drained_completely(world: World) -> None:
    keys = [world.say(visitor(world), "在吗").conversation for _ in range(45)]
    world.db.write_now(people.change_staff, world.chen, people.StaffChange(staff=world.lin.key, capacity=50))
    world.come(world.lin)
    world.settle()
    assert {holder(world, key) for key in keys} == {world.lin.id}
    check_counters(world)


def test_taken_by_hand_it_counts_and_frees_like_any_other(world: World) -> None:
    world.come(world.lin)
    key = world.say(world.ann, "在吗").conversation
    world.settle()
    world.take(world.he, key)
    world.settle()
    assert holder(world, key) == world.he.id
    assert {(id_, held) for id_, _, held in world.db.read_now(queries.loads)} >= {
        (world.lin.id, 0),
        (world.he.id, 1),
    }
    check_counters(world)


def absent(world: World, who: Actor, clock: FakeClock, seconds: float) -> None:
    """The connection of `who` goes; a minute of grace, then `seconds` more."""
    clock.advance(61)
    for other in (world.lin, world.he):
        if other is not who:
            world.db.write_now(staff.extend_connected, [other.id])
    world.settle()
    clock.advance(seconds)
    for other in (world.lin, world.he):
        if other is not who:
            world.db.write_now(staff.extend_connected, [other.id])
    world.settle()


def test_after_three_minutes_of_absence_only_what_waits_for_an_answer_goes_to_others(
    world: World, clock: FakeClock
) -> None:
    world.come(world.lin)
    asked = world.say(world.ann, "在吗").conversation
    answered = world.say(world.bob, "在吗").conversation
    world.settle()
    world.answer(world.lin, answered, "在的")
    world.come(world.he)
    absent(world, world.lin, clock, 179)
    assert holder(world, asked) == world.lin.id, "a blip moves nothing"
    clock.advance(2)
    world.settle()
    assert holder(world, asked) == world.he.id
    assert holder(world, answered) == world.lin.id
    world.say(world.bob, "还有一个问题")
    world.settle()
    assert holder(world, answered) == world.he.id
    check_counters(world)


def test_who_comes_back_in_time_keeps_everything(world: World, clock: FakeClock) -> None:
    world.come(world.lin)
    key = world.say(world.ann, "在吗").conversation
    world.settle()
    world.come(world.he)
    absent(world, world.lin, clock, 100)
    world.db.write_now(staff.connected, world.lin.id)
    world.settle()
    clock.advance(300)
    world.db.write_now(staff.extend_connected, [world.lin.id, world.he.id])
    world.settle()
    assert holder(world, key) == world.lin.id


def test_what_is_given_back_keeps_its_place(world: World, clock: FakeClock) -> None:
    world.come(world.lin)
    first = world.say(world.ann, "早来的").conversation
    world.settle()
    clock.advance(5)
    later = world.say(world.bob, "晚来的").conversation
    world.settle()
    before = world.db.read_now(conversation_queries.visible, SYSTEM, first).queued_at
    absent(world, world.lin, clock, 185)
    assert [row.conversation_id for row in world.db.read_now(queries.waiting_in, world.sales.id)] == [
        world.db.read_now(conversation_queries.visible, SYSTEM, key).id for key in (first, later)
    ]
    assert world.db.read_now(conversation_queries.visible, SYSTEM, first).queued_at == before


def test_each_decision_says_why(world: World) -> None:
    world.come(world.lin)
    world.come(world.he)
    key = world.say(world.ann, "在吗").conversation
    world.settle()
    id_ = world.db.read_now(conversation_queries.visible, SYSTEM, key).id
    (decision,) = world.db.read_now(queries.decisions_of, id_)
    assert decision.staff_id == holder(world, key)
    assert sorted(one.reason for one in decision.candidates) == ["chosen", "waited_less"]


candidates = st.lists(
    st.builds(
        lambda id_, capacity, load, last: Candidate(id_, f"k{id_}", f"n{id_}", capacity, load, last),
        st.integers(1, 50),
        st.integers(0, 5),
        st.integers(0, 7),
        st.integers(0, 4),
    ),
    max_size=8,
    unique_by=lambda one: one.staff_id,
)


@given(candidates, st.randoms(use_true_random=False))
def test_the_choice_is_the_same_in_any_order_and_never_over_a_limit(
    some: list[Candidate], shuffle: random.Random
) -> None:
    chosen = rules.choose(some)
    mixed = list(some)
    shuffle.shuffle(mixed)
    assert rules.choose(mixed) == chosen
    free = [one for one in some if one.load < one.capacity]
    if chosen is None:
        assert not free
    else:
        assert chosen.load < chosen.capacity
        assert all(one.free <= chosen.free for one in free)
        assert all(one.last_assigned_at >= chosen.last_assigned_at for one in free if one.free == chosen.free)
