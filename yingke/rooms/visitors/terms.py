"""The room's words: rights, how long a visitor is remembered."""

from __future__ import annotations

from typing import Literal

from yingke.kernel.clock import DAY
from yingke.kernel.rights import Scope, declare

READ = declare("visitors.read", agent=Scope.ALL, supervisor=Scope.ALL, administrator=Scope.ALL)
MANAGE = declare("visitors.manage", administrator=Scope.ALL)

KEPT = 180 * DAY  # since the last use
RENEWED_EVERY = DAY  # so that reading does not write

Locale = Literal["zh-CN", "en"]
LOCALES: tuple[Locale, ...] = ("zh-CN", "en")
