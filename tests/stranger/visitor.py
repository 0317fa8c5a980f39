"""A visitor of a business's site (2)."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.stranger.client import Client
from tests.stranger.door import Door
from tests.stranger.ladder import TRANSPORTS
from tests.stranger.listener import Listener
from tests.stranger.wire import Json, Row, SignedOut, Timing

CHAT = "chat"


class VisitorDoor(Door):
    socket_path = "/w/v1/live"
    tickets_path = "/w/v1/tickets"
    events_path = "/w/v1/events"
    poll_path = "/w/v1/poll"

    def __init__(
        self,
        url: str,
        site: str,
        *,
        token: str | None,
        timing: Timing,
        rng: random.Random,
        origin: str | None,
        locale: str | None,
    ) -> None:
        super().__init__(url, timing=timing, rng=rng, origin=origin, locale=locale)
        self.site_key = site
        self.token = token
        self.session: Json = {}

    async def enter(self) -> None:
        """With the token held; if that is known no more, again without it (2.1)."""
        body: Json = {"site": self.site_key}
        if self.locale:
            body["locale"] = self.locale
        try:
            held = {"token": self.token} if self.token else {}
            self.session = await self.post("/w/v1/sessions", {**body, **held})
        except SignedOut:
            if not self.token:
                raise
            self.token = None
            self.session = await self.post("/w/v1/sessions", body)
        self.token = str(self.session["token"])

    @property
    def identity(self) -> str | None:
        return str(self.session["visitor"]["key"]) if self.session else None

    def proof(self) -> Json:
        return {"token": self.token}

    def command_path(self, name: str) -> str:
        return f"/w/v1/commands/{name}"


class Visitor(Client):
    def __init__(
        self,
        url: str,
        site: str,
        *,
        token: str | None = None,
        origin: str | None = None,
        locale: str | None = None,
        listener: Listener | None = None,
        transports: Sequence[str] = TRANSPORTS,
        timing: Timing | None = None,
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random()
        self.visitor_door = VisitorDoor(
            url, site, token=token, timing=timing or Timing(), rng=rng, origin=origin, locale=locale
        )
        super().__init__(self.visitor_door, [CHAT], listener=listener, transports=transports, rng=rng)

    @property
    def token(self) -> str | None:
        return self.visitor_door.token

    @property
    def session(self) -> Json:
        """The last answer to 2.1: visitor, site, expires_at."""
        return self.visitor_door.session

    async def send(self, text: str, *, id: str | None = None) -> Json:
        return await self.command("send", {"text": text}, lane=CHAT, id=id)

    async def mark(self, conversation: str, *, delivered: int | None = None, read: int | None = None) -> Json:
        args: Json = {"conversation": conversation, "delivered": delivered, "read": read}
        return await self.command("mark", {name: value for name, value in args.items() if value is not None})

    async def typing(self, on: bool) -> Json:
        return await self.command("typing", {"on": on})

    async def end(self, conversation: str) -> Json:
        return await self.command("end", {"conversation": conversation}, lane=CHAT)

    async def history(self, before: Json | None = None, limit: int = 50) -> Json:
        """Older messages (2.3), oldest first; `before` is {"no", "seq"}."""
        await self.entered()
        body: Json = {**self.door.proof(), "limit": limit}
        if before is not None:
            body["before"] = before
        return await self.door.post("/w/v1/history", body)

    def messages(self) -> list[Row]:
        """In the order to show them: by (no, seq), never by time or arrival."""
        rows = self.replicas[CHAT].of("message").values()
        return sorted(rows, key=lambda row: (row["no"], row["seq"]))

    def conversation(self) -> Row | None:
        """The latest one."""
        rows = self.replicas[CHAT].of("conversation").values()
        return max(rows, key=lambda row: int(row["no"]), default=None)
