"""Input from outside: what is wrong is named by its field, and text is stored as it was written or not at all."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, select

from yingke.kernel.db import Database
from yingke.kernel.errors import Malformed, Problem
from yingke.kernel.parse import (
    Args,
    Count,
    Name,
    OutKey,
    clean_name,
    clean_text,
    decode,
    parse_place,
    place,
    refusal,
)

metadata = MetaData()
said = Table(
    "said",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("text", Text),
)


class Inner(Args, frozen=True):
    key: OutKey
    n: Count = 0


class Outer(Args, frozen=True):
    name: Name
    inner: Inner
    many: Annotated[tuple[Inner, ...], msgspec.Meta(max_length=2)] = ()
    on: bool = False


def attempt(fn: Any, *args: Any, **kwargs: Any) -> Any:
    """What it answers, or the refusal it raises."""
    try:
        return fn(*args, **kwargs)
    except Problem as problem:
        return problem


def refused(fn: Any, *args: Any, **kwargs: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        fn(*args, **kwargs)
    return caught.value


# --- JSON into structs -----------------------------------------------------------------------------------------------


def test_what_is_right_is_read() -> None:
    read = decode(b'{"name": "\xe5\xad\x97", "inner": {"key": "a_b-9", "n": 9007199254740991}}', Outer)
    assert read == Outer("字", Inner("a_b-9", 2**53 - 1))


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        (b'{"inner":{"key":"k"}}', "name", "field_missing"),
        (b'{"name":"n","inner":{}}', "inner.key", "field_missing"),
        (b'{"name":"n","inner":{"key":"k","x":1}}', "inner.x", "field_unknown"),
        (b'{"name":"n","inner":{"key":"k"},"many":[{"key":"k"},{}]}', "many[1].key", "field_missing"),
        (b'{"name":7,"inner":{"key":"k"}}', "name", "field_wrong"),
        (b'{"name":"","inner":{"key":"k"}}', "name", "field_wrong"),
        (b'{"name":"n","inner":{"key":"a b"}}', "inner.key", "field_wrong"),
        (b'{"name":"n","inner":{"key":"k","n":-1}}', "inner.n", "field_wrong"),
        (b'{"name":"n","inner":{"key":"k","n":9007199254740992}}', "inner.n", "field_wrong"),
        (b'{"name":"n","inner":{"key":"k","n":"1"}}', "inner.n", "field_wrong"),
        (b'{"name":"n","inner":{"key":"k"},"on":1}', "on", "field_wrong"),
        (
            b'{"name":"n","inner":{"key":"k"},"many":[{"key":"k"},{"key":"k"},{"key":"k"}]}',
            "many",
            "field_wrong",
        ),
        (b"[]", "body", "field_wrong"),
        (b'"text"', "body", "field_wrong"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(raw: bytes, field: str, code: str) -> None:
    problem = refused(decode, raw, Outer)
    assert (problem.status, problem.code) == (422, "invalid")
    assert [(error.field, error.code) for error in problem.errors] == [(field, code)]
    (inside,) = refused(decode, raw, Outer, "args").errors
    assert inside.field == ("args" if field == "body" else f"args.{field}")
    assert code != "field_wrong" or inside.params["reason"], "a wrong value says why"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nul",
        b"{]",
        b'{"name":"\xff"}',
        b'{"name":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"name":"n","inner":{"key":"k"}} {}',
    ],
)
def test_what_is_no_json_is_malformed(raw: bytes) -> None:
    problem = refused(decode, raw, Outer)
    assert isinstance(problem, Malformed)
    assert problem.code == "bad_json"


def test_what_is_nested_too_deep_is_malformed() -> None:
    class Loose(msgspec.Struct):
        """As a frame: what it does not know it passes over."""

    assert refused(decode, b'{"x":' * 100_000, Loose).code == "bad_json"


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    outcome = attempt(decode, raw, Outer)
    assert isinstance(outcome, Outer) or outcome.code in ("bad_json", "invalid")


def test_a_message_that_looks_like_a_path_is_no_path() -> None:
    (error,) = refusal("Invalid enum value '` - at `$.x`' - at `$.role`").errors
    assert error.field == "role"


# --- text ------------------------------------------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=40)
awkward = st.text(
    st.sampled_from("a字😀 \t\n\r\x00\x1f\x7f\x85\x9f\u2028\ud800\udfff\ufffe\uffff\ufeff\u200b"), max_size=12
)


@given(anything | awkward)
def test_text_is_taken_as_it_is_or_refused(text: str) -> None:
    taken = attempt(clean_text, text, limit=30)
    if isinstance(taken, Problem):
        assert taken.code in ("text_empty", "text_too_long", "text_bad_characters")
        assert [(error.field, error.code) for error in taken.errors] == [("args.text", taken.code)]
        return
    assert taken == text.replace("\r\n", "\n"), "nothing is cut and nothing is mended"
    assert 0 < len(taken) <= 30
    assert taken.strip()
    assert not [
        character
        for character in taken
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n"
    ]
    taken.encode()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(anything | awkward, min_size=1, max_size=60))
def test_what_is_taken_is_stored_byte_for_byte(db: Database, texts: list[str]) -> None:
    metadata.create_all(db.engine)
    taken = [text for text in map(partial(attempt, clean_text), texts) if isinstance(text, str)]
    if taken:
        db.write_now(
            lambda tx: (
                tx.execute(said.delete()),
                tx.execute(insert(said), [{"text": text} for text in taken]),
            )
        )
        stored = db.read_now(
            lambda read: read.execute(select(said.c.text).order_by(said.c.id)).scalars().all()
        )
        assert [text.encode() for text in stored] == [text.encode() for text in taken]


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        ("", "text_empty", {}),
        (" \t\n\u3000\u00a0", "text_empty", {}),
        ("x" * 10_001, "text_too_long", {"limit": 10_000, "length": 10_001}),
        ("😀" * 10_001, "text_too_long", {"limit": 10_000, "length": 10_001}),
        ("ab\x00", "text_bad_characters", {"place": 3}),
        ("\x1b[31m", "text_bad_characters", {"place": 1}),
        ("a\rb", "text_bad_characters", {"place": 2}),
        ("a\r\r\nb", "text_bad_characters", {"place": 2}),
        ("字\ud83d", "text_bad_characters", {"place": 2}),
        ("\x9b", "text_bad_characters", {"place": 1}),
        ("\uffff", "text_bad_characters", {"place": 1}),
    ],
)
def test_why_a_text_is_refused(text: str, code: str, params: dict[str, int]) -> None:
    problem = refused(clean_text, text, field="args.note")
    assert (problem.status, problem.code, problem.params) == (422, code, params)
    assert [(error.field, error.code, error.params) for error in problem.errors] == [
        ("args.note", code, params)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "😀" * 10_000,
        "\tindented\n",
        "<script>alert(1)</script>",
        "a\u200db\u202ec\ufeff",
        "e\u0301",
    ],
)
def test_such_texts_are_good(text: str) -> None:
    assert clean_text(text) == text


def test_line_ends_are_made_one_before_they_are_counted() -> None:
    assert clean_text("a\r\n" * 5_000) == "a\n" * 5_000


def test_a_name_stands_on_one_line() -> None:
    assert clean_name("  林 \t\r\n 芳\u3000", field="args.name") == "林 芳"
    for name, code in (("   ", "text_empty"), ("x" * 101, "text_too_long"), ("a\x00", "text_bad_characters")):
        problem = refused(clean_name, name, field="args.name")
        assert (problem.code, problem.errors[0].field) == (code, "args.name")


# --- places in lists -------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
def test_a_place_comes_back(one: int, other: int) -> None:
    assert parse_place(place(one, other)) == (one, other)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1.2.3", "-1.2", "1.2 ", "1e3.2", "x.y", "1" * 19 + ".1", "1.2\n"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    problem = refused(parse_place, text)
    assert (problem.code, problem.errors[0].field, problem.errors[0].code) == (
        "invalid",
        "after",
        "field_wrong",
    )
    assert parse_place(None) is None
