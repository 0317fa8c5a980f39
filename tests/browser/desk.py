"""The browsers of one test: a context for each person, all watched for what must never happen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, BrowserContext, Dialog, Page, Request, StorageState

from tests.browser.console import Console
from tests.browser.widget import Widget
from tests.browser.words import Words

PASSWORD = "demo-yingke"
LINFANG = "linfang@demo.example"
HEJING = "hejing@demo.example"
SUPERVISOR = "zhuguan@demo.example"
ADMINISTRATOR = "admin@demo.example"
NAMES = {LINFANG: "林芳", HEJING: "何静", SUPERVISOR: "周明", ADMINISTRATOR: "陈立"}

SOON = 15_000  # milliseconds; this machine may be busy with much else
DESKTOP = {"width": 1360, "height": 820}
PHONE = {"width": 390, "height": 844}


class Desk:
    """`url` is where browsers go, which may be a proxy in front of the server."""

    def __init__(self, browser: Browser, url: str, cookies: dict[str, dict[str, str]]) -> None:
        self.url = url
        self.wrongs: list[str] = []
        """What happened that never may: a dialog, an uncaught error, a request to somewhere else."""
        self.requests: list[str] = []
        self._browser = browser
        self._cookies = cookies
        self._contexts: list[BrowserContext] = []
        self._dismissed: set[asyncio.Task[None]] = set()

    async def context(
        self,
        *,
        who: str | None = None,
        phone: bool = False,
        dark: bool = False,
        locale: str = "zh-CN",
        scripts: Sequence[str] = (),
        stored: StorageState | None = None,
    ) -> BrowserContext:
        """A browser of one person's own, signed in as `who`; `stored` is what another browser of theirs remembers."""
        touch: dict[str, Any] = {"has_touch": True, "is_mobile": True} if phone else {}
        context = await self._browser.new_context(
            base_url=self.url,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            storage_state=stored,
            **touch,
        )
        context.set_default_timeout(SOON)
        context.on("page", self._watch)
        self._contexts.append(context)
        for script in scripts:
            await context.add_init_script(script)
        if who:
            signed_in = await self._signed_in(who)
            await context.add_cookies(
                [{"name": name, "value": value, "url": self.url} for name, value in signed_in.items()]
            )
        return context

    async def agent(self, who: str = LINFANG, path: str = "/", **more: Any) -> Console:
        """A console with somebody signed in, the inbox loaded."""
        return await self.window(await self.context(who=who, **more), path, touch=more.get("phone", False))

    async def window(self, context: BrowserContext, path: str = "/", *, touch: bool = False) -> Console:
        """One more console of the same person."""
        console = Console(await context.new_page(), Words("zh-CN"), touch=touch)
        await console.go(path)
        return console

    async def visitor(self, locale: str = "zh-CN", *, opened: bool = True, **more: Any) -> Widget:
        """The shop's page in a browser of its own, with the panel open."""
        return await self.tab(await self.context(locale=locale, **more), locale, opened=opened)

    async def tab(self, context: BrowserContext, locale: str = "zh-CN", *, opened: bool = True) -> Widget:
        """One more tab of the same visitor."""
        widget = Widget(await context.new_page(), Words(locale))
        await widget.go()
        if opened:
            await widget.open()
        return widget

    async def close(self) -> None:
        """Every browser closed, every conversation ended: the next test on this server begins with an empty inbox."""
        await asyncio.gather(*(context.close() for context in self._contexts))
        async with self._client(await self._signed_in(SUPERVISOR)) as client:
            answer = await client.post("/live/poll", json={"topics": {"inbox": None}, "wait": 0})
            rows = [row for frame in answer.json()["frames"] for row in frame.get("rows", [])]
            for kind, key, _rev, _row in rows:
                if kind == "conversation":
                    await self._close_conversation(client, key)

    async def _close_conversation(self, client: httpx.AsyncClient, key: str) -> None:
        for name in ("conversations.take", "conversations.close"):
            body = {"id": f"end-{key}-{name[14:]}", "args": {"conversation": key}}
            answer = await client.post(f"/api/v1/commands/{name}", json=body)
            assert answer.status_code in (200, 409), answer.text

    async def _signed_in(self, who: str) -> dict[str, str]:
        """Each person signs in once for a server, since sign-ins are limited."""
        if who not in self._cookies:
            async with self._client() as client:
                answer = await client.post("/api/v1/session", json={"email": who, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self._cookies[who] = dict(answer.cookies)
        return self._cookies[who]

    def _client(self, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, cookies=cookies, headers={"Origin": self.url}, trust_env=False, timeout=30
        )

    # --- what must never happen --------------------------------------------------------------------------------------

    def _watch(self, page: Page) -> None:
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.wrongs.append(f"uncaught on {page.url}: {error}"))
        page.on("request", self._request)
        page.on("websocket", lambda socket: self._gone_to(socket.url, page.url))
        page.on("console", lambda message: self._said(message.text, page.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.wrongs.append(f"a dialog: {dialog.message}")
        task = asyncio.ensure_future(dialog.dismiss())
        self._dismissed.add(task)
        task.add_done_callback(self._dismissed.discard)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        self._gone_to(request.url, request.frame.url)

    def _gone_to(self, url: str, page: str) -> None:
        there = urlsplit(url)
        if there.scheme not in ("data", "blob") and there.netloc != urlsplit(self.url).netloc:
            self.wrongs.append(f"a request that leaves the installation: {url} from {page}")

    def _said(self, text: str, page: str) -> None:
        if "Content Security Policy" in text:
            self.wrongs.append(f"against the content security policy, on {page}: {text}")


async def talking(visitor: Widget, agent: Console, opening: str) -> None:
    """The visitor has written `opening`, the agent has taken it and has the thread open."""
    await visitor.send(opening)
    await agent.take(opening)
