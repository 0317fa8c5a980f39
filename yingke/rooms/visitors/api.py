"""What other rooms and the channels may ask of visitors."""

from __future__ import annotations

from yingke.rooms.visitors.actions import (
    NewSite,
    SiteChange,
    begin,
    change_site,
    create_site,
    customers_of,
    touch,
)
from yingke.rooms.visitors.queries import (
    Session,
    Site,
    SiteRef,
    SiteRow,
    actor_of,
    authenticate,
    session,
    site,
    site_by_key,
    site_refs,
)

__all__ = [
    "NewSite",
    "Session",
    "Site",
    "SiteChange",
    "SiteRef",
    "SiteRow",
    "actor_of",
    "authenticate",
    "begin",
    "change_site",
    "create_site",
    "customers_of",
    "session",
    "site",
    "site_by_key",
    "site_refs",
    "touch",
]
