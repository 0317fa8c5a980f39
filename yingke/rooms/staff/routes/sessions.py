"""Signing in and out, and the first administrator."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Annotated
from weakref import WeakKeyDictionary

import msgspec

from yingke.kernel.clock import DAY, SECOND
from yingke.kernel.commands import SIGNED_IN
from yingke.kernel.db import Database, Read
from yingke.kernel.errors import Forbidden, TooMany, Unauthenticated
from yingke.kernel.http import (
    Cookie,
    Has,
    HttpRequest,
    JSONBody,
    Response,
    Who,
    client_address,
    fetch,
    remove,
    send,
    strictly,
)
from yingke.kernel.parse import Args, Name
from yingke.kernel.rights import Actor
from yingke.kernel.secure import TokenBuckets
from yingke.kernel.settings import Settings
from yingke.rooms.staff import rules, terms
from yingke.rooms.staff.actions import sessions as acts
from yingke.rooms.staff.actions import setup as setup_acts
from yingke.rooms.staff.queries import people, sessions
from yingke.rooms.staff.queries.people import MeRow
from yingke.rooms.staff.routes.passwords import aside
from yingke.rooms.staff.terms import Locale

Password = Annotated[str, msgspec.Meta(max_length=1000)]
Email = Annotated[str, msgspec.Meta(max_length=320)]


class SignIn(Args, frozen=True):
    email: Email
    password: Password


class SetUp(Args, frozen=True):
    """token: as printed at the first start."""

    token: Annotated[str, msgspec.Meta(max_length=200)]
    name: Name
    email: Email
    password: Password
    locale: Locale


class Rates:
    """How often may be tried: for an e-mail address 10 failures at once and 10 a minute, a success begins anew; for a
    network address 60 at once and 60 a minute, whatever comes of it."""

    def __init__(self) -> None:
        self._by_email = TokenBuckets(10 / 60, 10)
        self._by_address = TokenBuckets(60 / 60, 60)
        self._successes: Counter[str] = Counter()

    def take(self, email: str | None, address: str) -> None:
        """Raises TooMany."""
        wait = self._by_address.take(address)
        if not wait and email is not None:
            wait = self._by_email.take(self._bucket(email))
        if wait:
            raise TooMany("too_many", {"seconds": ceil(wait)}, retry_after=wait)

    def succeeded(self, email: str) -> None:
        self._successes[email] += 1

    def _bucket(self, email: str) -> str:
        return f"{self._successes.get(email, 0)} {email}"


_rates: WeakKeyDictionary[Database, Rates] = WeakKeyDictionary()


def _rates_of(db: Database) -> Rates:
    return _rates.setdefault(db, Rates())


def _with_cookie(row: MeRow, token: str, settings: Settings) -> Response[MeRow]:
    return Response(row, status_code=200, cookies=[_cookie(token, settings, settings.session_days * DAY)])


def _cookie(token: str, settings: Settings, lasts: int) -> Cookie:
    return Cookie(
        settings.cookie_name(terms.COOKIE),
        value=token,
        path="/",
        max_age=lasts // SECOND,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


@send("/api/v1/session", public=True, tags=["session"])
async def sign_in(data: JSONBody[SignIn], request: HttpRequest, services: Has) -> Response[MeRow]:
    """Sign in: sets the cookie, answers the `me` row. 401 `sign_in_failed`, 429 `too_many`."""
    data = await strictly(request, SignIn)
    db, days = services.db, services.settings.session_days
    email, address = rules.email(data.email), client_address(request)
    _rates_of(db).take(email, address)
    account = await db.read(sessions.account, email) if email else None
    passwords = await aside(acts.passwords)
    right = await aside(passwords.verify, account.password_hash if account else None, data.password)
    if email is None or account is None or not right or not account.active:
        await db.write(acts.note_failed_sign_in, account, address)
        raise Unauthenticated("sign_in_failed")
    old = passwords.needs_rehash(account.password_hash)
    new_hash = await aside(passwords.hash, data.password) if old else None
    agent = request.headers.get("user-agent", "")
    opened = await db.write(acts.sign_in, account, new_hash, agent, address, days)
    _rates_of(db).succeeded(email)
    return _with_cookie(opened.me, opened.token, services.settings)


@fetch("/api/v1/session", right=SIGNED_IN, tags=["session"])
async def get_session(request: HttpRequest, who: Who, services: Has) -> Response[MeRow]:
    """Who is signed in: the `me` row. The cookie begins to count anew, as the session does."""
    settings = services.settings
    row = await services.db.read(_own_row, who)
    return _with_cookie(row, request.cookies[settings.cookie_name(terms.COOKIE)], settings)


def _own_row(read: Read, who: Actor) -> MeRow:
    return people.person(read, who.id).me


@remove("/api/v1/session", right=SIGNED_IN, tags=["session"])
async def sign_out(who: Who, services: Has) -> Response[None]:
    """Sign out."""
    await services.db.write(acts.sign_out, who)
    return Response(None, status_code=204, cookies=[_cookie("", services.settings, 0)])


@send("/api/v1/setup", public=True, tags=["session"])
async def set_up(data: JSONBody[SetUp], request: HttpRequest, services: Has) -> Response[MeRow]:
    """Make the first administrator and sign them in. 403 `setup_token_wrong`, 409 `set_up_already`."""
    db, days = services.db, services.settings.session_days
    _rates_of(db).take(None, client_address(request))
    if not await db.read(sessions.setup_allows, data.token):
        raise Forbidden("setup_token_wrong")
    rules.check_password(data.password, rules.must_be_email(data.email))
    password_hash = await aside(acts.hash_password, data.password)
    opened = await db.write(
        setup_acts.set_up,
        data.token,
        name=data.name,
        email=data.email,
        password_hash=password_hash,
        locale=data.locale,
        user_agent=request.headers.get("user-agent", ""),
        days=days,
    )
    return _with_cookie(opened.me, opened.token, services.settings)


routes = [sign_in, get_session, sign_out, set_up]
