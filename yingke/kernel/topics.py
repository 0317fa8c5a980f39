"""Topics: what a screen may listen to. A room registers who may, and the snapshot to begin with.

The name on the wire (`inbox`) may stand for several places where facts are told (`inbox/group/3`, `inbox/group/7`),
which the guard finds for the actor who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from yingke.kernel.db import Read
from yingke.kernel.entries import RowOut
from yingke.kernel.errors import NotFound
from yingke.kernel.rights import Actor


class Snapshot(msgspec.Struct, frozen=True):
    """A topic's rows as they are now; `more` when older ones are left out."""

    rows: Sequence[RowOut]
    more: bool = False


class Guard(Protocol):
    """The inner topics that this actor hears under this name; raises NotFound or Forbidden when there are none."""

    def __call__(self, read: Read, who: Actor, name: str, /) -> Sequence[str]: ...


class TakeSnapshot(Protocol):
    def __call__(self, read: Read, who: Actor, name: str, /) -> Snapshot: ...


Viewer = Literal["staff", "visitor"]


class Topic(msgspec.Struct, frozen=True):
    """name: the wire's name; with a trailing slash, what follows is a key."""

    name: str
    viewer: Viewer
    guard: Guard
    snapshot: TakeSnapshot


_topics: dict[tuple[Viewer, str], Topic] = {}


def topic(name: str, *, viewer: Viewer, guard: Guard) -> Callable[[TakeSnapshot], TakeSnapshot]:
    """Register the decorated function as the snapshot of `name` for this kind of viewer."""

    def register(snapshot: TakeSnapshot) -> TakeSnapshot:
        if (viewer, name) in _topics:
            raise ValueError(f"topic {name} for {viewer} is declared twice")
        _topics[viewer, name] = Topic(name, viewer, guard, snapshot)
        return snapshot

    return register


def registered_topics() -> Sequence[Topic]:
    return list(_topics.values())


def find(who: Actor, name: str) -> Topic:
    """The topic of this wire name for this actor.

    Raises NotFound (`topic_unknown`).
    """
    viewer: Viewer = "visitor" if who.kind == "visitor" else "staff"
    head, slash, _ = name.partition("/")
    found = _topics.get((viewer, head + slash))
    if found is None:
        raise NotFound("topic_unknown", {"topic": name[:100]})
    return found
