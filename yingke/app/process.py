"""One process of Yingke: everything it is made of, begun and ended in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from yingke import __version__
from yingke.app import housekeeping, static, wiring
from yingke.channels.web import routes as web
from yingke.kernel import http, journal
from yingke.kernel.blobs import Blobs
from yingke.kernel.bus import make_bus
from yingke.kernel.clock import Clock, system_clock
from yingke.kernel.db import Database
from yingke.kernel.entries import CursorCodec
from yingke.kernel.errors import Forbidden, Unauthenticated
from yingke.kernel.reactions import ReaderLoop
from yingke.kernel.rights import Actor
from yingke.kernel.secure import TokenBuckets, client_address
from yingke.kernel.services import Limits, Services
from yingke.kernel.settings import Settings
from yingke.kernel.tickets import Redeemed
from yingke.kernel.timers import Timers
from yingke.kernel.worker import Worker
from yingke.live import asgi
from yingke.live.door import Door, Live, cookies_of
from yingke.rooms.staff import api as staff
from yingke.rooms.visitors import api as visitors

MAX_VISITOR_CONNECTIONS = 10
MAX_STAFF_CONNECTIONS = 50
MIN_FRAMES_PER_SECOND = 50.0

# Visitors come from the pages of others; nothing there rests on cookies.
FOR_OTHER_PAGES = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST, GET"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Process:
    """Made from settings; `start` and `stop` are called on the event loop that serves."""

    def __init__(self, settings: Settings, *, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.db = Database(settings.database_url, clock=clock)
        self.bus = make_bus(settings.database_url)
        self.db.on_commit(lambda _, wakes: self.bus.wake(wakes))
        self.services = Services(
            settings=settings,
            db=self.db,
            bus=self.bus,
            blobs=Blobs(settings.data_dir),
            authenticate=staff.authenticator(self.db, settings),
            limits=Limits(
                visitor_sends=TokenBuckets(settings.visitor_send_rate, settings.visitor_send_burst),
                visitor_sessions=TokenBuckets(max(1.0, settings.visitor_send_rate), 60),
            ),
            client_address=lambda peer, forwarded: client_address(peer, forwarded, settings.trusted_proxies),
            identify_visitor=self._identify_visitor,
        )
        self._readers = ReaderLoop(self.db, self.bus)
        self._worker = Worker(self.db, self.bus, clock)
        self._timers = Timers(self.db, self.bus, clock)
        self._http = http.build(self.services, wiring.handlers(), version=__version__)
        self._files = static.load()
        self.live: Live | None = None
        self._app: asgi.Asgi = self._rest

    # --- beginning and end -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        epoch = await self.db.write(journal.epoch)
        self.live = Live(
            self.services,
            CursorCodec(self.settings.key_for("cursor"), epoch),
            epoch,
            self._doors(),
            frames_per_second=max(MIN_FRAMES_PER_SECOND, 4 * self.settings.visitor_send_rate),
        )
        self._app = asgi.mount(self.live, self._rest)
        await self.bus.start()
        await self.live.start()
        await self._readers.start()
        await self._timers.start()
        await self._worker.start()
        await self.db.write(housekeeping.plan)

    async def hang_up(self) -> None:
        """End what would stay open: sockets and streams come back to whoever serves next."""
        if self.live is not None:
            await self.live.stop()

    async def stop(self) -> None:
        await self.hang_up()
        await self._worker.stop()
        await self._timers.stop()
        await self._readers.stop()
        await self.bus.stop()
        self.db.close()

    # --- who comes in ------------------------------------------------------------------------------------------------

    def _doors(self) -> Sequence[Door]:
        return (
            Door(
                viewer="visitor",
                prefix="/w/v1",
                socket="/w/v1/live",
                most=MAX_VISITOR_CONNECTIONS,
                identify=self._identify_visitor,
                of_ticket=self._visitor_of_ticket,
                arrived=_nothing,
                there=_nothing,
            ),
            Door(
                viewer="staff",
                prefix="/live",
                socket="/live",
                most=MAX_STAFF_CONNECTIONS,
                identify=self._identify_staff,
                of_ticket=self._staff_of_ticket,
                arrived=lambda staff_id: self.db.write(staff.connected, staff_id),
                there=lambda ids: self.db.write(staff.extend_connected, ids),
            ),
        )

    async def _identify_visitor(self, token: str | None, headers: Mapping[str, str]) -> Actor:
        return await self.db.read(web.identify, token, headers.get("origin"))

    async def _visitor_of_ticket(self, redeemed: Redeemed, headers: Mapping[str, str]) -> Actor:
        kind, _, id_ = redeemed.actor.partition(":")
        if kind != "visitor":
            raise Unauthenticated("ticket_unknown")
        return await self.db.read(visitors.actor_of, int(id_))

    async def _identify_staff(self, key: str | None, headers: Mapping[str, str]) -> Actor:
        if not http.origin_is_ours(headers, self.settings.public_url):
            raise Forbidden("origin_not_allowed", {"origin": headers.get("origin", "-")[:200]})
        who = await self._signed_in(headers)
        http.must_be(who, key)
        return who

    async def _staff_of_ticket(self, redeemed: Redeemed, headers: Mapping[str, str]) -> Actor:
        """The browser sends the cookie with the stream too; that the page was ours, the ticket shows."""
        who = await self._signed_in(headers)
        if who.tag != redeemed.actor:
            raise Unauthenticated("ticket_unknown")
        return who

    async def _signed_in(self, headers: Mapping[str, str]) -> Actor:
        who = await self.services.authenticate(cookies_of(headers))
        if who is None:
            raise Unauthenticated("signed_out")
        return who

    # --- ASGI --------------------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] == "http" and scope["path"].startswith("/w/"):
            send = _with_headers(send, FOR_OTHER_PAGES)
            if scope["method"] == "OPTIONS":
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._app(scope, receive, send)

    async def _rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["method"] in ("GET", "HEAD"):
            file = self._files.get(path)
            if file is None and _is_page(path):
                file = self._files.get("/index.html")  # an address inside the console
            if file is not None:
                await static.serve(file, scope, send)
                return
        send = _with_headers(send, ((b"x-content-type-options", b"nosniff"),))
        await self._http(scope, receive, send)  # type: ignore[arg-type]

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _nothing(_: Any) -> None:
    """Visitors' presence is not kept yet."""


def _is_page(path: str) -> bool:
    """Whether an address may be one of the console's own: no file, and no other room of the house."""
    outside = ("/api/", "/w/", "/live", "/openapi.json", "/health")
    return not path.startswith(outside) and "." not in path.rsplit("/", 1)[-1]


def _with_headers(send: Send, headers: Iterable[tuple[bytes, bytes]]) -> Send:
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return with_headers
