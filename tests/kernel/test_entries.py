"""What is told, and cursors, as the texts that are kept and sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yingke.kernel.entries import Cursor, CursorCodec, encode_payload, join_payload, put, split_payload

changes = st.lists(
    st.tuples(
        st.just("put"), st.text(), st.text(), st.integers(0, 2**53), st.dictionaries(st.text(), st.text())
    )
    | st.tuples(st.just("drop"), st.text(), st.text()),
    max_size=3,
)


@given(st.lists(changes, max_size=4), st.lists(st.tuples(st.text(), st.integers(0, 3)), max_size=6))
def test_a_payload_is_split_as_it_was_joined(told: list[Any], topics: list[tuple[str, int]]) -> None:
    """Topics may share one list of changes, and then share its place in the column."""
    wanted = {topic: told[n % len(told)] for topic, n in topics} if told else {}
    payload = encode_payload(wanted)
    column = join_payload(payload)
    assert split_payload(column) == payload
    assert list(split_payload(column)) == list(payload), "in the same order"
    assert (column is None) == (not wanted)


def test_topics_that_share_their_changes_share_the_bytes() -> None:
    shared = [put("row", "k", 1, {"text": "x" * 1000})]
    column = join_payload(encode_payload({f"topic/{n}": shared for n in range(10)}))
    assert column is not None
    assert len(column) < 2000
    payload = split_payload(column)
    assert len({id(raw) for raw in payload.values()}) == 1


CODEC = CursorCodec(b"k" * 32, "12ab34cd")
numbers = st.integers(0, 2**63 - 1)


@given(numbers, numbers)
def test_a_cursor_comes_back_and_no_two_texts_are_the_same(xid: int, pos: int) -> None:
    cursor = Cursor(xid, pos)
    texts = {CODEC.encode(cursor) for _ in range(3)}
    assert len(texts) == 3
    assert {CODEC.decode(one) for one in texts} == {cursor}


def test_neighbours_look_no_more_alike_than_strangers() -> None:
    """Whoever watches cursors must not see how much is written in between, notes too."""
    seen: list[set[str]] = [set() for _ in range(40)]
    for n in range(400):
        for place, character in enumerate(CODEC.encode(Cursor(7, 1000 + n % 2))):
            seen[place].add(character)
    assert min(map(len, seen)) > 40, "each place of the text takes on nearly every character"


@pytest.mark.parametrize(
    "other",
    [CursorCodec(b"k" * 32, "12ab34ce"), CursorCodec(b"j" * 32, "12ab34cd"), CursorCodec(b"k" * 32, "")],
)
def test_a_cursor_of_another_epoch_or_secret_is_none(other: CursorCodec) -> None:
    for n in range(50):
        assert other.decode(CODEC.encode(Cursor(n, n))) is None


@given(st.text(max_size=50) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")))
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert CODEC.decode(text) is None
