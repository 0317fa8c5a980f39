"""What a site may look like and from where it may be used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from yingke.kernel.errors import FieldError, Invalid

MAX_ORIGINS = 50

_COLOR = re.compile(r"#[0-9a-f]{6}")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_USUAL_PORT = {"http": 80, "https": 443}


def color(text: str) -> str:
    """`#rrggbb` in small letters. Raises Invalid (`color_wrong`)."""
    small = text.lower()
    if not _COLOR.fullmatch(small):
        raise Invalid("color_wrong", errors=[FieldError("args.color", "color_wrong")])
    return small


def origins(texts: Sequence[str]) -> list[str]:
    """Each as a browser would send it, once; `https://*.example.com` stands for any subdomain.

    Raises Invalid (`origin_wrong`, `too_many_origins`).
    """
    if len(texts) > MAX_ORIGINS:
        params = {"limit": MAX_ORIGINS}
        raise Invalid(
            "too_many_origins",
            params,
            errors=[FieldError("args.allowed_origins", "too_many_origins", params)],
        )
    return list(dict.fromkeys(_origin(text, place) for place, text in enumerate(texts)))


def _origin(text: str, place: int) -> str:
    wrong = Invalid("origin_wrong", errors=[FieldError(f"args.allowed_origins[{place}]", "origin_wrong")])
    small = text.strip().lower()
    try:
        parts = urlsplit(small)
        port = parts.port
    except ValueError:
        raise wrong from None
    scheme, host = parts.scheme, parts.netloc.removesuffix(f":{port}")
    whole = f"{scheme}://{parts.netloc}"
    if scheme not in _USUAL_PORT or not _HOST.fullmatch(host) or small not in (whole, f"{whole}/"):
        raise wrong
    return f"{scheme}://{host}" if port in (None, _USUAL_PORT[scheme]) else f"{scheme}://{host}:{port}"
