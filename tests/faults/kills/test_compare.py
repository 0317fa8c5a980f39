"""The comparison sees each kind of fault, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.kills.compare import Fresh, compare
from tests.faults.kills.feed import Feed, Line, under_way
from tests.stranger.wire import Row

CONVERSATION = "c1"


class Case:
    """A small true story: a visitor sends two messages, an agent notes and answers; all saw all."""

    def __init__(self) -> None:
        said: list[tuple[str, str, str]] = [
            ("text", "visitor", "v第1句"),
            ("event", "system", "agent_joined"),
            ("note", "agent", "a第1句"),
            ("text", "agent", "a第2句"),
            ("text", "visitor", "v第2句"),
        ]
        self.staff = [row(seq, kind, text) for seq, (kind, _, text) in enumerate(said, start=1)]
        shown = [one for one in said if one[0] != "note"]
        self.visitor = [row(seq, kind, text, no=1) for seq, (kind, _, text) in enumerate(shown, start=1)]
        self.visitor_lines = [
            *screen("chat", self.visitor),
            *sent("v第1句", 1, no=1),
            *sent("v第2句", 4, no=1),
        ]
        self.agent_lines = [
            *screen(f"thread/{CONVERSATION}", self.staff),
            *sent("a第1句", 3),
            *sent("a第2句", 4),
        ]
        self.fresh = Fresh(staff={CONVERSATION: self.staff[:]}, visitors={"v": self.visitor[:]})

    def kinds(self) -> set[str]:
        feeds = [Feed("v", "visitor", self.visitor_lines), Feed("a", "agent", self.agent_lines)]
        return {fault.kind for fault in compare(feeds, self.fresh)}

    def answer(self, text: str) -> Row:
        found: Row = next(
            line["answer"]
            for line in self.visitor_lines + self.agent_lines
            if line.get("id") == text and "answer" in line
        )
        return found


def row(seq: int, kind: str, text: str, **more: Any) -> Row:
    said = {"text": None, "code": text} if kind == "event" else {"text": text, "code": None}
    return {"conversation": CONVERSATION, "seq": seq, "kind": kind, **said, **more}


def screen(topic: str, rows: list[Row]) -> list[Line]:
    """A snapshot of the first row, then a put for each."""
    first = ["message", "k1", 1, rows[0]]
    return [
        {"at": 0.0, "what": "snapshot", "topic": topic, "rows": [first], "more": False},
        *(put(topic, one) for one in rows[1:]),
    ]


def put(topic: str, one: Row, key: str = "") -> Line:
    return {
        "at": 0.0,
        "what": "put",
        "topic": topic,
        "kind": "message",
        "key": key or f"k{one['seq']}",
        "rev": 1,
        "row": one,
    }


def sent(text: str, seq: int, **more: int) -> list[Line]:
    answer = {"id": text, "conversation": CONVERSATION, "seq": seq, **more}
    return [
        {"at": 1.0, "what": "made", "id": text, "name": "send", "text": text},
        {"at": 2.0, "what": "sent", "id": text, "name": "send"},
        {"at": 3.0, "what": "ack", "id": text, "name": "send", "answer": answer},
    ]


def test_no_fault_where_there_is_none() -> None:
    assert Case().kinds() == set()


def lose_on_both_sides(case: Case) -> None:
    del case.fresh.staff[CONVERSATION][-1], case.fresh.visitors["v"][-1]


def lose_on_one_side(case: Case) -> None:
    del case.fresh.visitors["v"][-1]


def store_twice(case: Case) -> None:
    case.fresh.staff[CONVERSATION].append({**case.staff[-1], "seq": 6})
    case.fresh.visitors["v"].append({**case.visitor[-1], "seq": 5})


def answer_another_seq(case: Case) -> None:
    case.answer("a第2句")["seq"] = 7


def answer_the_repeat_otherwise(case: Case) -> None:
    case.visitor_lines.append(
        {
            "at": 4.0,
            "what": "ack",
            "id": "v第1句",
            "name": "send",
            "answer": {**case.answer("v第1句"), "at": "later"},
        }
    )


def swap_on_one_side(case: Case) -> None:
    rows = case.fresh.visitors["v"]
    rows[2]["text"], rows[3]["text"] = rows[3]["text"], rows[2]["text"]


def leave_a_hole(case: Case) -> None:
    del case.fresh.staff[CONVERSATION][2]


def skip_a_row_on_a_screen(case: Case) -> None:
    del case.agent_lines[2]


def drop_a_row(case: Case) -> None:
    case.visitor_lines.insert(4, {"at": 0.0, "what": "drop", "topic": "chat", "kind": "message", "key": "k2"})


def show_other_words_later(case: Case) -> None:
    case.visitor_lines.insert(4, put("chat", {**case.visitor[0], "text": "anders"}, "k1"))


def show_a_snapshot_without_a_row(case: Case) -> None:
    rows = [["message", f"k{r['seq']}", 1, r] for r in case.staff if r["seq"] != 3]
    topic = f"thread/{CONVERSATION}"
    case.agent_lines.insert(5, {"at": 0.0, "what": "snapshot", "topic": topic, "rows": rows, "more": False})


def stop_showing(case: Case) -> None:
    del case.visitor_lines[3]


def never_answer(case: Case) -> None:
    case.visitor_lines.pop()


def refuse_and_do(case: Case) -> None:
    case.visitor_lines[-1] = {
        "at": 3.0,
        "what": "refused",
        "id": "v第2句",
        "problem": {"status": 409},
    }


def refuse_without_reason(case: Case) -> None:
    problem = {"status": 403}
    case.visitor_lines.append({"at": 1.0, "what": "made", "id": "v第3句", "name": "send", "text": "v第3句"})
    case.visitor_lines.append({"at": 2.0, "what": "refused", "id": "v第3句", "problem": problem})


def search_misses(case: Case) -> None:
    case.fresh.not_found.append((CONVERSATION, 4))


def wait_for_ever(case: Case) -> None:
    case.fresh.queued.append(CONVERSATION)


def fall_behind(case: Case) -> None:
    case.fresh.behind["v"] = "chat c1: 3 of 4"


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lose_on_both_sides, "lost"),
        (lose_on_one_side, "lost"),
        (store_twice, "double"),
        (answer_another_seq, "ack"),
        (answer_the_repeat_otherwise, "ack"),
        (swap_on_one_side, "order"),
        (leave_a_hole, "gap"),
        (skip_a_row_on_a_screen, "gap"),
        (drop_a_row, "vanished"),
        (show_other_words_later, "vanished"),
        (show_a_snapshot_without_a_row, "vanished"),
        (stop_showing, "behind"),
        (never_answer, "unanswered"),
        (refuse_and_do, "half_done"),
        (refuse_without_reason, "refused"),
        (search_misses, "reader"),
        (wait_for_ever, "reader"),
        (fall_behind, "behind"),
    ],
)
def test_each_fault_is_seen(spoil: Callable[[Case], None], kind: str) -> None:
    case = Case()
    spoil(case)
    assert kind in case.kinds()


def test_what_was_under_way_at_a_moment() -> None:
    feed = Feed("v", "visitor", sent("v第1句", 1))
    assert under_way([feed], 1.5, 1.6) == []
    assert under_way([feed], 2.5, 2.6) == ["v第1句"]
    assert under_way([feed], 1.5, 2.5) == [], "sent only after the moment"
    assert under_way([feed], 2.5, 3.5) == [], "answered before the later moment"
