"""Routing: what happens by time."""

from __future__ import annotations

from yingke.kernel import timers
from yingke.rooms.routing import actions, queries
from yingke.rooms.routing.terms import READER

timers.source("routing.drain", queries.next_drain, actions.drain_due)
timers.source("routing.tell", queries.next_tell, actions.tell_due)
timers.source("routing.away", queries.next_away, actions.give_up, after_reader=READER)
