"""For each registered event and each kind of viewer: a live screen equals a reloaded one, and nothing private leaks.

An event without a scenario here fails. Add one that makes it happen; the proof does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.support.live import Screen, verify_live
from tests.support.world import World, make_world
from yingke.kernel.db import Database
from yingke.kernel.entries import registered_events
from yingke.kernel.rights import SYSTEM
from yingke.rooms.conversations import models, queries
from yingke.rooms.conversations.actions import lifecycle
from yingke.rooms.customers import api as customers
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.actions import people, sessions
from yingke.rooms.staff.queries import people as read_people
from yingke.rooms.visitors import api as visitors

SECRET = "只有同事能看的话"

Scenario = Callable[[World, str], object]


def _requeue(world: World, key: str) -> object:
    conversation = world.db.read_now(lambda read: queries.visible(read, SYSTEM, key))
    return world.db.write_now(lifecycle.requeue, SYSTEM, conversation.id)


def _reopen(world: World, key: str) -> object:
    world.close(world.lin, key)
    return world.say(world.ann, "还有一个问题")


def _rename_customer(world: World, key: str) -> object:
    conversation = world.db.read_now(lambda read: queries.visible(read, SYSTEM, key))
    answer = world.db.write_now(customers.rename, SYSTEM, conversation.customer_key, "周雅婷")
    world.settle()
    return answer


def _rename_group(world: World, key: str) -> object:
    answer = world.db.write_now(people.rename_group, world.chen, world.sales.key, "售前一组")
    world.settle()
    return answer


def _change_groups(world: World, key: str) -> object:
    change = people.StaffChange(staff=world.he.key, groups=(world.care.key,), name="何小静")
    return world.db.write_now(people.change_staff, world.chen, change)


def _mark(world: World, key: str) -> None:
    world.read_as_staff(world.lin, key, 3)
    world.read_as_customer(world.ann, key, 2)


def _end_sessions(world: World, key: str) -> object:
    person = world.db.read_now(read_people.person, world.lin.id)
    world.db.write_now(sessions.open_session, person, "a browser", 14)
    return world.db.write_now(people.set_password, world.chen, world.lin.key, "!")


# Of the product: other tests of the same run declare events of their own.
KINDS = sorted(
    {kind for (kind, _), event in registered_events().items() if event.__module__.startswith("yingke.")}
)

SCENARIOS: dict[str, Scenario] = {
    "conversations.started": lambda world, key: world.say(world.bob, "hello"),
    "conversations.queued": _requeue,
    "conversations.assigned": lambda world, key: world.take(world.he, key),
    "conversations.closed": lambda world, key: world.close(world.lin, key),
    "conversations.reopened": _reopen,
    "conversations.message_added": lambda world, key: (
        world.say(world.ann, "第二张可以换背景吗？"),
        world.answer(world.lin, key, "可以的"),
        world.note(world.lin, key, SECRET),
    ),
    "conversations.marked": _mark,
    "conversations.shown": _rename_customer,
    "customers.changed": _rename_customer,
    "staff.changed": _change_groups,
    "staff.group_changed": _rename_group,
    "staff.availability_changed": lambda world, key: world.db.write_now(
        staff.set_intent, world.lin, "away", "吃饭"
    ),
    "staff.sessions_ended": _end_sessions,
    "visitors.site_changed": lambda world, key: world.db.write_now(
        visitors.change_site, world.chen, visitors.SiteChange(site=world.site.key, title="新标题")
    ),
}


@pytest.fixture
def world(db: Database) -> World:
    world = make_world(db)
    for who in (world.lin, world.he, world.zhou):
        world.come(who)
    return world


def _with_conversation(world: World) -> str:
    kept = world.say(world.ann, "你好")
    world.take(world.lin, kept.conversation)
    world.note(world.lin, kept.conversation, SECRET)
    world.answer(world.lin, kept.conversation, "您好")
    world.settle()
    return kept.conversation


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_screen_equals_a_reloaded_one(world: World, kind: str) -> None:
    assert kind in SCENARIOS, f"{kind} has no scenario in {__file__}"
    key = _with_conversation(world)
    _, entries = verify_live(world.db, world.viewers(key), lambda: SCENARIOS[kind](world, key))
    assert kind in {entry.kind for entry in entries}, "the scenario does not make it happen"
    for entry in entries:
        for changes in entry.visitor.values():
            told = msgspec.json.decode(changes)
            assert SECRET not in changes.decode()
            assert all(change[0] == "drop" or "no" in change[4] for change in told), "not a visitor's row"


def test_the_proof_sees_a_change_that_is_not_told(world: World) -> None:
    """The helper itself: what is written without being told is found."""
    key = _with_conversation(world)

    def forget_to_tell() -> None:
        world.db.write_now(
            lambda tx: tx.execute(models.conversation.update().values(customer_name="没人知道"))
        )

    with pytest.raises(AssertionError):
        verify_live(world.db, world.viewers(key), forget_to_tell)


def test_another_group_and_another_visitor_see_nothing(world: World) -> None:
    key = _with_conversation(world)
    for who, name in ((world.wu, f"thread/{key}"), (world.wu, "inbox"), (world.bob, "chat")):
        screen = Screen(world.db, who, name)
        assert not screen.rows("conversation")
        assert not screen.rows("message")
    assert Screen(world.db, world.wu, f"thread/{key}").denied
    assert not Screen(world.db, world.lin, f"thread/{key}").denied
