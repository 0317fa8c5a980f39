"""Lists as parameters of PostgreSQL: whole columns for `unnest`, on the path of every message.

psycopg looks for the type of each element and quotes it with a regular expression: that took a quarter of the time of
a busy server. Every statement of ours says what its arrays are made of, so that here it is enough to write them down.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.adapt import Dumper


class ArrayDumper(Dumper):
    """A flat list of texts, numbers, truths, bytes and None; its type is found by the server."""

    def dump(self, obj: Any) -> bytes:
        written = ("{" + ",".join(map(_element, obj)) + "}").encode()
        if b"\0" in written:
            raise psycopg.DataError("PostgreSQL text cannot hold NUL bytes")
        return written


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    raise TypeError(f"no element of an array: {type(value).__name__}")
