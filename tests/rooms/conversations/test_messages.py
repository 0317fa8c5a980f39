"""Messages: kept once, in one order, with their numbers, marks and unread counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.live import Screen
from tests.support.world import World, make_world, new_id
from yingke.kernel.db import Database
from yingke.kernel.errors import Forbidden, Invalid, NotFound, Refused
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import queries
from yingke.rooms.conversations.actions import lifecycle


@pytest.fixture
def world(db: Database) -> World:
    world = make_world(db)
    world.come(world.lin)
    return world


def thread(world: World, key: str) -> list[tuple[int, str, str]]:
    rows = Screen(world.db, world.zhou, f"thread/{key}").rows("message")
    return [
        (row["seq"], row["from"], row["text"] or row["code"])
        for row in sorted(rows, key=lambda row: row["seq"])
    ]


def chat(world: World, who: Actor) -> list[tuple[int, int, str]]:
    rows = Screen(world.db, who, "chat").rows("message")
    return sorted((row["no"], row["seq"], row["text"] or row["code"]) for row in rows)


def test_a_repeat_gets_the_answer_of_the_first_time(world: World) -> None:
    first = world.say(world.ann, "在吗", "same-id-1")
    assert world.say(world.ann, "在吗", "same-id-1") == first
    assert [text for _, _, text in thread(world, first.conversation)] == ["在吗"]
    with pytest.raises(Invalid, match="id_reused"):
        world.say(world.ann, "别的话", "same-id-1")


def test_the_same_id_of_two_people_is_two_messages(world: World) -> None:
    one = world.say(world.ann, "在吗", "same-id-1")
    other = world.say(world.bob, "在吗", "same-id-1")
    assert one.conversation != other.conversation


def test_a_repeat_after_the_end_neither_reopens_nor_doubles(world: World, clock: FakeClock) -> None:
    first = world.say(world.ann, "在吗", "same-id-1")
    world.take(world.lin, first.conversation)
    world.close(world.lin, first.conversation)
    clock.advance(3600)
    assert world.say(world.ann, "在吗", "same-id-1") == first
    assert {no for no, _, _ in chat(world, world.ann)} == {1}


def test_notes_show_visitors_neither_gaps_nor_their_timing(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.take(world.lin, key)
    world.answer(world.lin, key, "二")
    before = Screen(world.db, world.ann, "chat").held.dump()
    world.note(world.lin, key, "内部")
    world.read_as_staff(world.lin, key, 4)
    after_note = Screen(world.db, world.ann, "chat").held.dump()
    read_marks = ("staff_delivered", "staff_read")
    for was, is_ in zip(before, after_note, strict=True):
        assert {k: v for k, v in was[3].items() if k not in read_marks} == {
            k: v for k, v in is_[3].items() if k not in read_marks
        }
    world.answer(world.lin, key, "三")
    assert [seq for _, seq, _ in chat(world, world.ann)] == [1, 2, 3, 4]
    assert [text for _, _, text in chat(world, world.ann)] == ["一", "agent_joined", "二", "三"]


def test_reading_a_note_moves_nothing_a_visitor_sees(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.take(world.lin, key)
    world.read_as_staff(world.lin, key, 2)
    world.note(world.lin, key, "内部")
    before = Screen(world.db, world.ann, "chat").held.dump()
    world.read_as_staff(world.lin, key, 3)
    assert Screen(world.db, world.ann, "chat").held.dump() == before


def test_unread_leaves_out_ones_own_and_what_happened(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.take(world.lin, key)
    world.say(world.ann, "二")
    world.answer(world.lin, key, "三")
    world.note(world.lin, key, "四")
    (row,) = Screen(world.db, world.lin, f"thread/{key}").rows("conversation")
    assert row["unread"] == 2
    (row,) = Screen(world.db, world.ann, "chat").rows("conversation")
    assert row["unread"] == 1
    world.read_as_staff(world.lin, key, 1)
    (row,) = Screen(world.db, world.lin, f"thread/{key}").rows("conversation")
    assert row["unread"] == 1
    world.read_as_customer(world.ann, key, 99)
    (row,) = Screen(world.db, world.ann, "chat").rows("conversation")
    assert (row["unread"], row["read"]) == (0, row["last_seq"])


def test_marks_only_grow_and_a_colleagues_look_is_no_reading(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.take(world.lin, key)
    world.read_as_staff(world.lin, key, 2)
    world.read_as_staff(world.lin, key, 1)
    world.read_as_staff(world.zhou, key, 2)
    (row,) = Screen(world.db, world.lin, f"thread/{key}").rows("conversation")
    assert (row["staff_read"], row["unread"]) == (2, 0)
    world.say(world.ann, "二")
    world.read_as_staff(world.zhou, key, 3)
    (row,) = Screen(world.db, world.lin, f"thread/{key}").rows("conversation")
    assert (row["staff_read"], row["unread"]) == (2, 1)


def test_who_waits_for_whom(world: World, clock: FakeClock) -> None:
    key = world.say(world.ann, "一").conversation
    since = clock()
    clock.advance(5)
    world.say(world.ann, "二")
    conversation = world.db.read_now(queries.visible, world.zhou, key)
    assert conversation.waiting_since == since
    world.take(world.lin, key)
    world.note(world.lin, key, "我来看看")
    assert world.db.read_now(queries.visible, world.zhou, key).waiting_since == since
    world.answer(world.lin, key, "在")
    assert world.db.read_now(queries.visible, world.zhou, key).waiting_since is None


@pytest.mark.parametrize(("later", "no"), [(30 * 60, 1), (30 * 60 + 1, 2)])
def test_writing_after_the_end_reopens_within_half_an_hour(
    world: World, clock: FakeClock, later: int, no: int
) -> None:
    first = world.say(world.ann, "一")
    world.take(world.lin, first.conversation)
    world.close(world.lin, first.conversation)
    clock.advance(later)
    again = world.say(world.ann, "二")
    assert again.no == no
    assert (again.conversation == first.conversation) is (no == 1)
    state = world.db.read_now(queries.visible, world.zhou, again.conversation)
    assert (state.state, state.assignee_id) == ("queued", None)


def test_staff_cannot_answer_what_has_ended_but_may_note(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.take(world.lin, key)
    world.close(world.lin, key)
    with pytest.raises(Refused, match="conversation_state"):
        world.answer(world.lin, key, "太晚了")
    world.note(world.lin, key, "记一下")


def test_reopening_by_hand_waits_for_nobody(world: World, clock: FakeClock) -> None:
    first = world.say(world.ann, "一").conversation
    world.take(world.lin, first)
    world.close(world.lin, first)
    row = world.db.write_now(lifecycle.reopen, world.he, first)
    assert (row.state, row.assignee and row.assignee.key) == ("active", world.he.key)
    world.close(world.he, first)
    clock.advance(3600)
    world.say(world.ann, "新的")
    with pytest.raises(Refused, match="other_conversation_open"):
        world.db.write_now(lifecycle.reopen, world.lin, first)


def test_of_two_who_take_it_the_first_has_it(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    world.db.write_now(lifecycle.take, world.he, key)
    with pytest.raises(Refused, match="conversation_taken"):
        world.db.write_now(lifecycle.take, world.lin, key)
    assert world.db.write_now(lifecycle.take, world.he, key).assignee is not None


def test_rights_reach_as_far_as_the_group(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    with pytest.raises(NotFound):
        world.answer(world.wu, key, "我不是这组的")
    with pytest.raises(NotFound):
        world.take(world.wu, key)
    world.answer(world.zhou, key, "主管可以")
    nobody = Actor(
        kind="staff", id=world.lin.id, key=world.lin.key, name="lin", rights={}, groups=world.lin.groups
    )
    with pytest.raises(NotFound):
        world.answer(nobody, key, "没有权限")
    reader = Actor(
        kind="staff",
        id=world.lin.id,
        key=world.lin.key,
        name="lin",
        rights={"conversations.read": world.zhou.rights["conversations.read"]},
    )
    with pytest.raises(Forbidden):
        world.answer(reader, key, "只能看")


def test_another_visitors_conversation_is_not_there(world: World) -> None:
    key = world.say(world.ann, "一").conversation
    with pytest.raises(NotFound):
        world.read_as_customer(world.bob, key, 1)
    with pytest.raises(NotFound):
        world.db.write_now(lifecycle.end, world.bob, key, "web", world.bob.key)


def test_many_at_once_get_every_number_once(world: World) -> None:
    """Two visitors and three of the staff write side by side; each message stands once, numbered without gaps."""
    keys = {who.key: world.say(who, "开始").conversation for who in (world.ann, world.bob)}
    jobs = [(who, n) for n in range(20) for who in (world.ann, world.bob)]

    def write(job: tuple[Actor, int]) -> None:
        who, n = job
        id_ = new_id()
        world.say(who, f"问 {n}", id_)
        world.answer(world.lin, keys[who.key], f"答 {n}", id_=f"{id_}-a")
        world.say(who, f"问 {n}", id_)  # its answer was lost

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, jobs))
    for who in (world.ann, world.bob):
        lines = thread(world, keys[who.key])
        assert [seq for seq, _, _ in lines] == list(range(1, 42))
        said = [text for _, _, text in lines]
        assert sorted(said) == sorted(
            ["开始", *(f"问 {n}" for n in range(20)), *(f"答 {n}" for n in range(20))]
        )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.booleans()), min_size=1, max_size=12))
def test_a_group_with_repeats_keeps_each_once_in_the_order_of_the_calls(
    world: World, calls: list[tuple[str, bool]]
) -> None:
    """Whatever repeats stand in one group: duplicates are found before anything is numbered."""
    from_ann = new_id()
    before = len(chat(world, world.ann))
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(lambda call: world.say(world.ann, call[0], f"{from_ann}-{call[0]}"), calls))
    assert len({answer.seq for answer in answers}) == len({text for text, _ in calls})
    added = len(chat(world, world.ann)) - before
    assert added <= 50
    by_text: dict[str, set[int]] = {}
    for (text, _), answer in zip(calls, answers, strict=True):
        by_text.setdefault(text, set()).add(answer.seq)
    assert all(len(seqs) == 1 for seqs in by_text.values())


def test_what_was_said_is_found_by_those_who_may_read_it(world: World) -> None:
    key = world.say(world.ann, "订单 DD438485 什么时候发货").conversation
    world.take(world.lin, key)
    world.note(world.lin, key, "发货要查仓库")
    world.settle()

    def found(who: Actor, query: str) -> list[int]:
        return [m.seq for _, _, m in world.db.read_now(queries.search_messages, who, query, None, 10)]

    assert found(world.lin, "发货") == [3, 1]
    assert found(world.zhou, "DD438485") == [1]
    assert found(world.wu, "发货") == []
    assert found(world.lin, "退货") == []
