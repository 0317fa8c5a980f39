"""The web channel: what a visitor may listen to: the own chat, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from yingke.channels.web.actions import CHANNEL
from yingke.kernel.db import Read
from yingke.kernel.rights import Actor
from yingke.kernel.topics import Snapshot, topic
from yingke.rooms.conversations import api as conversations


def _own(read: Read, who: Actor, name: str) -> Sequence[str]:
    return [conversations.chat_topic(CHANNEL, who.key)]


@topic("chat", viewer="visitor", guard=_own)
def chat(read: Read, who: Actor, name: str) -> Snapshot:
    """The visitor's latest conversation and messages."""
    thread = conversations.latest_of_contact(read, CHANNEL, who.key)
    return Snapshot(thread.rows, thread.more)
