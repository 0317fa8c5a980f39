"""Signing in and out over HTTP, the first administrator, and what a session may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rooms.staff.desk import PASSWORD, Journal, actor, browser, code, group, person
from tests.support.clock import FakeClock
from yingke.kernel.clock import DAY, HOUR, SECOND
from yingke.kernel.db import Database
from yingke.kernel.ids import new_key
from yingke.kernel.rights import SYSTEM
from yingke.kernel.secure import Passwords
from yingke.rooms.staff import api as staff
from yingke.rooms.staff import events, models
from yingke.rooms.staff.actions import sessions as acts
from yingke.rooms.staff.actions import setup as setup_acts
from yingke.rooms.staff.queries import sessions as queries
from yingke.rooms.staff.routes import routes

LIN = "lin.fang@desk.example"
COMMANDS = "/api/v1/commands"


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with next to nothing to do."""
    quick = Passwords(time_cost=1, memory_kib=8)
    monkeypatch.setattr(acts, "passwords", lambda: quick)


@pytest.fixture
async def page(db: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(db, tmp_path, routes) as client:
        yield client


async def sign_in(page: httpx.AsyncClient, email: str = LIN, password: str = PASSWORD) -> httpx.Response:
    return await page.post("/api/v1/session", json={"email": email, "password": password})


async def command(page: httpx.AsyncClient, name: str, /, **args: Any) -> httpx.Response:
    return await page.post(f"{COMMANDS}/{name}", json={"id": new_key(), "args": args})


def hashes(db: Database) -> Sequence[str]:
    return db.read_now(lambda read: read.execute(models.session.select()).scalars().all())


async def test_who_signs_in_is_known_until_they_sign_out(page: httpx.AsyncClient, db: Database) -> None:
    lin = person(db, password=PASSWORD)
    assert code(await page.get("/api/v1/session")) == "signed_out"
    answer = await sign_in(page, " LIN.Fang@desk.example")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("yingke=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=1209600"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    again = await page.get("/api/v1/session")
    assert again.json() == answer.json()
    assert again.json()["key"] == lin.key
    assert "Max-Age=1209600" in again.headers["set-cookie"]

    journal = Journal(db)
    token = page.cookies["yingke"]
    gone = await page.delete("/api/v1/session")
    assert gone.status_code == 204
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert [entry.reguard for entry in journal.entries] == [(f"actor:staff:{lin.id}",)]
    assert journal.facts() == [events.SessionsEnded(lin.id)]
    page.cookies.set("yingke", token)
    assert code(await page.get("/api/v1/session")) == "signed_out"


async def test_over_https_the_cookie_is_a_host_cookie(db: Database, tmp_path: Path) -> None:
    person(db, password=PASSWORD)
    async with browser(db, tmp_path, routes, public_url="https://desk.example") as page:
        answer = await sign_in(page)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-yingke=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
        token = page.cookies["__Host-yingke"]
        page.cookies.clear()
        page.cookies.set("yingke", token, domain="desk.example")  # what a neighbour's page could have set
        assert code(await page.get("/api/v1/session")) == "signed_out"


async def test_a_failed_sign_in_says_nothing(page: httpx.AsyncClient, db: Database) -> None:
    lin = person(db, password=PASSWORD)
    person(db, "Boss", role="administrator", password=PASSWORD)
    left = person(db, "Left", password=PASSWORD)
    await sign_in(page, "boss@desk.example")
    await command(page, "staff.change", staff=left.key, active=False)
    bodies = []
    for email, password in (
        (LIN, "wrong password"),
        ("nobody@desk.example", PASSWORD),
        ("left@desk.example", PASSWORD),
        ("no address\x00", PASSWORD),
        ("", ""),
    ):
        answer = await sign_in(page, email, password)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        bodies.append(answer.json())
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "sign_in_failed"
    rows = (await page.get("/api/v1/audit")).json()["rows"]
    failed = [row for row in rows if row["action"] == "sign_in_failed"]
    assert [row["subject"] for row in failed] == [
        "staff:unknown",
        "staff:unknown",
        f"staff:{left.key}",
        "staff:unknown",
        f"staff:{lin.key}",
    ]
    assert failed[0]["actor"] is None
    assert failed[0]["params"] == {"address": "192.0.2.7"}


async def test_an_unknown_address_is_hashed_too(
    page: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    class Watched(Passwords):
        def verify(self, stored: str | None, password: str) -> bool:
            asked.append(stored)
            return super().verify(stored, password)

    watched = Watched(time_cost=1, memory_kib=8)
    monkeypatch.setattr(acts, "passwords", lambda: watched)
    await sign_in(page, "nobody@desk.example")
    assert asked == [None]


async def test_who_tries_too_often_waits_and_others_do_not(page: httpx.AsyncClient, db: Database) -> None:
    person(db, password=PASSWORD)
    person(db, "He", password=PASSWORD)
    for _ in range(10):
        assert code(await sign_in(page, password="wrong password")) == "sign_in_failed"
    late = await sign_in(page)
    assert late.status_code == 429
    assert code(late) == "too_many"
    assert 0 < late.json()["retry_after"] <= 6
    assert int(late.headers["retry-after"]) >= late.json()["retry_after"]
    assert (await sign_in(page, "he@desk.example")).status_code == 200


async def test_a_success_begins_the_count_anew_but_not_for_the_network_address(
    page: httpx.AsyncClient, db: Database
) -> None:
    person(db, password=PASSWORD)
    statuses = [(await sign_in(page)).status_code for _ in range(65)]
    assert statuses[:60] == [200] * 60
    assert 429 in statuses[60:]


async def test_a_session_lasts_from_its_last_use_and_is_written_once_an_hour(
    page: httpx.AsyncClient, db: Database, clock: FakeClock
) -> None:
    person(db, password=PASSWORD)
    await sign_in(page)

    def seen() -> tuple[int, int]:
        row = db.read_now(lambda read: read.execute(models.session.select()).one())
        return row.last_seen_at, row.expires_at

    begun = clock()
    assert seen() == (begun, begun + 14 * DAY)
    clock.advance(59 * 60)
    await page.get("/api/v1/session")
    assert seen()[0] == begun
    clock.advance(60)
    await page.get("/api/v1/session")
    assert seen() == (begun + HOUR, begun + HOUR + 14 * DAY)
    clock.advance(14 * DAY // SECOND)
    assert code(await page.get("/api/v1/session")) == "signed_out"
    await sign_in(page)
    assert len(hashes(db)) == 1  # the old one is swept away


async def test_only_the_hash_of_a_token_is_kept(page: httpx.AsyncClient, db: Database) -> None:
    person(db, password=PASSWORD)
    await sign_in(page)
    row = db.read_now(lambda read: read.execute(models.session.select()).one())
    assert page.cookies["yingke"] not in map(str, row)


async def test_leaving_and_a_new_password_end_every_session(page: httpx.AsyncClient, db: Database) -> None:
    lin = person(db, password=PASSWORD)
    person(db, "Boss", role="administrator", password=PASSWORD)
    cookies = {}
    for email in (LIN, "boss@desk.example"):
        await sign_in(page, email)
        cookies[email] = page.cookies["yingke"]
        page.cookies.clear()
    journal = Journal(db)
    page.cookies.set("yingke", cookies["boss@desk.example"])
    answer = await command(page, "staff.set_password", staff=lin.key, password="another password")
    assert answer.status_code == 200
    assert events.SessionsEnded(lin.id) in journal.facts()
    page.cookies.clear()
    page.cookies.set("yingke", cookies[LIN])
    assert code(await page.get("/api/v1/session")) == "signed_out"
    page.cookies.clear()
    assert code(await sign_in(page)) == "sign_in_failed"
    assert (await sign_in(page, password="another password")).status_code == 200

    mine = page.cookies["yingke"]
    page.cookies.clear()
    page.cookies.set("yingke", cookies["boss@desk.example"])
    assert (await command(page, "staff.change", staff=lin.key, active=False)).status_code == 200
    page.cookies.clear()
    page.cookies.set("yingke", mine)
    assert code(await page.get("/api/v1/session")) == "signed_out"


async def test_a_password_that_changed_meanwhile_opens_nothing(db: Database) -> None:
    lin = person(db, password=PASSWORD)
    account = db.read_now(queries.account, LIN)
    assert account is not None
    db.write_now(lambda tx: tx.update(models.staff, lin.id, password_hash="other"))
    with pytest.raises(Exception, match="sign_in_failed"):
        db.write_now(acts.sign_in, account, None, "", "", 14)
    assert hashes(db) == []


async def test_a_foreign_origin_signs_nobody_in(page: httpx.AsyncClient, db: Database) -> None:
    person(db, password=PASSWORD)
    page.headers["Origin"] = "https://evil.example"
    assert code(await sign_in(page)) == "origin_not_allowed"


async def test_the_actor_has_role_groups_and_session(db: Database) -> None:
    sales = group(db)
    lin = person(db, password=PASSWORD, groups=[sales])
    account = db.read_now(queries.account, LIN)
    assert account is not None
    opened = db.write_now(acts.sign_in, account, None, "Browser\n\x00 1", "", 14)
    who = db.read_now(staff.authenticate, {"yingke": opened.token}, "yingke")
    assert who is not None
    assert (who.kind, who.id) == ("staff", lin.id)
    assert who.groups == frozenset({sales.id})
    assert who.rights == actor(db, lin).rights
    assert who.session is not None
    assert "staff.manage" not in who.rights
    for cookies in ({}, {"yingke": ""}, {"yingke": "\ud800"}, {"other": opened.token}):
        assert db.read_now(staff.authenticate, cookies, "yingke") is None


# --- the first administrator -----------------------------------------------------------------------------------------

Begin = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def begin(page: httpx.AsyncClient) -> Begin:
    async def post(token: str, **other: str) -> httpx.Response:
        body = {
            "token": token,
            "name": "何静",
            "email": "He@desk.example",
            "password": PASSWORD,
            "locale": "zh-CN",
        }
        return await page.post("/api/v1/setup", json=body | other)

    return post


async def test_the_first_administrator_is_made_once(
    page: httpx.AsyncClient, db: Database, begin: Begin
) -> None:
    earlier, token = (db.write_now(staff.setup_token) for _ in range(2))
    assert token is not None
    assert earlier is not None
    assert code(await begin("guessed")) == "setup_token_wrong"
    assert code(await begin(token, password="short")) == "password_too_short"
    assert code(await begin(token, email="nothing")) == "email_wrong"
    answer = await begin(token)
    assert answer.status_code == 200
    assert answer.json()["role"] == "administrator"
    assert "staff.manage" in answer.json()["rights"]
    assert (await page.get("/api/v1/session")).json()["email"] == "he@desk.example"
    for used in (token, earlier):
        assert code(await begin(used)) == "setup_token_wrong"
    assert db.write_now(staff.setup_token) is None


async def test_a_setup_token_grows_old(db: Database, begin: Begin, clock: FakeClock) -> None:
    token = db.write_now(staff.setup_token)
    assert token is not None
    clock.advance(7 * 24 * 3600)
    assert code(await begin(token)) == "setup_token_wrong"


async def test_two_cannot_both_be_first(db: Database) -> None:
    tokens = [db.write_now(staff.setup_token) for _ in range(2)]
    done = await asyncio.gather(
        *(
            db.write(
                setup_acts.set_up,
                str(token),
                name="N",
                email=f"n{place}@desk.example",
                password_hash="!",
                locale="en",
                user_agent="",
                days=1,
            )
            for place, token in enumerate(tokens)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) in (["Opened", "Refused"], ["Forbidden", "Opened"])


# --- commands and lists ----------------------------------------------------------------------------------------------


async def test_an_administrator_makes_people_and_groups(page: httpx.AsyncClient, db: Database) -> None:
    person(db, "Boss", role="administrator", password=PASSWORD)
    await sign_in(page, "boss@desk.example")
    sales = (await command(page, "staff.create_group", name="售前")).json()
    new = {
        "name": "林芳",
        "email": "Lin@desk.example",
        "role": "agent",
        "locale": "zh-CN",
        "groups": [sales["key"]],
    }
    made = await command(page, "staff.create", **new, password=PASSWORD, capacity=5)
    assert made.status_code == 200
    row = made.json()
    assert row == {
        "key": row["key"],
        "name": "林芳",
        "email": "lin@desk.example",
        "role": "agent",
        "groups": [sales["key"]],
        "capacity": 5,
        "active": True,
        "locale": "zh-CN",
    }
    assert (await page.get("/api/v1/staff")).json()["rows"][1] == row
    assert (await page.get("/api/v1/groups")).json() == {"rows": [sales], "next": None}
    renamed = await command(page, "staff.rename_group", group=sales["key"], name="售后")
    assert renamed.json() == {"key": sales["key"], "name": "售后"}

    first = (await page.get("/api/v1/staff?limit=1")).json()
    second = (await page.get("/api/v1/staff", params={"limit": 1, "after": first["next"]})).json()
    assert [first["rows"][0]["name"], second["rows"][0]["name"], second["next"]] == ["Boss", "林芳", None]
    told = (await page.get("/api/v1/audit?limit=2")).json()
    assert [one["action"] for one in told["rows"]] == ["group_renamed", "staff_created"]
    assert told["rows"][0]["actor"]["name"] == "Boss"
    older = (await page.get("/api/v1/audit", params={"after": told["next"]})).json()
    assert older["rows"][0]["action"] == "group_created"
    assert PASSWORD not in (await page.get("/api/v1/audit")).text


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("123456789", "password_too_short"),
        ("x" * 257, "password_too_long"),
        ("LIN@desk.example ", "password_is_email"),
        ("x" * 1001, "invalid"),
    ],
)
async def test_a_bad_password_is_refused(
    page: httpx.AsyncClient, db: Database, password: str, refusal: str
) -> None:
    person(db, "Boss", role="administrator", password=PASSWORD)
    await sign_in(page, "boss@desk.example")
    new = {"name": "Lin", "email": "lin@desk.example", "role": "agent", "locale": "en"}
    assert code(await command(page, "staff.create", **new, password=password)) == refusal
    made = (await command(page, "staff.create", **new, password=PASSWORD)).json()
    assert code(await command(page, "staff.set_password", staff=made["key"], password=password)) == refusal


async def test_bad_arguments_are_refused_and_never_break(page: httpx.AsyncClient, db: Database) -> None:
    boss = person(db, "Boss", role="administrator", password=PASSWORD)
    await sign_in(page, "boss@desk.example")
    for name, args in (
        ("staff.change", {"staff": boss.key, "capacity": -1}),
        ("staff.change", {"staff": boss.key, "capacity": 1e30}),
        ("staff.change", {"staff": boss.key, "role": "king"}),
        ("staff.change", {"staff": boss.key, "name": None}),
        ("staff.change", {"staff": boss.key, "name": "\x00"}),
        ("staff.change", {"staff": boss.key, "name": "  "}),
        ("staff.change", {"staff": "a b"}),
        ("staff.change", {"staff": boss.key, "rev": 3}),
        ("staff.set_intent", {"intent": "sleepy"}),
        ("staff.set_intent", {"intent": "away", "reason": "x" * 101}),
        ("staff.set_idle", {"idle": "perhaps"}),
        ("staff.set_locale", {"locale": "fr"}),
        ("staff.create_group", {"name": "\u0007"}),
        ("staff.create_group", {"name": 7}),
    ):
        assert (await command(page, name, **args)).status_code == 422, (name, args)
    for query in ("after=%00", "after=-1&limit=0", "limit=101", "after=" + "9" * 30, "limit=x"):
        for path in ("staff", "audit", "groups"):
            assert (await page.get(f"/api/v1/{path}?{query}")).status_code in (404, 422), (path, query)


async def test_an_agent_sees_the_team_and_changes_only_themselves(
    page: httpx.AsyncClient, db: Database
) -> None:
    lin = person(db, password=PASSWORD)
    await sign_in(page)
    assert (await command(page, "staff.set_intent", intent="away", reason="午饭")).json()["reason"] == "午饭"
    assert (await command(page, "staff.set_idle", idle=True)).json() == {}
    assert (await command(page, "staff.set_locale", locale="zh-CN")).json()["locale"] == "zh-CN"
    assert (await page.get("/api/v1/staff")).status_code == 200
    assert code(await page.get("/api/v1/audit")) == "forbidden"
    for name, args in (
        ("staff.create_group", {"name": "Mine"}),
        ("staff.change", {"staff": lin.key, "role": "administrator"}),
        ("staff.set_password", {"staff": lin.key, "password": "a new password"}),
        ("staff.rename_group", {"group": "x", "name": "Mine"}),
    ):
        assert code(await command(page, name, **args)) == "forbidden"


async def test_a_repeated_command_is_done_once(page: httpx.AsyncClient, db: Database) -> None:
    person(db, "Boss", role="administrator", password=PASSWORD)
    await sign_in(page, "boss@desk.example")
    body = {"id": new_key(), "args": {"name": "Sales"}}
    one, two = [await page.post(f"{COMMANDS}/staff.create_group", json=body) for _ in range(2)]
    assert one.json() == two.json()
    assert one.status_code == two.status_code == 200


def test_an_audit_line_of_an_upper_room(db: Database) -> None:
    db.write_now(staff.audit, SYSTEM, "something_done", "thing:1", {"n": 1})
    assert db.read_now(lambda read: read.execute(models.audit.select()).one()).params == {"n": 1}
