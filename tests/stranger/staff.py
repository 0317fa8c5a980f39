"""A member of the staff: agent, supervisor or administrator (5.2)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tests.stranger.client import Client
from tests.stranger.door import Door
from tests.stranger.ladder import TRANSPORTS
from tests.stranger.listener import Listener
from tests.stranger.wire import Json, Row, SignedOut, Stopped, Timing

FIXED = ("me", "team", "inbox")


class StaffDoor(Door):
    socket_path = "/live"
    tickets_path = "/live/tickets"
    events_path = "/live/events"
    poll_path = "/live/poll"

    def __init__(
        self,
        url: str,
        email: str,
        password: str,
        *,
        timing: Timing,
        rng: random.Random,
        origin: str | None,
        locale: str | None,
        cookies: Mapping[str, str] | None,
    ) -> None:
        """Every write and socket of the staff carries our own Origin: the address called, unless told otherwise."""
        super().__init__(url, timing=timing, rng=rng, origin=origin or url.rstrip("/"), locale=locale)
        self.email = email
        self.password = password
        self.me: Row = {}
        self.http.cookies.update(dict(cookies or {}))

    async def enter(self) -> None:
        """With the cookie held; if that is good no more, with e-mail and password."""
        if self.http.cookies:
            try:
                self.me = await self.request("GET", "/api/v1/session")
            except SignedOut:
                self.forget_session()
            else:
                return
        try:
            self.me = await self.post("/api/v1/session", {"email": self.email, "password": self.password})
        except SignedOut as no:
            raise Stopped(f"sign-in refused: {no}") from no

    @property
    def identity(self) -> str | None:
        return str(self.me["key"]) if self.me else None

    def proof(self) -> Json:
        """Beside the cookie, which httpx sends by itself: whom one takes oneself for, so that nothing is done in the
        name of whoever signed in meanwhile in the same browser."""
        return {"as": self.me["key"]} if self.me else {}

    def command_path(self, name: str) -> str:
        return f"/api/v1/commands/{name}"


class Staff(Client):
    def __init__(
        self,
        url: str,
        email: str,
        password: str,
        *,
        topics: Sequence[str] = FIXED,
        origin: str | None = None,
        locale: str | None = None,
        cookies: Mapping[str, str] | None = None,
        listener: Listener | None = None,
        transports: Sequence[str] = TRANSPORTS,
        timing: Timing | None = None,
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random()
        self.staff_door = StaffDoor(
            url,
            email,
            password,
            timing=timing or Timing(),
            rng=rng,
            origin=origin,
            locale=locale,
            cookies=cookies,
        )
        super().__init__(self.staff_door, topics, listener=listener, transports=transports, rng=rng)

    @property
    def me(self) -> Row:
        """One's own row, as the sign-in answered it."""
        return self.staff_door.me

    def open(self, conversation: str) -> None:
        """Opens a thread: its conversation and messages are kept from now on."""
        self.subscribe(f"thread/{conversation}")

    async def send(self, conversation: str, text: str, *, id: str | None = None) -> Json:
        return await self._within(conversation, "conversations.send", {"text": text}, id)

    async def note(self, conversation: str, text: str, *, id: str | None = None) -> Json:
        return await self._within(conversation, "conversations.note", {"text": text}, id)

    async def mark(self, conversation: str, *, delivered: int | None = None, read: int | None = None) -> Json:
        args = {name: seq for name, seq in (("delivered", delivered), ("read", read)) if seq is not None}
        return await self.command("conversations.mark", {"conversation": conversation, **args})

    async def take(self, conversation: str) -> Row:
        return await self._within(conversation, "conversations.take", {})

    async def close_conversation(self, conversation: str) -> Row:
        return await self._within(conversation, "conversations.close", {})

    async def reopen(self, conversation: str) -> Row:
        return await self._within(conversation, "conversations.reopen", {})

    async def set_intent(self, intent: str, reason: str | None = None) -> Row:
        args = {"intent": intent} | ({"reason": reason} if reason is not None else {})
        return await self.command("staff.set_intent", args)

    async def history(self, conversation: str, before: int | None = None, limit: int = 50) -> Json:
        await self.entered()
        query = f"?limit={limit}" + (f"&before={before}" if before is not None else "")
        return await self.door.request("GET", f"/api/v1/conversations/{conversation}/messages{query}")

    def inbox(self) -> dict[str, Row]:
        return self.replicas["inbox"].of("conversation")

    def messages(self, conversation: str) -> list[Row]:
        """In the order to show them: by seq."""
        replica = self.replicas.get(f"thread/{conversation}")
        rows = replica.of("message").values() if replica else ()
        return sorted(rows, key=lambda row: int(row["seq"]))

    async def _within(self, conversation: str, name: str, args: Json, id: str | None = None) -> Json:
        """Everything in one conversation goes out in order, one in flight (rule 2)."""
        return await self.command(name, {"conversation": conversation, **args}, lane=conversation, id=id)
