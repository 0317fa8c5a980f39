"""Input from outside, checked at the edge: JSON into structs, and text that may be stored."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

import msgspec

from yingke.kernel.errors import FieldError, Invalid, Malformed, Problem

S = TypeVar("S")

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
OutKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
MAX_TEXT = 10_000  # Unicode code points


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a command takes. What is not known is refused, so that a typing error is seen."""


_two_numbers = re.compile(r"(\d{1,18})\.(\d{1,18})")
_place = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_missing = re.compile(r"missing required field `(?P<field>[^`]+)`")
_unknown = re.compile(r"unknown field `(?P<field>[^`]+)`")


def decode(raw: bytes | msgspec.Raw, type_: type[S], at: str = "") -> S:
    """JSON as a struct; `at` is the path of the whole (`args`).

    Raises Malformed (`bad_json`), Invalid with the field.
    """
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise refusal(str(error), at) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("bad_json", {"reason": str(error)[:200]}) from None


def refusal(message: str, at: str = "") -> Problem:
    """A validation message of msgspec as our refusal."""
    where = _place.search(message)
    reason = message[: where.start()] if where else message
    path = at + (where["path"] if where else "")
    code, params = "field_wrong", {"reason": reason}
    for pattern, other in ((_missing, "field_missing"), (_unknown, "field_unknown")):
        if found := pattern.search(reason):
            path = f"{path}.{found['field']}"
            code, params = other, {}
    return Invalid("invalid", errors=[FieldError(path.lstrip(".") or "body", code, params)])


# Control characters but tab and line feed; the C1 block; lone surrogates; the two that end no text.
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str, *, limit: int = MAX_TEXT, field: str = "args.text") -> str:
    """Text from a person as it is stored: line ends made one, never cut.

    Raises Invalid (`text_empty`, `text_too_long`, `text_bad_characters`).
    """
    text = text.replace("\r\n", "\n")
    code, params = "", {}
    if not text or text.isspace():
        code = "text_empty"
    elif len(text) > limit:
        code, params = "text_too_long", {"limit": limit, "length": len(text)}
    elif bad := _BAD.search(text):
        code, params = "text_bad_characters", {"place": bad.start() + 1}
    if code:
        raise Invalid(code, params, errors=[FieldError(field, code, params)])
    return text


def clean_name(text: str, *, field: str, limit: int = 100) -> str:
    """A name on one line, without white space around it; raises as `clean_text`."""
    return clean_text(" ".join(text.split()), limit=limit, field=field)


def place(*numbers: int) -> str:
    """A place in a list, for the reader to hand back."""
    return ".".join(map(str, numbers))


def parse_place(text: str | None) -> tuple[int, int] | None:
    """A place of two numbers.

    Raises Invalid (`invalid`, field `after`).
    """
    if text is None:
        return None
    found = _two_numbers.fullmatch(text)
    if found is None:
        raise Invalid(
            "invalid", errors=[FieldError("after", "field_wrong", {"reason": "not a place in this list"})]
        )
    return int(found[1]), int(found[2])
