"""What is due by itself: connections whose grace has ended."""

from __future__ import annotations

from yingke.kernel import timers
from yingke.rooms.staff.actions import presence
from yingke.rooms.staff.queries import records

SOURCE = "staff.connected"

timers.source(SOURCE, records.next_disconnect, presence.disconnect_due)
