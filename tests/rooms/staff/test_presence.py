"""Presence: three facts that do not touch each other, their history, and who accepts."""

from __future__ import annotations

import pytest

from tests.rooms.staff.desk import Journal, Screen, actor, group, live_is_fresh, person
from tests.support.clock import FakeClock
from yingke.kernel import timers
from yingke.kernel.clock import SECOND
from yingke.kernel.db import Database
from yingke.kernel.errors import Invalid
from yingke.rooms.staff import api as staff
from yingke.rooms.staff import events, jobs
from yingke.rooms.staff.api import StaffRef
from yingke.rooms.staff.terms import Intent


def fire(db: Database) -> int | None:
    return db.write_now(timers.fire, timers.sources()[jobs.SOURCE])


def next_due(db: Database) -> int | None:
    return db.read_now(timers.sources()[jobs.SOURCE].next_due)


def intend(db: Database, ref: StaffRef, intent: Intent, reason: str | None = None) -> None:
    db.write_now(staff.set_intent, actor(db, ref), intent, reason)


def available(db: Database, ref: StaffRef) -> bool:
    return db.read_now(staff.is_accepting, ref.id)


def test_accepting_needs_both_the_intent_and_a_connection(db: Database) -> None:
    sales = group(db)
    lin = person(db, groups=[sales], capacity=3)
    assert not available(db, lin)
    intend(db, lin, "online")
    assert not available(db, lin)
    db.write_now(staff.connected, lin.id)
    assert available(db, lin)
    assert db.read_now(staff.accepting, sales.id) == [staff.Candidate(lin.id, lin.key, lin.name, 3)]
    for intent in ("busy", "away", "invisible", "offline"):
        intend(db, lin, intent)
        assert not available(db, lin)
    assert db.read_now(staff.accepting, sales.id) == []


def test_only_those_of_the_group_are_candidates(db: Database) -> None:
    sales, care = group(db, "Sales"), group(db, "Care")
    lin, he = person(db, "Lin", groups=[sales]), person(db, "He", groups=[care, sales])
    for ref in (lin, he):
        intend(db, ref, "online")
        db.write_now(staff.connected, ref.id)
    assert [one.staff_id for one in db.read_now(staff.accepting, sales.id)] == [lin.id, he.id]
    assert [one.staff_id for one in db.read_now(staff.accepting, care.id)] == [he.id]


def test_a_blip_changes_nothing_and_a_lasting_silence_does_once(db: Database, clock: FakeClock) -> None:
    lin = person(db)
    intend(db, lin, "online")
    db.write_now(staff.connected, lin.id)
    journal = Journal(db)

    clock.advance(59)
    assert fire(db) == 0
    db.write_now(staff.extend_connected, [lin.id])
    assert journal.facts() == []
    assert next_due(db) == clock() + 60 * SECOND

    clock.advance(60)
    assert fire(db) == 1
    assert fire(db) == 0
    assert next_due(db) is None
    assert journal.facts() == [events.StaffAvailabilityChanged(lin.id, False, False, "online")]

    db.write_now(staff.extend_connected, [lin.id])
    assert journal.facts() == [events.StaffAvailabilityChanged(lin.id, True, True, "online")]


def test_the_intent_survives_silence_and_the_silence_wakes_the_timers(db: Database, clock: FakeClock) -> None:
    woken: list[str] = []
    db.on_commit(lambda _, wakes: woken.extend(wakes))
    lin = person(db)
    intend(db, lin, "away", " at  lunch ")
    db.write_now(staff.connected, lin.id)
    assert timers.WAKE in woken
    clock.advance(61)
    fire(db)
    last = db.read_now(staff.status_history, lin.id)[-1]
    assert (last.intent, last.reason, last.connected) == ("away", "at lunch", False)


def test_history_has_every_change_and_no_gap(db: Database, clock: FakeClock) -> None:
    lin = person(db)
    clock.advance(10)
    intend(db, lin, "online")
    clock.advance(10)
    intend(db, lin, "online")
    db.write_now(staff.connected, lin.id)
    clock.advance(10)
    intend(db, lin, "busy")
    clock.advance(60)
    fire(db)
    lines = db.read_now(staff.status_history, lin.id)
    assert [(line.intent, line.accepting, line.connected, line.changed_by) for line in lines] == [
        ("offline", False, False, "system:0"),
        ("online", False, False, f"staff:{lin.id}"),
        ("online", True, True, "system:0"),
        ("busy", False, True, f"staff:{lin.id}"),
        ("busy", False, False, "system:0"),
    ]
    assert [line.to_at for line in lines] == [*(line.from_at for line in lines[1:]), None]


def test_a_reason_goes_with_away_only(db: Database) -> None:
    lin = person(db)
    with pytest.raises(Invalid, match="reason_not_away"):
        intend(db, lin, "busy", "because")
    with pytest.raises(Invalid, match="text_bad_characters"):
        intend(db, lin, "away", "be\x00cause")
    with pytest.raises(Invalid, match="text_too_long"):
        intend(db, lin, "away", "x" * 101)


def test_idleness_alone_is_told_to_nobody_while_it_does_not_block(db: Database) -> None:
    lin = person(db)
    intend(db, lin, "online")
    db.write_now(staff.connected, lin.id)
    journal = Journal(db)
    db.write_now(staff.set_idle, actor(db, lin), True)
    assert journal.facts() == []
    assert available(db, lin)


def test_many_are_extended_in_one_action_and_strangers_are_passed_over(db: Database) -> None:
    people = [person(db, f"P{n}") for n in range(30)]
    journal = Journal(db)
    db.write_now(staff.extend_connected, [*(one.id for one in people), 10_000])
    assert len(journal.facts()) == 30
    db.write_now(staff.extend_connected, [one.id for one in people])
    assert journal.facts() == []


def test_many_gone_at_once_are_found_gone_in_pieces(db: Database, clock: FakeClock) -> None:
    people = [person(db, f"P{n}") for n in range(30)]
    db.write_now(staff.extend_connected, [one.id for one in people])
    clock.advance(61)
    done = [fire(db) for _ in range(3)]
    assert done == [20, 10, 0]


def test_screens_follow(db: Database, clock: FakeClock) -> None:
    sales = group(db)
    lin, boss = person(db, "Lin", groups=[sales]), person(db, "Boss", role="administrator")
    journal = Journal(db)
    screens = [
        Screen(db, journal, actor(db, lin), "me"),
        Screen(db, journal, actor(db, lin), "team"),
        Screen(db, journal, actor(db, boss, "administrator"), "team"),
    ]
    me = live_is_fresh(screens, lambda: db.write_now(staff.set_intent, actor(db, lin), "online", None))
    assert me.intent == "online"
    assert not me.accepting
    live_is_fresh(screens, lambda: db.write_now(staff.connected, lin.id))
    assert screens[0].rows[lin.key]["accepting"]
    assert screens[2].rows[lin.key]["connected"]
    clock.advance(60)
    live_is_fresh(screens, lambda: fire(db))
    assert not screens[1].rows[lin.key]["connected"]


def test_rows_are_as_the_protocol_says(db: Database) -> None:
    sales = group(db)
    lin = person(db, groups=[sales])
    journal = Journal(db)
    assert Screen(db, journal, actor(db, lin), "me").rows[lin.key] == {
        "key": lin.key,
        "name": "Lin Fang",
        "email": "lin.fang@desk.example",
        "locale": "en",
        "role": "agent",
        "rights": sorted(actor(db, lin).rights),
        "groups": [{"key": sales.key, "name": "Sales"}],
        "intent": "offline",
        "reason": None,
        "accepting": False,
        "capacity": 8,
    }
    assert Screen(db, journal, actor(db, lin), "team").rows[lin.key] == {
        "key": lin.key,
        "name": "Lin Fang",
        "role": "agent",
        "groups": [sales.key],
        "intent": "offline",
        "reason": None,
        "connected": False,
        "accepting": False,
        "capacity": 8,
    }
