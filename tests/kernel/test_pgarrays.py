"""Lists on their way to PostgreSQL: every text comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.postgres import postgres_url
from yingke.kernel.db import Database, Read, Sql

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    with postgres_url() as url:
        database = Database(url, clock=FakeClock())
        yield database
        database.close()


def _back(db: Database, values: list[Any], type_: str) -> list[Any]:
    def ask(read: Read) -> list[tuple[Any, ...]]:
        return read.run(Sql("", f"SELECT * FROM unnest(%s::{type_}[])"), (values,))

    return [row[0] for row in db.read_now(ask)]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (
            [
                "",
                " ",
                "NULL",
                "null",
                'a"b',
                "a\\b",
                "\\",
                "{",
                "}",
                ",",
                "a,b",
                "{a}",
                "\n",
                "\t",
                "你好",
                "🦌",
                None,
            ],
            "text",
        ),
        ([0, -1, 2**63 - 1, None], "bigint"),
        ([True, False, None], "boolean"),
        ([b"", b"\0\xff\\", None], "bytea"),
        ([1.5, None], "double precision"),
        ([], "text"),
    ],
)
def test_it_comes_back(db: Database, values: list[Any], type_: str) -> None:
    assert _back(db, values, type_) == values


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_any_text_comes_back(db: Database, values: list[str | None]) -> None:
    assert _back(db, values, "text") == values


def test_nul_is_refused_and_nothing_else_is_taken(db: Database) -> None:
    with pytest.raises(psycopg.DataError):
        _back(db, ["a\0b"], "text")
    with pytest.raises(TypeError):
        _back(db, [["a"]], "text")
