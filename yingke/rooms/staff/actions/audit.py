"""What was done by whom, for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yingke.kernel.db import Tx
from yingke.kernel.rights import Actor
from yingke.rooms.staff import models


def audit(tx: Tx, who: Actor, action: str, subject: str, params: Mapping[str, Any]) -> None:
    """Note an administrative act. subject: kind and outward key, `site:…`; params: codes and names, never a secret."""
    tx.insert(models.audit, at=tx.now, actor=who.tag, action=action, subject=subject, params=dict(params))
