"""Visitors: what a token is good for, and the customer behind a visitor."""

from __future__ import annotations

import asyncio

import pytest

from tests.rooms.staff.desk import group
from tests.support.clock import FakeClock
from yingke.kernel.clock import DAY, SECOND
from yingke.kernel.db import Database
from yingke.kernel.errors import NotFound, Unauthenticated
from yingke.kernel.rights import SYSTEM
from yingke.rooms.customers import api as customers
from yingke.rooms.visitors import api as visitors
from yingke.rooms.visitors import models
from yingke.rooms.visitors.api import NewSite, Site, SiteChange
from yingke.rooms.visitors.terms import Locale

SECONDS_A_DAY = DAY // SECOND


def site(db: Database, locale: Locale = "zh-CN") -> Site:
    new = NewSite(name="Shop", group=group(db).key, locale=locale)
    row = db.write_now(visitors.create_site, SYSTEM, new)
    return db.read_now(visitors.site_by_key, row.key)


def test_a_token_stands_for_its_visitor(db: Database) -> None:
    shop = site(db)
    token, who = db.write_now(visitors.begin, shop, "en")
    assert (who.kind, who.site_id, who.customer_id, who.locale) == ("visitor", shop.id, None, "en")
    assert db.read_now(visitors.authenticate, token) == who
    assert db.read_now(visitors.actor_of, who.id) == who
    assert not who.rights
    row = db.read_now(lambda read: read.execute(models.visitor.select()).one())
    assert token not in map(str, row)


def test_a_language_that_is_none_of_ours_is_the_sites(db: Database) -> None:
    assert db.write_now(visitors.begin, site(db), "fr")[1].locale == "zh-CN"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("nobody-was-ever-given-this-token", "token_unknown"),
        ("\ud800\x00", "token_unknown"),
    ],
)
def test_what_is_no_token_is_refused(db: Database, token: str | None, code: str) -> None:
    with pytest.raises(Unauthenticated, match=code):
        db.read_now(visitors.authenticate, token)


def test_a_token_lasts_from_its_last_use(db: Database, clock: FakeClock) -> None:
    token, who = db.write_now(visitors.begin, site(db), "en")
    begun = clock()
    clock.advance(SECONDS_A_DAY - 1)
    assert not db.read_now(visitors.session, token).touch_due
    clock.advance(1)
    session = db.read_now(visitors.session, token)
    assert session.touch_due
    assert session.expires_at == begun + 180 * DAY
    assert db.write_now(visitors.touch, who.id) == begun + 181 * DAY
    session = db.read_now(visitors.session, token)
    assert not session.touch_due
    assert session.expires_at == begun + 181 * DAY
    clock.advance(180 * SECONDS_A_DAY)
    with pytest.raises(Unauthenticated, match="token_expired"):
        db.read_now(visitors.authenticate, token)
    with pytest.raises(Unauthenticated, match="token_expired"):
        db.read_now(visitors.actor_of, who.id)


def test_a_site_that_was_switched_off_knows_nobody(db: Database) -> None:
    shop = site(db)
    token, _ = db.write_now(visitors.begin, shop, "en")
    db.write_now(visitors.change_site, SYSTEM, SiteChange(site=shop.key, active=False))
    with pytest.raises(Unauthenticated, match="token_unknown"):
        db.read_now(visitors.authenticate, token)
    with pytest.raises(NotFound, match="site_unknown"):
        db.read_now(visitors.site_by_key, shop.key)
    db.write_now(visitors.change_site, SYSTEM, SiteChange(site=shop.key, active=True))
    assert db.read_now(visitors.authenticate, token).site_id == shop.id


def test_customers_are_made_once_and_named_by_the_site(db: Database) -> None:
    shop = site(db)
    ids = [db.write_now(visitors.begin, shop, "en")[1].id for _ in range(3)]
    first = db.write_now(visitors.customers_of, ids[:2])
    assert first.keys() == set(ids[:2])
    assert all(ref.name.startswith("访客 ") for ref in first.values())
    again = db.write_now(visitors.customers_of, [*ids, 999])
    assert again.keys() == set(ids)
    assert {id_: again[id_] for id_ in ids[:2]} == first
    assert db.read_now(visitors.actor_of, ids[0]).customer_id == first[ids[0]].id
    assert db.write_now(visitors.customers_of, []) == {}


async def test_a_customer_made_twice_at_once_is_one(db: Database) -> None:
    shop = await db.read(visitors.site, await asyncio.to_thread(lambda: site(db).id))
    ids = [(await db.write(visitors.begin, shop, "en"))[1].id for _ in range(8)]
    answers = await asyncio.gather(
        *(db.write(visitors.customers_of, ids if turn % 2 else ids[::-1]) for turn in range(12))
    )
    assert all(answer == answers[0] for answer in answers)
    made = {ref.id for ref in answers[0].values()}
    assert await db.read(customers.refs, range(1, 1000)) == await db.read(customers.refs, made)


def test_sites_are_told_by_id(db: Database) -> None:
    shop = site(db)
    assert db.read_now(visitors.site_refs, [shop.id, 999]) == {shop.id: shop.ref}
    assert db.read_now(visitors.site, shop.id) == shop
    with pytest.raises(NotFound, match="site_unknown"):
        db.read_now(visitors.site, 999)
