"""A small business in a database: two groups, four people, two visitors, and what they do."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

from tests.support.live import Viewer
from yingke.app import wiring
from yingke.channels.web import actions as web
from yingke.channels.web.actions import CHANNEL, Said
from yingke.kernel import journal, reactions, timers
from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Cursor
from yingke.kernel.rights import SYSTEM, Actor, of_role
from yingke.rooms.conversations import api as conversations
from yingke.rooms.conversations.actions import lifecycle
from yingke.rooms.conversations.terms import Kind
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.api import GroupRef, StaffRef
from yingke.rooms.staff.terms import Role
from yingke.rooms.visitors import api as visitors

assert wiring.DECLARING  # every topic and reaction is known

_ids = itertools.count(1)


def new_id() -> str:
    return f"test-{next(_ids):08d}"


@dataclass
class World:
    """sales and care are groups; lin and he sell, wu cares, zhou supervises, chen administers."""

    db: Database
    sales: GroupRef
    care: GroupRef
    lin: Actor
    he: Actor
    wu: Actor
    zhou: Actor
    chen: Actor
    site: visitors.Site
    ann: Actor
    bob: Actor

    # --- what people do ----------------------------------------------------------------------------------------------

    def say(self, who: Actor, text: str, id_: str | None = None) -> conversations.Kept:
        id_ = id_ or new_id()
        return self.db.write_now(web.say, Said(who, text, id_, digest(text)))

    def answer(
        self, who: Actor, conversation: str, text: str, kind: Kind = Kind.TEXT, id_: str | None = None
    ) -> conversations.Kept:
        inbound = conversations.Inbound(
            who=who, to=conversation, kind=kind, text=text, client_id=id_ or new_id(), digest=digest(text)
        )
        return self.db.write_now(conversations.receive, inbound)

    def note(self, who: Actor, conversation: str, text: str) -> conversations.Kept:
        return self.answer(who, conversation, text, Kind.NOTE)

    def take(self, who: Actor, conversation: str) -> None:
        self.db.write_now(lifecycle.take, who, conversation, over=True)

    def close(self, who: Actor, conversation: str) -> None:
        self.db.write_now(lifecycle.close, who, conversation)

    def read_as_customer(self, who: Actor, conversation: str, seq: int) -> None:
        mark = conversations.Mark(
            who=who, conversation=conversation, delivered=seq, read=seq, contact=(CHANNEL, who.key)
        )
        self.db.write_now(conversations.mark, mark)

    def read_as_staff(self, who: Actor, conversation: str, seq: int) -> None:
        mark = conversations.Mark(who=who, conversation=conversation, delivered=seq, read=seq)
        self.db.write_now(conversations.mark, mark)

    def come(self, who: Actor) -> None:
        """Connected and on line."""
        self.db.write_now(staff.connected, who.id)
        self.db.write_now(staff.set_intent, who, "online", None)

    def settle(self) -> None:
        """Let every reader and every due timer do what it would do by itself."""
        self.db.write_now(reactions.prepare)
        for _ in range(200):
            moved = self._read_on()
            fired = False
            for source in timers.sources().values():
                due = self.db.read_now(source.next_due)
                if due is not None and due <= self.db.clock():
                    fired = bool(self.db.write_now(timers.fire, source)) or fired
            if not moved and not fired:
                return
        raise AssertionError("it does not come to rest")

    def _read_on(self) -> bool:
        """Let the readers pass everything there is; whether they moved."""
        before = self.db.read_now(_cursors)
        patience = 2000
        while self.db.write_now(reactions.step) or self.db.read_now(journal.unread):
            patience -= 1
            assert patience, "the readers do not come to the end"
            if self.db.dialect == "postgresql":
                time.sleep(0.005)  # another test's open transaction on this server holds them back
        return self.db.read_now(_cursors) != before

    # --- who looks ---------------------------------------------------------------------------------------------------

    def viewers(self, *conversation_keys: str) -> list[Viewer]:
        """Every kind of viewer on everything it may ask for, and on what it may not."""
        people = (self.lin, self.he, self.wu, self.zhou, self.chen)
        names = ["inbox", "team", "me", *(f"thread/{key}" for key in conversation_keys)]
        seen = [(who, name) for who in people for name in names]
        return [*seen, (self.ann, "chat"), (self.bob, "chat")]


def digest(text: str) -> bytes:
    return text.encode()[:64]


def _cursors(read: Read) -> list[Cursor]:
    return [journal.reader_cursor(read, name) for name in journal.readers()]


def make_world(db: Database) -> World:
    sales = db.write_now(staff.create_group, SYSTEM, "售前")
    care = db.write_now(staff.create_group, SYSTEM, "售后")

    def person(name: str, role: Role, *groups: GroupRef) -> Actor:
        ref = db.write_now(
            staff.create_staff,
            SYSTEM,
            email=f"{name}@desk.example",
            name=name,
            role=role,
            password_hash="!",
            groups=[one.key for one in groups],
            capacity=2,
        )
        return staff_actor(db, ref, role)

    lin, he = person("lin", "agent", sales), person("he", "agent", sales)
    wu = person("wu", "agent", care)
    zhou, chen = person("zhou", "supervisor"), person("chen", "administrator")
    row = db.write_now(
        visitors.create_site, SYSTEM, visitors.NewSite(name="小鹿杂货", group=sales.key, locale="zh-CN")
    )
    site = db.read_now(visitors.site_by_key, row.key)
    _, ann = db.write_now(visitors.begin, site, "zh-CN")
    _, bob = db.write_now(visitors.begin, site, "en")
    return World(db, sales, care, lin, he, wu, zhou, chen, site, ann, bob)


def staff_actor(db: Database, ref: StaffRef, role: Role) -> Actor:
    groups = db.read_now(staff.groups_of, ref.id)
    return Actor(kind="staff", id=ref.id, key=ref.key, name=ref.name, rights=of_role(role), groups=groups)
