"""The edge without a room: services over a database, people known by a cookie, and a browser on our own page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from yingke.kernel import http, settings
from yingke.kernel.blobs import Blobs
from yingke.kernel.bus import MemoryBus
from yingke.kernel.db import Database
from yingke.kernel.errors import Unauthenticated
from yingke.kernel.rights import Actor, Scope
from yingke.kernel.secure import TokenBuckets, client_address
from yingke.kernel.services import Limits, Services

URL = "http://desk.example"
WRITER = Actor(
    kind="staff", id=1, key="w", name="W", rights={"test.write": Scope.ALL, "test.read": Scope.OWN}
)
OTHER = Actor(kind="staff", id=2, key="o", name="O", rights={"test.write": Scope.ALL})
READER = Actor(kind="staff", id=3, key="r", name="R", rights={"test.read": Scope.OWN})
GUEST = Actor(kind="visitor", id=1, key="g", name="G")
PEOPLE = {who.key: who for who in (WRITER, OTHER, READER)}


async def _signed_in(cookies: Mapping[str, str]) -> Actor | None:
    return PEOPLE.get(cookies.get("who", ""))


async def _guest(token: str | None, headers: Mapping[str, str]) -> Actor:
    if token != "guest":
        raise Unauthenticated("token_unknown")
    return GUEST


def make_services(db: Database, folder: Path, *, secret_key: str = "s" * 32) -> Services:
    flags = {"data_dir": folder / "data", "public_url": URL, "secret_key": secret_key}
    own = settings.load(flags, {}, folder)
    return Services(
        settings=own,
        db=db,
        bus=MemoryBus(),
        blobs=Blobs(own.data_dir),
        authenticate=_signed_in,
        limits=Limits(visitor_sends=TokenBuckets(9, 9), visitor_sessions=TokenBuckets(9, 9)),
        client_address=lambda peer, header: client_address(peer, header, own.trusted_proxies),
        identify_visitor=_guest,
    )


@asynccontextmanager
async def browser(
    services: Services, handlers: Sequence[Any] = (), *, who: str | None = "w"
) -> AsyncIterator[httpx.AsyncClient]:
    app = http.build(services, handlers, version="0")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, app), client=("192.0.2.7", 1), raise_app_exceptions=False),
        base_url=URL,
        headers={"Origin": URL, **({"Cookie": f"who={who}"} if who else {})},
    ) as client:
        yield client
