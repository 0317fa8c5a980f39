"""Facts about sites."""

from __future__ import annotations

from yingke.kernel.entries import Event, event


@event("visitors.site_changed")
class SiteChanged(Event, frozen=True):
    """A site is new or another."""

    site_id: int
