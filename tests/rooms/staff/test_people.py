"""People and groups: who may change whom, what screens and upper rooms are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rooms.staff.desk import Journal, Screen, actor, group, live_is_fresh, person
from yingke.kernel.db import Database
from yingke.kernel.errors import Forbidden, Invalid, NotFound, Problem, Refused
from yingke.kernel.rights import SYSTEM, Actor
from yingke.rooms.staff import api as staff
from yingke.rooms.staff import events
from yingke.rooms.staff.actions import people as actions
from yingke.rooms.staff.actions.people import StaffChange
from yingke.rooms.staff.api import StaffRef
from yingke.rooms.staff.queries import people as queries
from yingke.rooms.staff.queries import records


def change(db: Database, ref: StaffRef, who: Actor = SYSTEM, **given: Any) -> Any:
    return db.write_now(actions.change_staff, who, StaffChange(staff=ref.key, **given))


def told(journal: Journal, ref: StaffRef) -> bool:
    """Whether what this person may hear is decided anew."""
    return any(f"actor:staff:{ref.id}" in entry.reguard for entry in journal.take())


def test_an_address_is_one_whatever_its_letters(db: Database) -> None:
    person(db, "Lin Fang")
    with pytest.raises(Refused, match="email_taken"):
        person(db, "LIN FANG")


@pytest.mark.parametrize(
    "email", ["", "lin", "lin@", "@x", "a b@x", "a@x\x00", "a@b@c\n@d", "\ud800@x", "l" * 65 + "@x"]
)
def test_what_is_no_address_is_refused(db: Database, email: str) -> None:
    with pytest.raises(Invalid, match="email_wrong"):
        db.write_now(staff.create_staff, SYSTEM, email=email, name="L", role="agent", password_hash="!")


def test_a_change_is_told_and_noted(db: Database) -> None:
    sales, care = group(db, "Sales"), group(db, "Care")
    lin, boss = person(db, "Lin", groups=[sales]), person(db, "Boss", role="administrator")
    journal = Journal(db)
    screens = [
        Screen(db, journal, actor(db, lin), "me"),
        Screen(db, journal, actor(db, boss, "administrator"), "team"),
    ]
    row = live_is_fresh(
        screens, lambda: change(db, lin, name=" Lin  Fang ", groups=(care.key, care.key), capacity=3)
    )
    assert (row.name, row.groups, row.capacity) == ("Lin Fang", [care.key], 3)
    assert db.read_now(staff.groups_of, lin.id) == {care.id}
    assert db.read_now(staff.refs, [lin.id, 999]) == {lin.id: StaffRef(lin.id, lin.key, "Lin Fang")}
    rows, _ = db.read_now(records.list_audit, SYSTEM, None, 1)
    assert (rows[0].action, rows[0].subject) == ("staff_changed", f"staff:{lin.key}")
    assert rows[0].params == {"name": "Lin Fang", "capacity": 3, "groups": [care.key]}

    assert change(db, lin, name="Lin Fang", groups=(care.key,)).name == "Lin Fang"
    assert journal.facts() == []


def test_role_and_groups_have_subscriptions_decided_anew(db: Database) -> None:
    sales = group(db)
    lin = person(db, "Lin")
    journal = Journal(db)
    change(db, lin, role="supervisor")
    assert told(journal, lin)
    change(db, lin, groups=(sales.key,))
    assert told(journal, lin)
    change(db, lin, name="Other")
    assert not told(journal, lin)


def test_who_leaves_is_gone_from_screens_and_work(db: Database) -> None:
    sales = group(db)
    lin, boss = person(db, "Lin", groups=[sales]), person(db, "Boss", role="administrator")
    db.write_now(staff.set_intent, actor(db, lin), "online", None)
    db.write_now(staff.connected, lin.id)
    journal = Journal(db)
    team = Screen(db, journal, actor(db, boss, "administrator"), "team")
    live_is_fresh([team], lambda: change(db, lin, active=False))
    assert lin.key not in team.rows
    assert db.read_now(staff.accepting, sales.id) == []
    journal.take()
    live_is_fresh([team], lambda: db.write_now(staff.extend_connected, [lin.id]))
    assert team.rows.keys() == {boss.key}

    live_is_fresh([team], lambda: change(db, lin, active=True))
    assert team.rows[lin.key]["intent"] == "offline"
    assert not team.rows[lin.key]["connected"]


def test_leaving_is_told_to_upper_rooms(db: Database) -> None:
    lin = person(db)
    db.write_now(staff.set_intent, actor(db, lin), "online", None)
    db.write_now(staff.connected, lin.id)
    journal = Journal(db)
    change(db, lin, active=False)
    assert journal.facts() == [
        events.StaffAvailabilityChanged(lin.id, False, False, "offline"),
        events.StaffChanged(lin.id),
    ]


def test_the_last_administrator_stays(db: Database) -> None:
    one, two = person(db, "One", role="administrator"), person(db, "Two", role="administrator")
    change(db, two, active=False)
    for given in ({"active": False}, {"role": "agent"}):
        with pytest.raises(Refused, match="last_administrator"):
            change(db, one, **given)
    change(db, two, active=True)
    assert change(db, one, role="agent").role == "agent"


async def test_the_last_two_administrators_cannot_leave_at_once(db: Database) -> None:
    pair = [person(db, name, role="administrator") for name in ("One", "Two")]
    done = await asyncio.gather(
        *(db.write(actions.change_staff, SYSTEM, StaffChange(staff=one.key, role="agent")) for one in pair),
        return_exceptions=True,
    )
    assert [str(one) for one in done if isinstance(one, Problem)] == ["last_administrator"]


async def test_two_changes_at_once_leave_screens_right(db: Database) -> None:
    lin = person(db)
    who = actor(db, lin)
    journal = Journal(db)
    me = Screen(db, journal, who, "me")
    for turn in range(10):
        await asyncio.gather(
            db.write(staff.set_intent, who, "online" if turn % 2 else "busy", None),
            db.write(actions.set_locale, who, "zh-CN" if turn % 2 else "en"),
            db.write(actions.change_staff, SYSTEM, StaffChange(staff=lin.key, capacity=turn + 1)),
            db.write(staff.extend_connected, [lin.id]),
        )
        me.hear(journal.take())
        assert me.held.dump() == me.fresh().dump()


def test_only_who_manages_may(db: Database) -> None:
    lin, sales = person(db), group(db)
    for role in ("agent", "supervisor"):
        who = actor(db, lin, role)
        for act in (
            lambda tx, who=who: staff.create_group(tx, who, "Mine"),
            lambda tx, who=who: actions.rename_group(tx, who, sales.key, "Mine"),
            lambda tx, who=who: actions.change_staff(tx, who, StaffChange(staff=lin.key, name="X")),
            lambda tx, who=who: actions.set_password(tx, who, lin.key, "!"),
            lambda tx, who=who: records.list_audit(tx, who, None, 1),
        ):
            with pytest.raises(Forbidden):
                db.write_now(act)


def test_what_is_not_there_is_not_found(db: Database) -> None:
    lin = person(db)
    with pytest.raises(NotFound):
        db.write_now(actions.change_staff, SYSTEM, StaffChange(staff="nobody"))
    with pytest.raises(NotFound, match="group_unknown"):
        change(db, lin, groups=("nowhere",))
    with pytest.raises(NotFound, match="group_unknown"):
        db.write_now(actions.rename_group, SYSTEM, "nowhere", "X")
    with pytest.raises(NotFound):
        db.read_now(staff.staff_by_key, "nobody")


def test_a_group_renamed_is_so_on_its_members_screens(db: Database) -> None:
    sales, care = group(db, "Sales"), group(db, "Care")
    lin, he = person(db, "Lin", groups=[sales]), person(db, "He", groups=[sales, care])
    other = person(db, "Other", groups=[care])
    journal = Journal(db)
    screens = [Screen(db, journal, actor(db, ref), "me") for ref in (lin, he, other)]
    screens.append(Screen(db, journal, actor(db, other), "team"))
    live_is_fresh(screens, lambda: db.write_now(actions.rename_group, SYSTEM, sales.key, "Vendite"))
    assert screens[1].rows[he.key]["groups"][0]["name"] == "Vendite"
    assert db.read_now(staff.group_refs, [sales.id])[sales.id].name == "Vendite"
    with pytest.raises(Refused, match="group_name_taken"):
        db.write_now(actions.rename_group, SYSTEM, sales.key, "Care")
    with pytest.raises(Refused, match="group_name_taken"):
        group(db, "Care")


def test_a_new_person_and_a_new_group_are_told(db: Database) -> None:
    boss = person(db, "Boss", role="administrator")
    journal = Journal(db)
    team = Screen(db, journal, actor(db, boss, "administrator"), "team")
    sales = live_is_fresh([team], lambda: group(db))
    lin = live_is_fresh([team], lambda: person(db, groups=[sales]))
    assert team.rows[lin.key]["groups"] == [sales.key]


def test_the_language_is_on_ones_own_screen(db: Database) -> None:
    lin = person(db)
    me = Screen(db, Journal(db), actor(db, lin), "me")
    live_is_fresh([me], lambda: db.write_now(actions.set_locale, actor(db, lin), "zh-CN"))
    assert me.rows[lin.key]["locale"] == "zh-CN"


def test_lists_come_in_pages(db: Database) -> None:
    people = [person(db, f"P{n}") for n in range(5)]
    first = db.read_now(queries.list_staff, SYSTEM, None, 3)
    rest = db.read_now(queries.list_staff, SYSTEM, first[-1].key, 3)
    assert [row.key for row in first + rest] == [one.key for one in people]
    with pytest.raises(NotFound):
        db.read_now(queries.list_staff, SYSTEM, "nobody", 3)
    page, place = db.read_now(records.list_audit, SYSTEM, None, 3)
    last, end = db.read_now(records.list_audit, SYSTEM, place, 3)
    assert [row.subject for row in page + last] == [f"staff:{one.key}" for one in reversed(people)]
    assert end is None
