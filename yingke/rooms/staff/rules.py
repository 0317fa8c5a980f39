"""Who accepts, what a password and an e-mail address must be."""

from __future__ import annotations

import re

from yingke.kernel.errors import FieldError, Invalid
from yingke.kernel.parse import clean_text
from yingke.rooms.staff.terms import IDLE_BLOCKS

MIN_PASSWORD = 10  # Unicode code points
MAX_PASSWORD = 256
MAX_REASON = 100

_EMAIL = re.compile(
    r"[^\s@\x00-\x20\x7f-\x9f\ud800-\udfff]{1,64}@[^\s@\x00-\x20\x7f-\x9f\ud800-\udfff]{1,190}"
)


def accepting(*, active: bool, intent: str, connected: bool, idle: bool) -> bool:
    """Whether somebody is given new conversations."""
    return active and intent == "online" and connected and not (idle and IDLE_BLOCKS)


def email(text: str) -> str | None:
    """An address as it is kept and compared, or None for what is none."""
    small = text.strip().lower()
    return small if _EMAIL.fullmatch(small) else None


def must_be_email(text: str) -> str:
    """Raises Invalid (`email_wrong`)."""
    small = email(text)
    if small is None:
        raise Invalid("email_wrong", errors=[FieldError("args.email", "email_wrong")])
    return small


def check_password(password: str, email: str) -> None:
    """Raises Invalid (`password_too_short`, `password_too_long`, `password_is_email`)."""
    code, params = "", {}
    if len(password) < MIN_PASSWORD:
        code, params = "password_too_short", {"limit": MIN_PASSWORD}
    elif len(password) > MAX_PASSWORD:
        code, params = "password_too_long", {"limit": MAX_PASSWORD}
    elif password.strip().lower() == email:
        code = "password_is_email"
    if code:
        raise Invalid(code, params, errors=[FieldError("args.password", code, params)])


def reason(intent: str, text: str | None) -> str | None:
    """Why somebody is away, as it is kept. Raises Invalid (`reason_not_away`, or as `clean_text`)."""
    if text is None or not text.strip():
        return None
    if intent != "away":
        raise Invalid("reason_not_away", errors=[FieldError("args.reason", "reason_not_away")])
    return clean_text(" ".join(text.split()), limit=MAX_REASON, field="args.reason")
