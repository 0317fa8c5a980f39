"""Too much, too fast: refused with 429 and when to come again; what was refused is not there, what was taken is."""

from __future__ import annotations

import asyncio
import time

import pytest
import websockets

from tests.faults.bad_input.asking import LANGUAGES, post, refused, visitor_socket
from tests.faults.people import LINFANG, Desk, kept
from tests.support.server import Server

BURST = 10
"""Sends a visitor may make at once before one a second applies (the default)."""


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_flood_of_messages(own_server: Server, language: str) -> None:
    desk = Desk(own_server)
    async with desk.visitor() as visitor:
        await visitor.history()
        bodies = [
            {"token": visitor.token, "id": f"flood-{i:04d}", "args": {"text": f"第{i}句"}}
            for i in range(BURST * 4)
        ]
        answers = [
            await post(desk, "/w/v1/commands/send", body, **{"Accept-Language": language}) for body in bodies
        ]
        taken = [answer.json()["seq"] for answer in answers if answer.status_code == 200]
        late = [answer for answer in answers if answer.status_code != 200]
        assert BURST <= len(taken) < len(answers), "no limit was met"
        assert late, "no limit was met"
        for answer in late:
            problem = refused(answer, 429, "too_many", language)
            assert 0 < problem["retry_after"] <= 60
        assert len(await kept(desk, visitor)) == len(taken)
        first_late = next(
            body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 429
        )
        wait = max(answer.json()["retry_after"] for answer in late)
        await asyncio.sleep(wait)
        again = await post(desk, "/w/v1/commands/send", first_late)
        assert again.status_code == 200, "429 means: the same again, later"
        assert len(await kept(desk, visitor)) == len(taken) + 1


async def test_a_client_that_keeps_the_rules_gets_everything_through(own_server: Server) -> None:
    """The stranger waits as it is told; nothing is lost, nothing is doubled."""
    desk = Desk(own_server)
    async with desk.visitor() as visitor:
        async with asyncio.timeout(30):
            await asyncio.gather(*(visitor.send(f"第{i}句") for i in range(BURST + 5)))
        assert await kept(desk, visitor) == [f"第{i}句" for i in range(BURST + 5)]


async def test_a_flood_of_frames(own_server: Server) -> None:
    desk = Desk(own_server)
    async with desk.visitor() as visitor:
        await visitor.history()
        async with visitor_socket(desk, visitor.token) as raw:

            async def flood() -> None:
                end = time.monotonic() + 15
                try:
                    while time.monotonic() < end:
                        await raw.say({"t": "ping"})
                        await asyncio.sleep(0)  # or this side would never get to read the close
                except websockets.ConnectionClosed:
                    return

            flooding = asyncio.create_task(flood())
            assert await raw.close_code() == 4429
            await flooding


async def test_a_flood_of_sign_ins(own_server: Server) -> None:
    """Guessing passwords is slowed down, and the right one too while it lasts."""
    desk = Desk(own_server)
    statuses = []
    for i in range(40):
        body = {"email": LINFANG, "password": f"guess-{i}"}
        answer = await post(desk, "/api/v1/session", body, Origin=desk.url)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            refused(answer, 429, "too_many")
            break
        refused(answer, 401, answer.json()["code"])
    assert statuses[-1] == 429, "forty guesses and no limit"
    assert len(statuses) > 3, "a person who mistypes must not be locked out at once"
