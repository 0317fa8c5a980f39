"""Refusals: what the kernel and the rooms raise when something may not or cannot be done.

Each carries a stable code; the words are looked up in the catalogues (`kernel.words`) in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field: its path (`args.text`), a code and the code's parameters."""

    field: str
    code: str
    params: dict[str, Any] = {}


class Problem(Exception):
    """An expected refusal, answered as an RFC 9457 document. Never a crash, never logged as one."""

    status: ClassVar[int] = 400

    def __init__(
        self,
        code: str,
        params: Mapping[str, Any] | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.params: dict[str, Any] = dict(params or {})
        self.errors = tuple(errors)
        self.retry_after = retry_after  # seconds


class Malformed(Problem):
    """400: not JSON, or not a frame."""


class Unauthenticated(Problem):
    """401: nobody is signed in, or the token is not good."""

    status = 401


class Forbidden(Problem):
    """403: known, and not allowed."""

    status = 403


class NotFound(Problem):
    """404: not there, or not for this one to know of."""

    status = 404

    def __init__(self, code: str = "not_found", params: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, params)


class Refused(Problem):
    """409: the state of things does not allow it."""

    status = 409


class TooLarge(Problem):
    """413."""

    status = 413


class Invalid(Problem):
    """422: understood, and wrong; `errors` says where."""

    status = 422


class TooMany(Problem):
    """429: over a rate or a limit; `retry_after` in seconds."""

    status = 429


class Unavailable(Problem):
    """503: not known whether it was done; the same command may be repeated with the same id."""

    status = 503

    def __init__(self, code: str = "busy", retry_after: float = 1.0) -> None:
        super().__init__(code, retry_after=retry_after)
