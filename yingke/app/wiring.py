"""Every room and channel there is: imported here, so that what they declare is known."""

from __future__ import annotations

from typing import Any

from yingke.app import housekeeping
from yingke.app import routes as app_routes
from yingke.channels.web import routes as web_routes
from yingke.channels.web import topics as web_topics
from yingke.kernel import tickets, words
from yingke.rooms.conversations import reactions as conversations_reactions
from yingke.rooms.conversations import routes as conversations_routes
from yingke.rooms.conversations import topics as conversations_topics
from yingke.rooms.routing import jobs as routing_jobs
from yingke.rooms.routing import reactions as routing_reactions
from yingke.rooms.staff import jobs as staff_jobs
from yingke.rooms.staff import topics as staff_topics
from yingke.rooms.staff.routes import commands as staff_commands
from yingke.rooms.staff.routes import lists as staff_lists
from yingke.rooms.staff.routes import passwords as staff_passwords
from yingke.rooms.staff.routes import sessions as staff_sessions
from yingke.rooms.visitors import reactions as visitors_reactions
from yingke.rooms.visitors import routes as visitors_routes

# Declared by being imported: topics, reactions, commands, timers.
DECLARING = (
    housekeeping,
    tickets,
    conversations_reactions,
    conversations_topics,
    routing_jobs,
    routing_reactions,
    staff_commands,
    staff_jobs,
    staff_passwords,
    staff_topics,
    visitors_reactions,
    web_topics,
)

_WITH_ROUTES = (
    app_routes,
    conversations_routes,
    staff_lists,
    staff_sessions,
    visitors_routes,
    web_routes,
)

_WITH_WORDS = (
    "yingke.kernel",
    "yingke.rooms.staff",
    "yingke.rooms.customers",
    "yingke.rooms.visitors",
    "yingke.rooms.conversations",
    "yingke.channels.web",
)

for _package in _WITH_WORDS:
    words.load(_package)


def handlers() -> list[Any]:
    """Every HTTP handler of every room."""
    return [route for module in _WITH_ROUTES for route in module.routes]
