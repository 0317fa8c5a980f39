"""Staff over HTTP, and the commands staff give about themselves and each other."""

from __future__ import annotations

from yingke.rooms.staff.routes import commands, lists, sessions

routes = [*sessions.routes, *lists.routes]

__all__ = ["commands", "routes"]
