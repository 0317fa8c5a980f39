"""Customers: how they are called, and who is told when that changes."""

from __future__ import annotations

import pytest

from tests.rooms.staff.desk import Journal
from yingke.kernel.db import Database
from yingke.kernel.errors import Forbidden, Invalid, NotFound
from yingke.kernel.rights import SYSTEM, Actor, of_role
from yingke.rooms.customers import api as customers
from yingke.rooms.customers import events
from yingke.rooms.customers.api import CustomerRef, Stranger

AGENT = Actor(kind="staff", id=1, key="k", name="Lin", rights=of_role("agent"))


def test_strangers_are_named_in_the_words_of_the_site(db: Database) -> None:
    made = db.write_now(customers.create_strangers, [Stranger("en", "zh-CN"), Stranger("zh-CN", "en")])
    assert made[0].name.startswith("访客 ")
    assert made[1].name.startswith("Visitor ")
    assert all(len(ref.name.split()[1]) == 4 for ref in made)
    assert db.read_now(customers.refs, [ref.id for ref in made]) == {ref.id: ref for ref in made}
    assert db.write_now(customers.create_strangers, []) == []


def test_refs_of_nobody_are_none(db: Database) -> None:
    assert db.read_now(customers.refs, []) == {}
    assert db.read_now(customers.refs, [999]) == {}


def test_a_customer_is_renamed_once(db: Database) -> None:
    (ref,) = db.write_now(customers.create_strangers, [Stranger("en", "en")])
    journal = Journal(db)
    renamed = db.write_now(customers.rename, AGENT, ref.key, " 王  芳 ")
    assert renamed == CustomerRef(ref.id, ref.key, "王 芳")
    assert db.read_now(customers.refs, {ref.id}) == {ref.id: renamed}
    assert [entry.customer_id for entry in journal.entries] == [ref.id]
    assert journal.facts() == [events.CustomerChanged(ref.id)]
    db.write_now(customers.rename, AGENT, ref.key, "王 芳")
    assert journal.facts() == []


def test_a_known_customer_has_the_name_given(db: Database) -> None:
    ref = db.write_now(lambda tx: customers.create(tx, name="李 雷", locale="zh-CN"))
    assert ref.name == "李 雷"


@pytest.mark.parametrize("name", ["", "   ", "a\x00", "x" * 101, "\ud800"])
def test_what_is_no_name_is_refused(db: Database, name: str) -> None:
    ref = db.write_now(lambda tx: customers.create(tx, name="Li", locale="en"))
    with pytest.raises(Invalid):
        db.write_now(customers.rename, AGENT, ref.key, name)


def test_who_may_not_cannot_and_who_is_not_there_is_not_found(db: Database) -> None:
    ref = db.write_now(lambda tx: customers.create(tx, name="Li", locale="en"))
    visitor = Actor(kind="visitor", id=1, key="v", name="")
    with pytest.raises(Forbidden):
        db.write_now(customers.rename, visitor, ref.key, "X")
    with pytest.raises(NotFound):
        db.write_now(customers.rename, SYSTEM, "nobody", "X")
