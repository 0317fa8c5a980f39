"""The comparison at the end of the kill test: feeds of all clients against each other and against a fresh look.

It is a function of recorded data alone, so that test_compare.py can show each kind of fault to be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.kills.feed import Feed, Line
from tests.stranger.wire import Row


@dataclass(frozen=True)
class Fault:
    """kind:
    lost         acknowledged, and not in a fresh snapshot
    double       there more than once
    ack          the answer says another seq, number or conversation than the row, or two answers to one id differ
    order        two screens show another order, or rows came in another order than their seq
    gap          a seq is missing
    vanished     a client saw a row and it went away, or it changed its place or words
    unanswered   a client was left with a command neither acknowledged nor refused
    half_done    refused, and yet there
    refused      refused without a reason this test gives
    behind       a client did not catch up by itself
    reader       an acknowledged fact whose effect never came: not found by search, or waiting for ever
    """

    kind: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.detail}"


@dataclass
class Fresh:
    """What new clients see at the end: every message of each conversation, oldest first."""

    staff: dict[str, list[Row]] = field(default_factory=dict)
    """By conversation."""
    visitors: dict[str, list[Row]] = field(default_factory=dict)
    """By the name of the visitor's feed."""
    not_found: list[tuple[str, int]] = field(default_factory=list)
    """(conversation, seq) of acknowledged messages that search did not find in time."""
    queued: list[str] = field(default_factory=list)
    """Conversations nobody was given in time, though agents were accepting."""
    behind: dict[str, str] = field(default_factory=dict)
    """Clients that did not catch up in time, and what they lacked."""


def compare(feeds: list[Feed], fresh: Fresh) -> list[Fault]:
    faults = [*_numbers(fresh), *_sides(feeds, fresh), *_readers(fresh)]
    faults += [Fault("behind", name, lacks) for name, lacks in fresh.behind.items()]
    for feed in feeds:
        faults += _answers(feed, fresh)
        faults += _screen(feed, fresh)
    return faults


def words(row: Row) -> str:
    """What identifies a row in this test: each text is written once only; events by their code."""
    return str(row["text"]) if row["kind"] != "event" else f"[{row['code']}]"


# -- the fresh look by itself ------------------------------------------------------------------------


def _numbers(fresh: Fresh) -> Iterator[Fault]:
    """seq from 1 without gaps, and nothing twice."""
    for where, rows in [*fresh.staff.items(), *fresh.visitors.items()]:
        for conversation in dict.fromkeys(row["conversation"] for row in rows):
            seqs = [row["seq"] for row in rows if row["conversation"] == conversation]
            if seqs != list(range(1, len(seqs) + 1)):
                yield Fault("gap", where, f"seq of {conversation}: {_first_wrong(seqs)}")
    for where, rows in fresh.staff.items():
        for text, times in Counter(words(row) for row in rows if row["kind"] != "event").items():
            if times > 1:
                yield Fault("double", where, f"{text!r} is there {times} times")


def _first_wrong(seqs: list[int]) -> str:
    for place, seq in enumerate(seqs, start=1):
        if seq != place:
            return f"{seq} at place {place} of {len(seqs)}"
    return "none"


def _sides(feeds: list[Feed], fresh: Fresh) -> Iterator[Fault]:
    """The visitor's messages are the staff's without the notes, in the same order."""
    for name, rows in fresh.visitors.items():
        for conversation in dict.fromkeys(row["conversation"] for row in rows):
            visitor = [words(r) for r in rows if r["conversation"] == conversation and r["kind"] == "text"]
            staff = [words(r) for r in fresh.staff.get(conversation, []) if r["kind"] == "text"]
            if visitor != staff:
                kind = "order" if sorted(visitor) == sorted(staff) else "lost"
                yield Fault(kind, name, f"visitor and staff differ: {_difference(visitor, staff)}")


def _difference(left: list[str], right: list[str]) -> str:
    for place, (one, other) in enumerate(zip(left, right, strict=False), start=1):
        if one != other:
            return f"at place {place}: {one!r} and {other!r}"
    return f"{len(left)} and {len(right)} messages"


def _readers(fresh: Fresh) -> Iterator[Fault]:
    for conversation, seq in fresh.not_found:
        yield Fault("reader", conversation, f"message {seq} is not found by search")
    for conversation in fresh.queued:
        yield Fault("reader", conversation, "waits, though agents are accepting")


# -- a client's answers against the fresh look -------------------------------------------------------


def _answers(feed: Feed, fresh: Fresh) -> Iterator[Fault]:
    made = {line["id"]: line for line in feed.of("made")}
    refused = {line["id"]: line for line in feed.of("refused")}
    answers: dict[str, Line] = {}
    for line in feed.of("ack"):
        first = answers.setdefault(line["id"], line)
        if line["id"] in made and first["answer"] != line["answer"]:
            yield Fault(
                "ack", feed.name, f"two answers to {line['id']}: {first['answer']} and {line['answer']}"
            )
    rows = _by_text(fresh.visitors.get(feed.name, []) if feed.role == "visitor" else _all(fresh))
    for id_, line in made.items():
        there = rows.get(line["text"], [])
        if id_ in refused:
            if refused[id_]["problem"].get("status") != 409:  # the conversation was ended meanwhile
                yield Fault("refused", feed.name, f"{line['text']!r}: {refused[id_]['problem']}")
            if there:
                yield Fault("half_done", feed.name, f"{line['text']!r} was refused and is there")
        elif id_ not in answers:
            yield Fault("unanswered", feed.name, f"{line['text']!r}")
        elif not there:
            yield Fault("lost", feed.name, f"{line['text']!r}, acknowledged as {answers[id_]['answer']}")
        elif len(there) > 1:
            yield Fault("double", feed.name, f"{line['text']!r} is there {len(there)} times")
        else:
            yield from _same_place(feed, answers[id_]["answer"], there[0])


def _same_place(feed: Feed, answer: Row, row: Row) -> Iterator[Fault]:
    for name in ("conversation", "seq", "no") if feed.role == "visitor" else ("conversation", "seq"):
        if answer[name] != row[name]:
            yield Fault(
                "ack", feed.name, f"{row['text']!r}: answered {name} {answer[name]}, the row has {row[name]}"
            )


def _by_text(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["kind"] != "event":
            found.setdefault(row["text"], []).append(row)
    return found


def _all(fresh: Fresh) -> list[Row]:
    return [row for rows in fresh.staff.values() for row in rows]


# -- a client's screen from the first row to the last ------------------------------------------------


def _screen(feed: Feed, fresh: Fresh) -> Iterator[Fault]:
    """Follows what the client showed, topic by topic. A row once shown stays, in its place, with its words."""
    screens: dict[str, Screen] = {}
    for line in feed.of("snapshot", "put", "drop"):
        topic = line["topic"]
        if topic == "chat" or topic.startswith("thread/"):
            screen = screens.setdefault(topic, Screen(f"{feed.name} {topic}"))
            yield from screen.take(line)
    for topic, screen in screens.items():
        if topic == "chat":
            rows = fresh.visitors.get(feed.name)
        else:
            rows = fresh.staff.get(topic.removeprefix("thread/"))
        if rows is not None:
            yield from screen.at_the_end(rows)


@dataclass
class Screen:
    """Every message a client has shown of one topic, by conversation and seq. A snapshot holds the latest rows only:
    older ones may leave the replica with it, but not be contradicted."""

    where: str
    shown: dict[str, dict[int, tuple[str, str]]] = field(default_factory=dict)
    """conversation -> seq -> (key, words)."""
    from_seq: dict[str, int] = field(default_factory=dict)
    """From here on the client must have every row."""

    def take(self, line: Line) -> Iterator[Fault]:
        if line["what"] == "snapshot":
            yield from self._snapshot(line["rows"])
        elif line["kind"] == "message" and line["what"] == "put":
            row = line["row"]
            shown = self.shown.setdefault(row["conversation"], {})
            if shown and row["seq"] not in shown and row["seq"] != max(shown) + 1:
                kind = "order" if row["seq"] < max(shown) else "gap"
                yield Fault(kind, self.where, f"seq {row['seq']} came after {max(shown)}")
            self.from_seq.setdefault(row["conversation"], row["seq"])
            yield from self._show(line["key"], row)
        elif line["kind"] == "message" and line["what"] == "drop":
            yield Fault("vanished", self.where, f"message {line['key']} was dropped")

    def _snapshot(self, rows: list[tuple[str, str, int, Row]]) -> Iterator[Fault]:
        messages = sorted(
            ((key, row) for kind, key, _, row in rows if kind == "message"),
            key=lambda pair: int(pair[1]["seq"]),
        )
        for conversation in dict.fromkeys(row["conversation"] for _, row in messages):
            mine = {row["seq"]: (key, row) for key, row in messages if row["conversation"] == conversation}
            self.from_seq[conversation] = min(mine)
            for seq, (_, said) in self.shown.get(conversation, {}).items():
                if seq >= min(mine) and seq not in mine:
                    yield Fault("vanished", self.where, f"seq {seq} {said!r} is not in a later snapshot")
            for key, row in mine.values():
                yield from self._show(key, row)

    def _show(self, key: str, row: Row) -> Iterator[Fault]:
        shown = self.shown.setdefault(row["conversation"], {})
        now = (key, words(row))
        before = shown.setdefault(row["seq"], now)
        if before != now:
            yield Fault("vanished", self.where, f"seq {row['seq']} was {before} and became {now}")

    def at_the_end(self, rows: list[Row]) -> Iterator[Fault]:
        truth: dict[str, dict[int, str]] = {}
        for row in rows:
            truth.setdefault(row["conversation"], {})[row["seq"]] = words(row)
        for conversation, shown in self.shown.items():
            for seq, (_, said) in sorted(shown.items()):
                kept = truth.get(conversation, {}).get(seq)
                if kept != said:
                    yield Fault(
                        "vanished",
                        self.where,
                        f"seq {seq} was shown as {said!r}, a fresh client sees {kept!r}",
                    )
            missing = [
                s for s in truth.get(conversation, {}) if s >= self.from_seq[conversation] and s not in shown
            ]
            if missing:
                yield Fault("behind", self.where, f"never showed seq {missing[:5]} of {conversation}")
