"""The side of a client that differs between visitor and staff: addresses, proof of who one is, requests over HTTP."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import httpx

from tests.stranger.wire import BackOff, Json, NotKnown, Timing, refusal

Sent = Callable[[], None]


class Door(ABC):
    """Where to knock, and with what in the hand."""

    socket_path: str
    tickets_path: str
    events_path: str
    poll_path: str

    def __init__(
        self, url: str, *, timing: Timing, rng: random.Random, origin: str | None, locale: str | None
    ) -> None:
        self.url = url.rstrip("/")
        self.timing = timing
        self.rng = rng
        self.origin = origin
        self.locale = locale
        headers = {"Accept": "application/json"}
        if locale:
            headers["Accept-Language"] = locale
        if origin:
            headers["Origin"] = origin
        self.http = httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=timing.answer,
            trust_env=False,
            limits=httpx.Limits(max_connections=8),
        )

    @abstractmethod
    async def enter(self) -> None:
        """Begin or continue a session: asked once, raises what came of it."""

    @abstractmethod
    def proof(self) -> Json:
        """What goes into every body, and into the first frame: the visitor's token, nothing for staff."""

    @property
    @abstractmethod
    def identity(self) -> str | None:
        """Who one is, as the server's key; None before the first session."""

    def forget_session(self) -> None:
        """The server knows the session no more: the next `enter` begins as if from nothing."""
        self.http.cookies.clear()

    @abstractmethod
    def command_path(self, name: str) -> str: ...

    def socket_address(self) -> str:
        scheme, rest = self.url.split("://", 1)
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}{self.socket_path}"

    def socket_headers(self) -> dict[str, str]:
        """Cookies the sign-in set, and the language."""
        headers = {}
        cookie = self.http.build_request("GET", self.socket_path).headers.get("Cookie")
        if cookie:
            headers["Cookie"] = cookie
        if self.locale:
            headers["Accept-Language"] = self.locale
        return headers

    async def enter_until_in(self) -> None:
        """Never give up (rule 6) but for a refusal."""
        back_off = BackOff(self.timing, self.rng)
        while True:
            try:
                return await self.enter()
            except NotKnown as reason:
                await asyncio.sleep(back_off.next() + (reason.retry_after or 0.0))

    async def command(self, name: str, id_: str, args: Json, sent: Sent | None = None) -> Json:
        return await self.post(self.command_path(name), {**self.proof(), "id": id_, "args": args}, sent=sent)

    async def post(
        self, path: str, body: Json, *, sent: Sent | None = None, timeout: float | None = None
    ) -> Json:
        return await self.request("POST", path, body, sent=sent, timeout=timeout)

    async def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        sent: Sent | None = None,
        timeout: float | None = None,
    ) -> Json:
        """One request, once. `sent` is called when its last byte has left."""
        extensions: dict[str, Any] = {}
        if sent is not None:
            extensions["trace"] = _tracer(sent)
        try:
            response = await self.http.request(
                method,
                path,
                json=body if body is not None else None,
                extensions=extensions,
                timeout=timeout or self.timing.answer,
            )
        except httpx.TransportError as error:
            raise NotKnown(f"{type(error).__name__} {error}".strip()) from error
        return answer_of(response)


def answer_of(response: httpx.Response) -> Json:
    """200 is the answer; everything else says refused or not known."""
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if response.is_success:
        if not isinstance(body, dict):
            raise NotKnown(f"{response.status_code} without a JSON object")
        return body
    problem: Json = dict(body) if isinstance(body, dict) else {}
    problem["status"] = response.status_code
    if 300 <= response.status_code < 400:
        raise NotKnown(f"{response.status_code} to {response.headers.get('Location')}")
    raise refusal(problem)


def _tracer(sent: Sent) -> Callable[[str, Any], Any]:
    async def trace(event: str, _info: Any) -> None:
        if event == "http11.send_request_body.complete":
            sent()

    return trace
