"""Who acts, and what they may: `room.verb` × own, group, all. What is not granted is refused."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

from yingke.kernel.errors import Forbidden


class Scope(IntEnum):
    """How far a right reaches; a wider scope includes the narrower."""

    OWN = 1
    GROUP = 2
    ALL = 3


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever acts: a member of staff, a visitor, or the system itself."""

    kind: Literal["staff", "visitor", "system"]
    id: int
    key: str
    name: str
    locale: str = "en"
    rights: dict[str, Scope] = {}
    groups: frozenset[int] = frozenset()
    session: int | None = None
    site_id: int | None = None
    customer_id: int | None = None

    @property
    def tag(self) -> str:
        """How this actor is written in the journal and on receipts."""
        return f"{self.kind}:{self.id}"

    def scope(self, right: str) -> Scope | None:
        return Scope.ALL if self.kind == "system" else self.rights.get(right)

    def may(self, right: str) -> bool:
        return self.scope(right) is not None

    def need(self, right: str) -> Scope:
        """The scope of this right.

        Raises Forbidden where it is not held.
        """
        scope = self.scope(right)
        if scope is None:
            raise Forbidden("forbidden", {"right": right})
        return scope


SYSTEM = Actor(kind="system", id=0, key="system", name="")

_declared: dict[str, dict[str, Scope]] = {}


def declare(right: str, **roles: Scope) -> str:
    """Make a right known, with the scope each role holds from the start. Answers its name."""
    if right in _declared and _declared[right] != roles:
        raise ValueError(f"right {right} is declared twice and differently")
    _declared[right] = roles
    return right


def of_role(role: str) -> dict[str, Scope]:
    """Every right a role holds from the start."""
    return {right: roles[role] for right, roles in _declared.items() if role in roles}
