"""How a customer is called who has not told us."""

from __future__ import annotations

import base64

from yingke.kernel import words


def anonymous_name(key: str, locale: str) -> str:
    """A name in the words of this language with four hexadecimal digits of the key."""
    code = base64.urlsafe_b64decode(key + "==")[:2].hex().upper()
    return words.say("anonymous_name", {"code": code}, locale)[1]
