"""Outward keys: 128 random bits, so that no number of ours can be counted or guessed."""

from __future__ import annotations

import re
import secrets

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def new_key() -> str:
    """A new outward key: 22 characters of base64url."""
    return secrets.token_urlsafe(16)


def new_token() -> str:
    """A new bearer secret: 256 bits. Only its hash is ever stored."""
    return secrets.token_urlsafe(32)


def is_key(text: str) -> bool:
    """Whether this may be an outward key. PostgreSQL fails at U+0000, where it should find nothing."""
    return _KEY.fullmatch(text) is not None


def is_client_id(text: str) -> bool:
    """Whether a client may call its command by this id (docs/protocol.md 1.1)."""
    return _CLIENT_ID.fullmatch(text) is not None
