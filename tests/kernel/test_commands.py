"""Commands: once for each id, the same answer for a week, and nobody who may not."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, func, select

from tests.kernel.serving import GUEST, OTHER, READER, WRITER, browser, make_services
from tests.support.clock import FakeClock
from yingke.app import wiring
from yingke.kernel import commands
from yingke.kernel.commands import SIGNED_IN, Context, command
from yingke.kernel.db import Database, Tx
from yingke.kernel.errors import Forbidden, Invalid, NotFound, Problem, Refused
from yingke.kernel.parse import Args
from yingke.kernel.rights import SYSTEM, Actor
from yingke.kernel.services import Services

assert wiring.DECLARING  # every word is known
metadata = MetaData()
Id = BigInteger().with_variant(Integer(), "sqlite")
deed = Table(
    "deed",
    metadata,
    Column("id", Id, primary_key=True),
    Column("actor", Text),
    Column("word", Text, unique=True),
)


class Do(Args, frozen=True):
    word: str
    times: int = 1


class Done(msgspec.Struct, frozen=True):
    id: int
    word: str


class Gate:
    """Lets a test hold an action open."""

    begun = threading.Event()
    go_on = threading.Event()
    armed = False


def act(tx: Tx, who: Actor, word: str) -> Done:
    if word == "refuse":
        raise Refused("too_many_topics", {"limit": 1})
    id_ = tx.insert(deed, actor=who.tag, word=f"{who.tag} {word}")
    if Gate.armed:
        Gate.armed = False
        Gate.begun.set()
        assert Gate.go_on.wait(10)
    return Done(id_, word)


@command("test.do", viewer="staff", right="test.write")
async def do(ctx: Context, args: Do) -> Done:
    """Do it."""
    return await ctx.write(act, args.word)


@command("test.do_too", viewer="staff", right="test.write")
async def do_too(ctx: Context, args: Do) -> Done:
    """The same by another name."""
    return await ctx.write(act, args.word)


@command("test.anybody", viewer="staff", right=SIGNED_IN)
async def anybody(ctx: Context, args: Do) -> Done:
    """Every member of staff may."""
    return await ctx.write(act, args.word)


@command("test_guest", viewer="visitor")
async def guest(ctx: Context, args: Do) -> Done:
    """A visitor's."""
    return await ctx.write(act, args.word)


@pytest.fixture
def services(db: Database, tmp_path: Path) -> Services:
    metadata.create_all(db.engine)
    return make_services(db, tmp_path)


async def run(services: Services, word: str, id_: str = "command-1", who: Actor = WRITER, **more: Any) -> Any:
    args = msgspec.json.encode({"word": word, **more.pop("args", {})})
    answer = await commands.run(services, who, more.pop("name", "test.do"), id_, args)
    return msgspec.to_builtins(answer) if isinstance(answer, Done) else msgspec.json.decode(answer)


def deeds(db: Database) -> int:
    return int(db.read_now(lambda read: read.execute(select(func.count()).select_from(deed)).scalar_one()))


# --- once ------------------------------------------------------------------------------------------------------------


async def test_the_same_command_is_done_once_and_answered_alike(services: Services, clock: FakeClock) -> None:
    first = await run(services, "x")
    clock.advance(7 * 24 * 3600)
    assert await run(services, "x") == first
    assert await run(services, "x", args={"times": 1}) == first, "a default said aloud is the same content"
    assert deeds(services.db) == 1


async def test_the_same_id_with_other_content_is_refused(services: Services) -> None:
    await run(services, "x")
    for more in ({"args": {"times": 2}}, {"name": "test.do_too"}):
        with pytest.raises(Invalid) as refused:
            await run(services, "x", **more)
        assert refused.value.code == "id_reused"
        assert [(error.field, error.code) for error in refused.value.errors] == [("id", "id_reused")]
    assert deeds(services.db) == 1


async def test_the_same_id_of_somebody_else_is_another_command(services: Services) -> None:
    answers = [
        await run(services, "x"),
        await run(services, "x", who=OTHER),
        await run(services, "x", who=GUEST, name="test_guest"),
    ]
    assert len({answer["id"] for answer in answers}) == 3
    assert deeds(services.db) == 3


async def test_what_was_refused_may_be_tried_again_with_the_same_id(services: Services) -> None:
    with pytest.raises(Refused):
        await run(services, "refuse")
    assert (await run(services, "x"))["word"] == "x"


async def test_receipts_are_forgotten_after_a_week_and_in_pieces(
    services: Services, clock: FakeClock
) -> None:
    for n in range(5):
        await run(services, f"{n}", f"command-{n}")
    clock.advance(7 * 24 * 3600)
    await run(services, "young", "command-young")
    assert await services.db.write(commands.forget_receipts, 10) == 0
    clock.advance(0.000001)
    assert [await services.db.write(commands.forget_receipts, 3) for _ in range(3)] == [3, 2, 0]
    await run(services, "young", "command-young")
    assert deeds(services.db) == 6
    await run(services, "again", "command-0")
    assert deeds(services.db) == 7


async def test_the_same_command_twice_at_once_is_done_once_and_answered_alike(services: Services) -> None:
    """As when a socket breaks and the client repeats over HTTP, at another process perhaps."""
    other = Database(services.db.url.render_as_string(hide_password=False))
    elsewhere = make_services(other, services.settings.data_dir)
    Gate.armed, Gate.begun, Gate.go_on = True, threading.Event(), threading.Event()
    first = asyncio.ensure_future(run(services, "x"))
    await asyncio.to_thread(Gate.begun.wait, 10)
    others = [asyncio.ensure_future(run(where, "x")) for where in (services, elsewhere, elsewhere)]
    await asyncio.sleep(0.02)  # they may come as far as they can
    Gate.go_on.set()
    answers = [await one for one in (first, *others)]
    await asyncio.to_thread(other.close)
    assert [answer["word"] for answer in answers] == ["x"] * 4
    assert len({answer["id"] for answer in answers}) == 1
    assert deeds(services.db) == 1


async def test_a_receipt_does_not_tell_what_the_command_held(db: Database, tmp_path: Path) -> None:
    """A password, say: without the installation's secret its digest cannot be guessed."""
    metadata.create_all(db.engine)
    digests = set()
    for n, secret_key in enumerate(("a" * 32, "b" * 32)):
        services = make_services(db, tmp_path, secret_key=secret_key)
        await run(services, f"{n}", f"command-{n}", args={"times": 3})
        await run(services, "same", f"command-same-{n}", who=(WRITER, OTHER)[n])
        rows = db.read_now(lambda read: read.execute(select(commands.receipt)).all())
        digests |= {row.digest for row in rows if "same" in row.client_id}
        assert not any("times" in str(row) for row in rows)
    assert len(digests) == 2


# --- who may ---------------------------------------------------------------------------------------------------------


async def test_what_is_not_granted_is_refused(services: Services) -> None:
    with pytest.raises(Forbidden) as refused:
        await run(services, "x", who=READER)
    assert refused.value.params == {"right": "test.write"}
    assert (await run(services, "x", who=READER, name="test.anybody"))["word"] == "x"
    assert (await run(services, "y", who=SYSTEM))["word"] == "y"
    assert deeds(services.db) == 2


@pytest.mark.parametrize(
    ("who", "name"), [(GUEST, "test.do"), (WRITER, "test_guest"), (WRITER, "nothing"), (WRITER, "")]
)
async def test_a_command_of_others_is_not_there(services: Services, who: Actor, name: str) -> None:
    with pytest.raises(NotFound) as refused:
        await run(services, "x", who=who, name=name)
    assert refused.value.code == "command_unknown"


def test_a_staff_command_must_name_its_right() -> None:
    with pytest.raises(ValueError, match="names the right"):
        command("test.careless", viewer="staff")
    with pytest.raises(ValueError, match="declared twice"):
        command("test.do", viewer="staff", right="test.write")(do)


@pytest.mark.parametrize(
    "id_", ["", "short", "x" * 65, "with space", "ünicode-id", "new\nline1", "12345678\n"]
)
async def test_an_id_has_8_to_64_plain_characters(services: Services, id_: str) -> None:
    with pytest.raises(Invalid) as refused:
        await run(services, "x", id_)
    assert refused.value.code == "id_invalid"
    assert deeds(services.db) == 0


@pytest.mark.parametrize("id_", ["12345678", "x" * 64, "-_-_-_-_", "018f2f3e-7a1b-7c3d-9e4f-a1b2c3d4e5f6"])
async def test_such_ids_are_good(services: Services, id_: str) -> None:
    assert (await run(services, "x", id_))["word"] == "x"


@pytest.mark.parametrize(
    ("args", "field", "code"),
    [
        (b"{}", "args.word", "field_missing"),
        (b'{"word":"x","wrod":"y"}', "args.wrod", "field_unknown"),
        (b'{"word":7}', "args.word", "field_wrong"),
        (b'{"word":"x","times":1.5}', "args.times", "field_wrong"),
        (b"[]", "args", "field_wrong"),
        (b"null", "args", "field_wrong"),
    ],
)
async def test_wrong_arguments_are_named(services: Services, args: bytes, field: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        await commands.run(services, WRITER, "test.do", "command-1", args)
    assert refused.value.code == "invalid"
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]


# --- over HTTP -------------------------------------------------------------------------------------------------------


async def test_over_http_it_is_the_same_command(services: Services) -> None:
    first = await run(services, "x")
    async with browser(services) as client:
        body: dict[str, Any] = {"id": "command-1", "args": {"word": "x"}}
        answer = await client.post("/api/v1/commands/test.do", json=body)
        assert (answer.status_code, answer.json()) == (200, first)
        body["as"] = WRITER.key
        assert (await client.post("/api/v1/commands/test.do", json=body)).status_code == 200
        body["as"] = OTHER.key
        answer = await client.post("/api/v1/commands/test.do", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
        answer = await client.post("/api/v1/commands/nothing", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "command_unknown")
        answer = await client.post("/api/v1/commands/test_guest", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "command_unknown")
        body = {"token": "guest", "id": "command-1", "args": {"word": "x"}}
        answer = await client.post(
            "/w/v1/commands/test_guest", json=body, headers={"Origin": "https://shop.example"}
        )
        assert answer.json()["word"] == "x"
        body["token"] = "forged"
        answer = await client.post("/w/v1/commands/test_guest", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")
    assert deeds(services.db) == 2
