"""The room's words: roles, intents, rights, and the times that presence and sessions go by."""

from __future__ import annotations

from typing import Literal

from yingke.kernel.clock import DAY, HOUR, SECOND
from yingke.kernel.rights import Scope, declare

Role = Literal["agent", "supervisor", "administrator"]
Intent = Literal["online", "busy", "away", "invisible", "offline"]
Locale = Literal["zh-CN", "en"]

READ = declare("staff.read", agent=Scope.ALL, supervisor=Scope.ALL, administrator=Scope.ALL)
MANAGE = declare("staff.manage", administrator=Scope.ALL)
READ_AUDIT = declare("staff.read_audit", administrator=Scope.ALL)

CAPACITY = 8  # conversations at once, where nothing else is said
MAX_CAPACITY = 1000

GRACE = 60 * SECOND  # how long a connection that is gone still counts
IDLE_BLOCKS = False  # whether somebody who is idle accepts nothing new

SESSION_RENEWED_EVERY = HOUR  # so that reading does not write
SETUP_TOKEN_KEPT = 7 * DAY
COOKIE = "yingke"
