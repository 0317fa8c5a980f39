"""Sites: what they may look like, and who may change them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rooms.staff.desk import PASSWORD, Journal, actor, browser, code, group, person
from yingke.kernel.db import Database
from yingke.kernel.errors import Forbidden, Invalid, NotFound
from yingke.kernel.ids import new_key
from yingke.kernel.rights import SYSTEM
from yingke.rooms.staff.routes import lists, sessions
from yingke.rooms.visitors import api as visitors
from yingke.rooms.visitors import events, rules
from yingke.rooms.visitors.api import NewSite, SiteChange
from yingke.rooms.visitors.routes import routes


@pytest.fixture
async def page(db: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    handlers = [*sessions.routes, *lists.routes, *routes]
    async with browser(db, tmp_path, handlers) as client:
        yield client


async def sign_in(page: httpx.AsyncClient, email: str) -> None:
    answer = await page.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200


async def command(page: httpx.AsyncClient, name: str, /, **args: Any) -> httpx.Response:
    return await page.post(f"/api/v1/commands/{name}", json={"id": new_key(), "args": args})


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example:443/ ", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://*.shop.example", "https://*.shop.example"),
    ],
)
def test_an_origin_is_kept_as_a_browser_sends_it(text: str, kept: str) -> None:
    assert rules.origins([text, text]) == [kept]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://me@shop.example",
        "https://shop.example:99999",
        "https://shop.example:",
        "https://a b",
        "https://*",
        "https://sh*p.example",
        "https://shop.example\x00",
        "https://[::1",
        "https://<script>",
        "javascript://x",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="origin_wrong") as refusal:
        rules.origins(["https://fine.example", text])
    assert refusal.value.errors[0].field == "args.allowed_origins[1]"


def test_there_is_an_end_to_origins() -> None:
    with pytest.raises(Invalid, match="too_many_origins"):
        rules.origins([f"https://s{n}.example" for n in range(51)])


@pytest.mark.parametrize("text", ["", "red", "#fff", "#0f6b5", "#0f6b5cc", "#0f6b5g", "#0f6b5c\n", "0f6b5c"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="color_wrong"):
        rules.color(text)


def test_a_site_is_changed_where_asked_and_only_then_told(db: Database) -> None:
    sales, care = group(db, "Sales"), group(db, "Care")
    journal = Journal(db)
    row = db.write_now(visitors.create_site, SYSTEM, NewSite(name="Shop", group=sales.key, locale="en"))
    assert (row.title, row.greeting, row.allowed_origins, row.active) == ("Shop", "", [], True)
    shop = db.read_now(visitors.site_by_key, row.key)
    assert journal.facts() == [events.SiteChanged(shop.id)]
    change = SiteChange(
        site=row.key,
        group=care.key,
        color="#FF0000",
        greeting="hi\r\nthere",
        allowed_origins=("https://a.example",),
    )
    row = db.write_now(visitors.change_site, SYSTEM, change)
    assert (row.group.name, row.color, row.greeting) == ("Care", "#ff0000", "hi\nthere")
    assert row.allowed_origins == ["https://a.example"]
    assert row.name == "Shop"
    assert journal.facts() == [events.SiteChanged(shop.id)]
    assert db.write_now(visitors.change_site, SYSTEM, change) == row
    assert journal.facts() == []


def test_a_site_may_be_given_its_key(db: Database) -> None:
    new = NewSite(name="Shop", group=group(db).key, locale="en")
    db.write_now(lambda tx: visitors.create_site(tx, SYSTEM, new, key="demo"))
    assert db.read_now(visitors.site_by_key, "demo").name == "Shop"


def test_only_who_manages_may(db: Database) -> None:
    sales = group(db)
    for role in ("agent", "supervisor"):
        who = actor(db, person(db, role, role=role), role)
        with pytest.raises(Forbidden):
            db.write_now(visitors.create_site, who, NewSite(name="Shop", group=sales.key, locale="en"))
        with pytest.raises(Forbidden):
            db.write_now(visitors.change_site, who, SiteChange(site="any"))


def test_what_is_not_there_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="group_unknown"):
        db.write_now(visitors.create_site, SYSTEM, NewSite(name="Shop", group="nowhere", locale="en"))
    with pytest.raises(NotFound, match="site_unknown"):
        db.write_now(visitors.change_site, SYSTEM, SiteChange(site="nowhere"))


async def test_over_http(page: httpx.AsyncClient, db: Database) -> None:
    person(db, "Boss", role="administrator", password=PASSWORD)
    person(db, "Lin", password=PASSWORD)
    sales = group(db, "售前")
    assert code(await page.get("/api/v1/sites")) == "signed_out"
    await sign_in(page, "boss@desk.example")
    made = await command(page, "visitors.create_site", name="商店", group=sales.key, locale="zh-CN")
    assert made.status_code == 200
    row = made.json()
    assert row == {
        "key": row["key"],
        "name": "商店",
        "locale": "zh-CN",
        "group": {"key": sales.key, "name": "售前"},
        "color": "#0f6b5c",
        "title": "商店",
        "greeting": "",
        "notice": "",
        "allowed_origins": [],
        "active": True,
    }
    assert (await page.get("/api/v1/sites")).json() == {"rows": [row], "next": None}
    for args, refusal in (
        ({"color": "red"}, "color_wrong"),
        ({"allowed_origins": ["shop"]}, "origin_wrong"),
        ({"name": "\u0000"}, "text_bad_characters"),
        ({"greeting": "x" * 501}, "text_too_long"),
        ({"locale": "fr"}, "invalid"),
        ({"rev": 9}, "invalid"),
        ({"name": None}, "invalid"),
    ):
        assert code(await command(page, "visitors.change_site", site=row["key"], **args)) == refusal
    changed = await command(page, "visitors.change_site", site=row["key"], active=False)
    assert changed.json() == row | {"active": False}
    noted = (await page.get("/api/v1/audit?limit=2")).json()["rows"]
    assert [(one["action"], one["subject"]) for one in noted] == [
        ("site_changed", f"site:{row['key']}"),
        ("site_created", f"site:{row['key']}"),
    ]
    await sign_in(page, "lin@desk.example")
    assert (await page.get("/api/v1/sites")).status_code == 200
    assert code(await command(page, "visitors.change_site", site=row["key"], active=True)) == "forbidden"
