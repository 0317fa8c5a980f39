"""Typing by way of an input method, as Chinese is written: what stands in the box is not yet said."""

from __future__ import annotations

from playwright.async_api import CDPSession, Locator

ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "nativeVirtualKeyCode": 13}
HELD = {"key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 13}
"""Enter as browsers on Windows tell of it while the input method has it."""


class Typist:
    """Compose, press Enter as often as you like, commit."""

    def __init__(self, box: Locator, session: CDPSession) -> None:
        self._box = box
        self._session = session

    @classmethod
    async def at(cls, box: Locator) -> Typist:
        await box.focus()
        page = box.page
        return cls(box, await page.context.new_cdp_session(page))

    async def compose(self, letters: str) -> None:
        """Letters that the input method shows underlined."""
        await self._session.send(
            "Input.imeSetComposition",
            {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)},
        )

    async def enter(self) -> None:
        """Enter while composing, in both ways in which browsers report it."""
        for key in (ENTER, HELD):
            await self._session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
            await self._session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})

    async def commit(self, text: str) -> None:
        """The candidate is chosen. Comes back when a hand could have reached the next key."""
        await self._session.send("Input.insertText", {"text": text})
        await self._box.page.evaluate("new Promise((resume) => setTimeout(resume, 80))")
