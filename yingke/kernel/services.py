"""What a process has: handed to every route and command, made by `app`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from yingke.kernel.blobs import Blobs
from yingke.kernel.bus import Bus
from yingke.kernel.db import Database
from yingke.kernel.rights import Actor
from yingke.kernel.secure import TokenBuckets
from yingke.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates by key, shared by everything a process serves."""

    visitor_sends: TokenBuckets
    visitor_sessions: TokenBuckets


Authenticate = Callable[[Mapping[str, str]], Awaitable[Actor | None]]
IdentifyVisitor = Callable[[str | None, Mapping[str, str]], Awaitable[Actor]]


class Services:
    """Not a dataclass: the web framework would look into it at every request.

    authenticate: cookies → the member of staff signed in with them, or None.
    client_address: peer and X-Forwarded-For → the address of whoever asks.
    identify_visitor: token and headers → the visitor; raises Unauthenticated, Forbidden.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        bus: Bus,
        blobs: Blobs,
        limits: Limits,
        authenticate: Authenticate,
        client_address: Callable[[str, str | None], str],
        identify_visitor: IdentifyVisitor,
    ) -> None:
        self.settings = settings
        self.db = db
        self.bus = bus
        self.blobs = blobs
        self.limits = limits
        self.authenticate = authenticate
        self.client_address = client_address
        self.identify_visitor = identify_visitor
        # What a command holds (a password, say) must not be guessed from its receipt.
        self.receipt_key = settings.key_for("receipt")
