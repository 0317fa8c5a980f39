"""What stands on a screen, in the order in which it stands there."""

from __future__ import annotations

import asyncio
import re
import time

from playwright.async_api import Locator

PATIENCE = 25.0
"""Seconds for screens to catch up after a fault: a wait between tries may have grown to several."""
MESSAGE = re.compile(r"[问答]\d\d")


async def shown(log: Locator) -> list[str]:
    """The numbered messages on this screen, doublets included."""
    return MESSAGE.findall(await log.inner_text())


async def same_everywhere(*logs: Locator, wanted: list[str], patience: float = PATIENCE) -> list[str]:
    """Until every screen shows all that is wanted; answers their one order. Each message must be there once."""
    give_up = time.monotonic() + patience
    screens: list[list[str]] = []
    while time.monotonic() < give_up:
        screens = [await shown(log) for log in logs]
        if all(sorted(screen) == sorted(wanted) and screen == screens[0] for screen in screens):
            for side in "问答":  # each side's own are in the order in which they were written
                own = [text for text in screens[0] if text.startswith(side)]
                assert own == sorted(own), screens[0]
            return screens[0]
        await asyncio.sleep(0.1)
    raise AssertionError(
        f"The screens do not show the same, each message once: {screens}; wanted {sorted(wanted)}"
    )
