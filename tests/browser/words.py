"""What the screens say, in the catalogues' own words."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.server import ROOT

CONSOLE = ROOT / "web/apps/console/src"
WIDGET = ROOT / "web/apps/widget/src/words"
LOCALES = ("zh-CN", "en")


class Words:
    """`say("conversations.action.take")` for the console, `say("widget.send")` for the widget."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._all = _load(locale)

    def __call__(self, key: str, **values: object) -> str:
        found: Any = self._all
        for part in key.split("."):
            found = found[part]
        text = str(found)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def launcher(self, unread: int = 0) -> str:
        """The launcher's words stand in the loader, which has no catalogue."""
        if self.locale == "zh-CN":
            return f"联系客服,{unread} 条未读" if unread else "联系客服"
        return f"Chat with us, {unread} unread" if unread else "Chat with us"


@cache
def _load(locale: str) -> dict[str, Any]:
    catalogues = {"shell": CONSOLE / "shell", "widget": WIDGET}
    catalogues |= {room.name: room for room in sorted((CONSOLE / "rooms").iterdir()) if room.is_dir()}
    return {name: _read(folder / f"{locale}.json") for name, folder in catalogues.items()}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
