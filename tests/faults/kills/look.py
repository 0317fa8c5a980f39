"""The fresh look at the end: new clients that know nothing read everything, and the readers' effects are asked for."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from tests.faults.kills.compare import Fresh
from tests.faults.kills.feed import SENDS, Feed
from tests.stranger import Staff, Visitor
from tests.stranger.visitor import CHAT
from tests.stranger.wire import Row

SNAPSHOT_WITHIN = 15.0
EFFECTS_WITHIN = 12.0


async def look(url: str, email: str, password: str, feeds: list[Feed], tokens: dict[str, str]) -> Fresh:
    fresh = Fresh()
    for name, token in tokens.items():
        fresh.visitors[name] = await visitor_sees(url, token)
    conversations = {row["conversation"] for rows in fresh.visitors.values() for row in rows}
    async with Staff(url, email, password, topics=("inbox",)) as staff:
        await staff.until(lambda: staff.replicas["inbox"].begun, SNAPSHOT_WITHIN)
        conversations |= set(staff.inbox())
        for key in sorted(conversations):
            fresh.staff[key] = await staff_sees(staff, key)
        fresh.not_found = await not_found(staff, wanted(feeds, fresh))
        fresh.queued = await left_waiting(staff)
    return fresh


async def visitor_sees(url: str, token: str) -> list[Row]:
    """The snapshot of a new window, and what is older by history."""
    async with Visitor(url, "demo", token=token) as visitor:
        replica = visitor.replicas[CHAT]
        await visitor.until(lambda: replica.begun, SNAPSHOT_WITHIN)
        rows = visitor.messages()
        while rows and (rows[0]["no"], rows[0]["seq"]) != (1, 1):
            page = await visitor.history({"no": rows[0]["no"], "seq": rows[0]["seq"]}, 100)
            if not page["rows"]:
                break
            rows = [row for _, _, _, row in page["rows"]] + rows
    return rows


async def staff_sees(staff: Staff, conversation: str) -> list[Row]:
    topic = f"thread/{conversation}"
    staff.open(conversation)
    await staff.until(lambda: staff.replicas[topic].begun, SNAPSHOT_WITHIN)
    rows = staff.messages(conversation)
    staff.unsubscribe(topic)
    while rows and rows[0]["seq"] != 1:
        page = await staff.history(conversation, rows[0]["seq"], 100)
        if not page["rows"]:
            break
        rows = [row for _, _, _, row in page["rows"]] + rows
    return rows


def wanted(feeds: list[Feed], fresh: Fresh) -> dict[str, set[tuple[str, int]]]:
    """Word to search for -> (conversation, seq) of the acknowledged messages that hold it and are there."""
    there = {
        row["text"]: (key, row["seq"]) for key, rows in fresh.staff.items() for row in rows if row["text"]
    }
    words: dict[str, set[tuple[str, int]]] = {}
    for feed in feeds:
        acknowledged = {line["id"] for line in feed.of("ack") if line["name"] in SENDS}
        for line in feed.of("made"):
            if line["id"] in acknowledged and line["text"] in there:
                words.setdefault(line["text"].split(" ")[0], set()).add(there[line["text"]])
    return words


async def not_found(staff: Staff, words: dict[str, set[tuple[str, int]]]) -> list[tuple[str, int]]:
    """The index is a reader and may be a little late; what it lacks after some seconds it has lost."""
    end = time.monotonic() + EFFECTS_WITHIN
    limit = asyncio.Semaphore(4)

    async def lacking(word: str, places: set[tuple[str, int]]) -> tuple[str, set[tuple[str, int]]]:
        async with limit:
            answer = await staff.door.request("GET", f"/api/v1/search?q={word}")
        return word, places - {(row["conversation"], row["seq"]) for row in answer["rows"]}

    while True:
        found = await asyncio.gather(*(lacking(word, places) for word, places in words.items()))
        words = {word: places for word, places in found if places}
        if not words or time.monotonic() > end:
            return sorted(place for places in words.values() for place in places)
        await asyncio.sleep(0.3)


async def left_waiting(staff: Staff) -> list[str]:
    """Conversations still in the queue although agents accept."""

    def queued() -> list[str]:
        return sorted(key for key, row in staff.inbox().items() if row["state"] == "queued")

    with suppress(TimeoutError):
        await staff.until(lambda: not queued(), EFFECTS_WITHIN)
    return queued()
