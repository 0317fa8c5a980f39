"""Who hears of what: everybody signed in of the team, each of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yingke.kernel.entries import Audience, Change, drop, nobody, put

TEAM = "team"


def me(key: str) -> str:
    """The topic in which a member of staff hears of themselves."""
    return f"me/{key}"


def screens(key: str, rev: int, me_row: Any, team_row: Any | None) -> dict[str, list[Change]]:
    """What screens are told of one person; team_row: None for who is not active."""
    of_team = drop("staff", key) if team_row is None else put("staff", key, rev, team_row)
    return {TEAM: [of_team], me(key): [put("me", key, rev, me_row)]}


def person(staff_id: int, told: dict[str, list[Change]], *, reguard: bool = False) -> Audience:
    """reguard: what this person may hear is to be decided anew."""
    return Audience(stream=f"staff:{staff_id}", staff=told, reguard=(_actor(staff_id),) if reguard else ())


def sessions(staff_id: int) -> Audience:
    return Audience(stream=f"staff:{staff_id}", reguard=(_actor(staff_id),))


def group(group_id: int, told: Iterable[dict[str, list[Change]]]) -> Audience:
    """told: `screens` of each member."""
    merged: dict[str, list[Change]] = {}
    for one in told:
        for topic, changes in one.items():
            merged.setdefault(topic, []).extend(changes)
    return Audience(stream=f"group:{group_id}", staff=merged) if merged else nobody(f"group:{group_id}")


def _actor(staff_id: int) -> str:
    return f"actor:staff:{staff_id}"
