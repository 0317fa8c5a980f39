"""What staff listen to: themselves and the team (docs/protocol.md 5.2)."""

from __future__ import annotations

from collections.abc import Sequence

from yingke.kernel.db import Read
from yingke.kernel.rights import Actor
from yingke.kernel.topics import Snapshot, topic
from yingke.rooms.staff import audience, terms
from yingke.rooms.staff.queries import people


def _me(_read: Read, who: Actor, _name: str) -> Sequence[str]:
    return [audience.me(who.key)]


def _team(_read: Read, who: Actor, _name: str) -> Sequence[str]:
    who.need(terms.READ)
    return [audience.TEAM]


@topic("me", viewer="staff", guard=_me)
def me(read: Read, who: Actor, _name: str) -> Snapshot:
    """One's own row."""
    person = people.person(read, who.id)
    return Snapshot([("me", person.key, person.rev, person.me)])


@topic("team", viewer="staff", guard=_team)
def team(read: Read, who: Actor, _name: str) -> Snapshot:
    """A row for everybody who is active."""
    return Snapshot([("staff", person.key, person.rev, person.team) for person in people.team(read, who)])
