"""A client of Yingke written from docs/protocol.md alone.

It shows that the document is enough: nothing of the product is imported here (test_alone.py holds that), and where
the document does not say something, the client does not know it. The numbers in the comments are its sections.

    visitor = Visitor("http://127.0.0.1:8000", "demo")
    async with visitor:
        answer = await visitor.send("在吗？")
        print(answer["seq"], [row["text"] for row in visitor.messages()])
"""

from tests.stranger.client import Client
from tests.stranger.listener import Listener
from tests.stranger.outbox import Command
from tests.stranger.replica import Replica
from tests.stranger.staff import Staff
from tests.stranger.visitor import Visitor
from tests.stranger.wire import LinkLost, NotKnown, Refused, SignedOut, Stopped, Timing

__all__ = [
    "Client",
    "Command",
    "LinkLost",
    "Listener",
    "NotKnown",
    "Refused",
    "Replica",
    "SignedOut",
    "Staff",
    "Stopped",
    "Timing",
    "Visitor",
]
