"""People to test with, what their screens hold, and the way in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec

from yingke.kernel import http, settings, topics, words
from yingke.kernel.blobs import Blobs
from yingke.kernel.bus import MemoryBus
from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Entry, Event
from yingke.kernel.errors import Unauthenticated
from yingke.kernel.rights import SYSTEM, Actor, of_role
from yingke.kernel.secure import TokenBuckets
from yingke.kernel.services import Limits, Services
from yingke.live.replica import Replica
from yingke.rooms.staff import api as staff
from yingke.rooms.staff import topics as staff_topics
from yingke.rooms.staff.api import GroupRef, StaffRef
from yingke.rooms.staff.terms import Role

PASSWORD = "correct horse"
DECLARING = (staff_topics,)  # topics are declared by being imported

for room in ("kernel", "rooms.staff", "rooms.customers", "rooms.visitors"):
    words.load(f"yingke.{room}")


def group(db: Database, name: str = "Sales") -> GroupRef:
    return db.write_now(staff.create_group, SYSTEM, name)


def person(
    db: Database,
    name: str = "Lin Fang",
    *,
    role: Role = "agent",
    groups: Sequence[GroupRef] = (),
    password: str | None = None,
    capacity: int = 8,
) -> StaffRef:
    """Somebody whose address is made of the name; without a password nobody can sign in."""
    return db.write_now(
        staff.create_staff,
        SYSTEM,
        email=f"{name.replace(' ', '.')}@desk.example",
        name=name,
        role=role,
        password_hash=staff.hash_password(password) if password else "!",
        groups=[one.key for one in groups],
        capacity=capacity,
    )


def actor(db: Database, ref: StaffRef, role: Role = "agent") -> Actor:
    groups = db.read_now(staff.groups_of, ref.id)
    return Actor(kind="staff", id=ref.id, key=ref.key, name=ref.name, rights=of_role(role), groups=groups)


class Journal:
    """Everything committed from now on, in order."""

    def __init__(self, db: Database) -> None:
        self.entries: list[Entry] = []
        db.on_commit(lambda entries, _: self.entries.extend(entries))

    def take(self) -> list[Entry]:
        taken, self.entries = self.entries, []
        return taken

    def facts(self) -> list[Event]:
        return [fact for entry in self.take() if (fact := entry.event()) is not None]


class Screen:
    """A topic as somebody holds it, fed by what is committed."""

    def __init__(self, db: Database, journal: Journal, who: Actor, name: str) -> None:
        self.db, self.journal, self.who, self.name = db, journal, who, name
        self.inner = db.read_now(self._guard)
        self.held = self.fresh()

    def _guard(self, read: Read) -> Sequence[str]:
        return topics.find(self.who, self.name).guard(read, self.who, self.name)

    def _snapshot(self, read: Read) -> topics.Snapshot:
        return topics.find(self.who, self.name).snapshot(read, self.who, self.name)

    def fresh(self) -> Replica:
        replica = Replica()
        replica.hold(msgspec.to_builtins(self.db.read_now(self._snapshot).rows))
        return replica

    def hear(self, entries: Sequence[Entry]) -> None:
        changes = [
            change
            for entry in entries
            for inner in self.inner
            if inner in entry.staff
            for change in msgspec.json.decode(entry.staff[inner])
        ]
        self.held.apply({"t": "change", "changes": changes, "cursor": "-"})

    @property
    def rows(self) -> dict[str, Any]:
        return {key: row for (_, key), (_, row) in self.held.rows.items()}


def live_is_fresh(screens: Sequence[Screen], action: Callable[[], Any]) -> Any:
    """Run an action; what the screens hold afterwards is what a reloaded page holds, also when told twice."""
    journal = screens[0].journal
    journal.take()
    answer = action()
    entries = journal.take()
    for screen in screens:
        for _ in range(2):
            screen.hear(entries)
            assert screen.held.dump() == screen.fresh().dump()
    return answer


async def _no_visitor(_token: str | None, _headers: Mapping[str, str]) -> Actor:
    raise Unauthenticated("token_unknown")


@asynccontextmanager
async def browser(
    db: Database, folder: Path, handlers: Sequence[Any], *, public_url: str = "http://desk.example"
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on our own page, with its cookies, against the routes of these handlers and all commands."""
    own = settings.load(
        {"data_dir": folder / "data", "public_url": public_url, "secret_key": "s" * 32}, {}, folder
    )
    services = Services(
        settings=own,
        db=db,
        bus=MemoryBus(),
        blobs=Blobs(own.data_dir),
        authenticate=staff.authenticator(db, own),
        limits=Limits(visitor_sends=TokenBuckets(1, 10), visitor_sessions=TokenBuckets(1, 10)),
        client_address=lambda peer, _: peer,
        identify_visitor=_no_visitor,
    )
    app = http.build(services, handlers, version="0")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, app), client=("192.0.2.7", 1)),
        base_url=public_url,
        headers={"Origin": public_url},
    ) as client:
        yield client


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["detail"] != problem["code"], "a code without words"
    return str(problem["code"])
