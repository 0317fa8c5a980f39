"""Routing: the room's words."""

from __future__ import annotations

from enum import StrEnum

from yingke.kernel.clock import MINUTE, SECOND

READER = "routing"
POLICY = "plain-1"  # written with each decision, so that it can be explained later

REASSIGN_AFTER = 3 * MINUTE  # of absence, before what waits for an answer is offered to others (live-chat 5)
TELL_EVERY = 1 * SECOND  # how often the waiting are told their place
PIECE = 20  # assignments in one transaction
PLACES = 30  # told their new place in one transaction


class Reason(StrEnum):
    """Why somebody was or was not chosen."""

    CHOSEN = "chosen"
    FULL = "full"
    LESS_FREE = "less_free"
    WAITED_LESS = "waited_less"
