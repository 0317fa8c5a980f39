"""Who hears of sites. No live screen shows them: pages ask for the list."""

from __future__ import annotations

from yingke.kernel.entries import Audience, nobody


def site(site_id: int) -> Audience:
    return nobody(f"site:{site_id}")
