"""A small business to look at: one shop site, one group, four people."""

from __future__ import annotations

from importlib import resources

import msgspec

from yingke.kernel.db import Tx
from yingke.kernel.rights import SYSTEM
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.terms import Locale, Role
from yingke.rooms.visitors import api as visitors

PASSWORD = "demo-yingke"


class Person(msgspec.Struct, frozen=True):
    email: str
    name: str
    role: Role
    locale: Locale


class Site(msgspec.Struct, frozen=True):
    name: str
    locale: Locale
    color: str
    title: str
    greeting: str
    notice: str


class Demo(msgspec.Struct, frozen=True):
    """What `demo.json` holds."""

    group: str
    site_key: str
    site: Site
    people: list[Person]


def load() -> Demo:
    return msgspec.json.decode((resources.files("yingke.app") / "demo.json").read_bytes(), type=Demo)


def fill(tx: Tx) -> bool:
    """Make it; False, and nothing changed, where there are people already."""
    if staff.setup_token(tx) is None:
        return False
    demo = load()
    group = staff.create_group(tx, SYSTEM, demo.group)
    password_hash = staff.hash_password(PASSWORD)
    for person in demo.people:
        staff.create_staff(
            tx,
            SYSTEM,
            email=person.email,
            name=person.name,
            role=person.role,
            locale=person.locale,
            password_hash=password_hash,
            groups=[group.key],
        )
    new = visitors.NewSite(group=group.key, **msgspec.structs.asdict(demo.site))
    visitors.create_site(tx, SYSTEM, new, key=demo.site_key)
    return True


def describe(url: str) -> str:
    """What to do with it."""
    lines = [
        "The demo is there.",
        f"  shop with the widget   {url}/demo/",
        f"  console                {url}/",
        f"  sign in as             (password for all: {PASSWORD})",
    ]
    lines += [f"    {person.email:<26} {person.role}" for person in load().people]
    return "\n".join(lines)
