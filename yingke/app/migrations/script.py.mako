"""${message}

A new column is nullable or has a default; what becomes NOT NULL does so in three steps over two releases, so that the
release before still works on this schema while the processes are exchanged one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
