"""Whom one is not: foreign origins, other people's conversations, tokens that are forged, stale or of another kind."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.faults.bad_input.asking import (
    LANGUAGES,
    nothing_done,
    plain,
    post,
    refused,
    socket,
    visitor_socket,
)
from tests.faults.people import ADMINISTRATOR, LINFANG, PASSWORD, SITE, SOON, SUPERVISOR, Desk, hold, kept
from tests.stranger import Refused
from tests.stranger.wire import Json

FOREIGN = "https://evil.example"
OURS = "https://shop.example"
EVERY_VISITOR_PATH: dict[str, Json] = {
    "/w/v1/commands/send": {"id": "rights-0001", "args": {"text": "我不是你"}},
    "/w/v1/history": {"limit": 10},
    "/w/v1/tickets": {"topics": {"chat": None}},
    "/w/v1/poll": {"topics": {"chat": None}, "wait": 0},
}


def forgeries(token: str) -> dict[str, str]:
    """Tokens that look like one."""
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    unsigned = ".".join(
        base64.urlsafe_b64encode(part).decode() for part in (b'{"alg":"none"}', b'{"sub":"1"}')
    )
    return {
        "one letter changed": token[:middle] + other + token[middle + 1 :],
        "cut short": token[:-1],
        "longer": token + "A",
        "upside down": token[::-1],
        "upper case": token.swapcase(),
        "unsigned": f"{unsigned}.",
        "a wildcard": "%",
        "SQL": "' OR 1=1 --",
        "very long": "x" * 5_000,
    }


@pytest.mark.parametrize("path", EVERY_VISITOR_PATH)
async def test_no_token_or_a_forged_one(desk: Desk, path: str) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        assert visitor.token
        async with nothing_done(desk, visitor):
            for name, forged in forgeries(visitor.token).items():
                answer = await post(desk, path, {**EVERY_VISITOR_PATH[path], "token": forged})
                assert answer.status_code in (401, 422), f"{name}: {answer.status_code} {answer.text[:200]}"
                assert answer.json()["code"] in ("token_unknown", "invalid"), name
            for missing in ({}, {"token": None}, {"token": ""}):
                answer = await post(desk, path, {**EVERY_VISITOR_PATH[path], **missing})
                assert answer.json()["code"] in ("token_missing", "token_unknown", "invalid"), missing


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_unknown_token_in_words(desk: Desk, language: str) -> None:
    body = {"token": "x" * 43, **EVERY_VISITOR_PATH["/w/v1/history"]}
    refused(
        await post(desk, "/w/v1/history", body, **{"Accept-Language": language}),
        401,
        "token_unknown",
        language,
    )
    body = {"site": SITE, "token": "x" * 43}
    answer = await post(desk, "/w/v1/sessions", body, **{"Accept-Language": language})
    refused(answer, 401, "token_unknown", language)


@pytest.mark.parametrize("path", ["/w/v1/live", "/live"])
async def test_a_socket_without_proof(desk: Desk, path: str) -> None:
    for token in (None, "", "forged", "x" * 5_000):
        async with socket(desk, path, origin=desk.url if path == "/live" else None) as raw:
            hello = {"t": "hello", "v": 1} | ({"token": token} if token is not None else {})
            await raw.say(hello)
            assert await raw.close_code() in (4401, 4400 if token in ("", "x" * 5_000) else 4401)


async def test_a_ticket_works_once_and_only_a_true_one(desk: Desk) -> None:
    async with desk.visitor(transports=("poll",)) as visitor, plain(desk) as client:
        await visitor.send("之前")
        ticket = (
            await visitor.door.post("/w/v1/tickets", {"token": visitor.token, "topics": {"chat": None}})
        )["ticket"]
        async with client.stream("GET", "/w/v1/events", params={"ticket": ticket}) as stream:
            assert stream.status_code == 200
        for wrong in (ticket, "", "x" * 43, ticket[:-1]):
            refused(await client.get("/w/v1/events", params={"ticket": wrong}), 401, "ticket_unknown")


async def test_a_visitors_ticket_opens_no_stream_of_the_staff(desk: Desk) -> None:
    async with desk.visitor(transports=("poll",)) as visitor, plain(desk) as client:
        await visitor.send("之前")
        ticket = (
            await visitor.door.post("/w/v1/tickets", {"token": visitor.token, "topics": {"inbox": None}})
        )["ticket"]
        refused(await client.get("/live/events", params={"ticket": ticket}), 401, "signed_out")
        async with plain(desk, cookies=desk.cookies(LINFANG)) as signed_in:
            refused(await signed_in.get("/live/events", params={"ticket": ticket}), 401, "ticket_unknown")


@pytest.mark.parametrize("command", ["mark", "end"])
@pytest.mark.parametrize("conversation", ["another's", "nobody's"])
async def test_a_conversation_of_somebody_else(desk: Desk, command: str, conversation: str) -> None:
    """404 for both, so that nothing can be learnt."""
    async with desk.visitor() as victim, desk.visitor() as other:
        theirs = (await victim.send("我的秘密"))["conversation"]
        await other.send("你好")
        args: dict[str, Any] = {"conversation": theirs if conversation == "another's" else "A" * len(theirs)}
        async with nothing_done(desk, victim):
            with pytest.raises(Refused) as no:
                await other.command(command, {**args, "read": 1} if command == "mark" else args)
        refused(no.value.problem, 404, "not_found")
        page = await other.history()
        assert "我的秘密" not in json.dumps(page, ensure_ascii=False)


async def test_a_visitor_hears_nothing_of_another(desk: Desk) -> None:
    async with desk.visitor() as victim, desk.visitor() as other:
        await other.send("你好")
        async with visitor_socket(desk, other.token) as raw:
            await raw.say({"t": "subscribe", "topics": {"chat": None}})
            await raw.hear("snapshot")
            await victim.send("我的秘密")
            marker = await other.send("完")
            while True:
                change = await raw.hear("change")
                assert "我的秘密" not in json.dumps(change, ensure_ascii=False)
                if marker["id"] in json.dumps(change):
                    break


async def site_of_our_shop(desk: Desk) -> str:
    """The key of a site whose pages are at one origin only."""
    async with desk.staff(ADMINISTRATOR) as admin:
        await admin.entered()
        group = (await admin.door.request("GET", "/api/v1/groups"))["rows"][0]["key"]
        args = {"name": "Shop", "group": group, "locale": "en", "allowed_origins": [OURS]}
        return str((await admin.command("visitors.create_site", args))["key"])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_visitor_on_a_foreign_page(desk: Desk, language: str) -> None:
    """Where a site names its origins, no other page may speak for its visitors; without the header it passes."""
    site = await site_of_our_shop(desk)
    begun = await post(desk, "/w/v1/sessions", {"site": site}, Origin=OURS)
    assert begun.status_code == 200, begun.text
    token = begun.json()["token"]
    assert (await post(desk, "/w/v1/history", {"token": token})).status_code == 200
    for origin in (FOREIGN, OURS + ".evil.example", "null", OURS.replace("https", "http")):
        headers = {"Origin": origin, "Accept-Language": language}
        answer = await post(desk, "/w/v1/sessions", {"site": site}, **headers)
        refused(answer, 403, "origin_not_allowed", language)
        for path, body in EVERY_VISITOR_PATH.items():
            answer = await post(desk, path, {**body, "token": token}, **headers)
            refused(answer, 403, "origin_not_allowed", language)
        async with socket(desk, origin=origin) as raw:
            await raw.say({"t": "hello", "v": 1, "token": token})
            assert await raw.close_code() == 4403
    page = (await post(desk, "/w/v1/history", {"token": token}, Origin=OURS)).json()
    assert page == {"rows": [], "more": False}, "something was done for a foreign page"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_foreign_origin_writes_nothing_for_the_staff(desk: Desk, language: str) -> None:
    """Signed in, and yet another page of the same browser may not."""
    headers = {"Accept-Language": language, "Content-Type": "application/json"}
    async with desk.visitor() as visitor, desk.staff() as agent:
        conversation = (await visitor.send("之前"))["conversation"]
        await hold(agent, conversation)
        body = {"id": "origin-0001", "args": {"conversation": conversation, "text": "骗人的"}}
        async with nothing_done(desk, visitor):
            for origin in (FOREIGN, "null", desk.url + ".evil.example", "http://127.0.0.1:1"):
                answer = await agent.door.http.post(
                    "/api/v1/commands/conversations.send",
                    content=json.dumps(body),
                    headers={**headers, "Origin": origin},
                )
                refused(answer, 403, "origin_not_allowed", language)
            for path in ("/live/tickets", "/live/poll"):
                answer = await agent.door.http.post(
                    path, json={"topics": {"inbox": None}, "wait": 0}, headers={**headers, "Origin": FOREIGN}
                )
                refused(answer, 403, "origin_not_allowed", language)
    sign_in = {"email": LINFANG, "password": PASSWORD}
    refused(await post(desk, "/api/v1/session", sign_in, Origin=FOREIGN), 403, "origin_not_allowed")


async def test_a_foreign_origin_opens_no_socket_of_the_staff(desk: Desk) -> None:
    async with desk.staff() as agent:
        await agent.until(lambda: agent.transport is not None, SOON)
        cookie = agent.door.socket_headers()
        for origin in (FOREIGN, None):
            async with socket(desk, "/live", origin=origin, additional_headers=cookie) as raw:
                await raw.say({"t": "hello", "v": 1})
                assert await raw.close_code() == 4403


STAFF_PATHS = {
    "/api/v1/session": "GET",
    "/api/v1/search?q=订单": "GET",
    "/api/v1/commands/conversations.send": "POST",
    "/api/v1/commands/staff.set_intent": "POST",
    "/live/poll": "POST",
    "/live/tickets": "POST",
}


@pytest.mark.parametrize("path", STAFF_PATHS)
async def test_the_staffs_addresses_are_closed_to_visitors_and_forged_cookies(desk: Desk, path: str) -> None:
    async with desk.visitor() as visitor, desk.staff() as agent:
        await visitor.send("之前")
        name = next(iter(agent.door.http.cookies.jar)).name
        assert visitor.token
        for cookie in (None, "", "x" * 43, visitor.token, "../../etc/passwd"):
            headers = {"Origin": desk.url} | ({"Cookie": f"{name}={cookie}"} if cookie is not None else {})
            async with plain(desk, headers=headers) as client:
                body = {
                    "id": "rights-0002",
                    "args": {},
                    "topics": {"inbox": None},
                    "wait": 0,
                    "token": visitor.token,
                }
                answer = await client.request(
                    STAFF_PATHS[path], path, json=body if STAFF_PATHS[path] == "POST" else None
                )
                refused(answer, 401, "signed_out")


async def test_signed_out_is_signed_out(desk: Desk) -> None:
    """The cookie taken before is worth nothing after."""
    async with desk.staff(ADMINISTRATOR, cookies=None) as admin:
        await admin.until(lambda: admin.transport is not None, SOON)
        cookie = admin.door.socket_headers()["Cookie"]
        async with plain(desk, headers={"Origin": desk.url, "Cookie": cookie}) as client:
            assert (await client.get("/api/v1/session")).status_code == 200
            assert (await client.delete("/api/v1/session")).is_success
            refused(await client.get("/api/v1/session"), 401, "signed_out")
            async with socket(desk, "/live", origin=desk.url, additional_headers={"Cookie": cookie}) as raw:
                await raw.say({"t": "hello", "v": 1})
                assert await raw.close_code() == 4401


async def test_a_note_never_reaches_the_visitor(desk: Desk) -> None:
    async with desk.visitor() as visitor, desk.staff() as agent:
        conversation = (await visitor.send("你好"))["conversation"]
        await hold(agent, conversation)
        async with visitor_socket(desk, visitor.token) as raw:
            await raw.say({"t": "subscribe", "topics": {"chat": None}})
            await raw.hear("snapshot")
            await agent.note(conversation, "此人难缠")
            await agent.send(conversation, "您好")
            while True:
                change = json.dumps(await raw.hear("change"), ensure_ascii=False)
                assert "此人难缠" not in change
                if "您好" in change:
                    break
        page = json.dumps(await visitor.history(), ensure_ascii=False)
        assert "此人难缠" not in page
        assert await kept(desk, visitor) == ["你好", "您好"]
        seqs = [row["seq"] for _, _, _, row in (await visitor.history())["rows"]]
        assert seqs == list(range(1, len(seqs) + 1)), "a note leaves no gap that tells of it"


async def test_nothing_is_done_in_a_wrong_name(desk: Desk) -> None:
    """Somebody else has signed in in the same browser: the window that does not know yet is told to sign in."""
    async with desk.visitor() as visitor, desk.staff() as agent, desk.staff(SUPERVISOR) as other:
        conversation = (await visitor.send("之前"))["conversation"]
        await hold(agent, conversation)
        await other.until(lambda: bool(other.me), SOON)
        wrong = {"as": other.me["key"]}
        args = {"conversation": conversation, "text": "以别人的名义"}
        async with nothing_done(desk, visitor):
            asked: dict[str, Json] = {
                "/api/v1/commands/conversations.send": {"id": "wrong-name-01", "args": args},
                "/live/tickets": {"topics": {"inbox": None}},
                "/live/poll": {"topics": {"inbox": None}, "wait": 0},
            }
            for path, body in asked.items():
                refused(await agent.door.http.post(path, json={**body, **wrong}), 401, "signed_out")
            async with socket(
                desk, "/live", origin=desk.url, additional_headers=agent.door.socket_headers()
            ) as raw:
                await raw.say({"t": "hello", "v": 1, **wrong})
                assert await raw.close_code() == 4401
