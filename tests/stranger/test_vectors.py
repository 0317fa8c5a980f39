"""The shared vectors of the reducer: this replica, made from the document, comes to the same as the product's two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stranger.replica import Replica

VECTORS = Path(__file__).resolve().parent.parent.parent / "web" / "packages" / "sync" / "vectors"
CASES = [
    case for path in sorted(VECTORS.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))
]


def apply(replica: Replica, frame: dict[str, Any]) -> None:
    match frame["t"]:
        case "snapshot":
            replica.snapshot(frame)
        case "resumed":
            replica.resumed()
        case "change":
            list(replica.change(frame))
        case "pong":
            replica.pong(frame["cursor"])
        case "denied":
            replica.forget()
        case "interrupted":
            replica.begun = False


def test_there_are_vectors() -> None:
    assert len(CASES) > 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vector(case: dict[str, Any]) -> None:
    replica = Replica("chat")
    for frame in case["steps"]:
        apply(replica, frame)
    rows = [[kind, key, held.rev, held.row] for (kind, key), held in replica.rows.items()]
    held = {"cursor": replica.cursor, "more": replica.more, "rows": sorted(rows, key=lambda row: row[:2])}
    expected = {**case["expect"], "rows": sorted(case["expect"]["rows"], key=lambda row: row[:2])}
    assert held == expected
