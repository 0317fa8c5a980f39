"""The Python reducer against the vectors it shares with the front end, and against repeated feeds."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yingke.live.replica import Replica

VECTORS = Path(__file__).parents[2] / "web/packages/sync/vectors"
CASES = [
    case for path in sorted(VECTORS.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))
]

kinds = st.sampled_from(["conversation", "message"])
keys = st.sampled_from(["a", "b", "c"])
revs = st.integers(0, 5)
puts = st.builds(lambda kind, key, rev: ["put", kind, key, rev, f"{kind}{key}{rev}"], kinds, keys, revs)
drops = st.builds(lambda kind, key: ["drop", kind, key], kinds, keys)
feeds = st.lists(st.lists(puts | drops, max_size=4), max_size=12)


def play(steps: list[dict[str, Any]]) -> Replica:
    replica = Replica()
    for step in steps:
        if step["t"] == "interrupted":
            replica.interrupted()
        else:
            replica.apply(step)
    return replica


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vectors(case: dict[str, Any]) -> None:
    replica = play(case["steps"])
    assert {"cursor": replica.cursor, "more": replica.more, "rows": replica.dump()} == case["expect"]


def test_there_are_vectors() -> None:
    assert len(CASES) > 20


@given(feeds, st.data())
def test_repeating_a_feed_from_any_earlier_point_changes_nothing(
    feed: list[list[Any]], data: st.DataObject
) -> None:
    frames = [{"t": "change", "cursor": str(i), "changes": changes} for i, changes in enumerate(feed)]
    up_to = data.draw(st.integers(0, len(frames)))
    back_to = data.draw(st.integers(0, up_to))
    once = play(frames)
    repeated = play(frames[:up_to] + frames[back_to:])
    assert repeated.dump() == once.dump()
    assert repeated.cursor == once.cursor


def test_rows_are_found_by_type_and_key() -> None:
    replica = play(
        [{"t": "snapshot", "cursor": "c", "rows": [["message", "a", 1, {"seq": 1}]], "more": False}]
    )
    assert replica.get("message", "a") == {"seq": 1}
    assert replica.get("message", "b") is None
    assert replica.all("message") == [{"seq": 1}]
    assert replica.all("conversation") == []
