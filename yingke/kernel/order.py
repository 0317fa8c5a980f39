"""The order of facts on PostgreSQL.

Entries are read by `(xid, pos)`, since only that order can be read without missing any. But a transaction may draw its
xid early and wait late: what it then states about a stream stands before an older fact of that stream. Within a stream
`pos` is right, because it is drawn while the stream is locked. So entries that contradict each other are brought, with
what stands between them, into the order of `pos`, and share one cursor: whoever has been told one, has been told all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yingke.kernel.entries import Entry


def facts_in_order(entries: Sequence[Entry], still_to_come: Mapping[str, int]) -> list[Entry]:
    """As many of `entries`, which are in the order of `(xid, pos)`, as can be told now, in the order of the facts.

    still_to_come: stream → the smallest pos of what stands after the last of `entries`. What would overtake it waits.
    """
    told = list(entries[: _safe(entries, still_to_come)])
    for start, end in _contradictions(told):
        cluster = sorted(told[start:end], key=lambda entry: entry.pos)
        last = told[end - 1].cursor
        for entry in cluster:
            entry.cursor = last
        told[start:end] = cluster
    return told


def _safe(entries: Sequence[Entry], still_to_come: Mapping[str, int]) -> int:
    """How many from the start on overtake nothing that is left behind."""
    smallest = dict(still_to_come)  # of what is left behind, by stream
    safe = len(entries)
    while True:
        cut = next(
            (n for n in range(safe) if entries[n].pos > smallest.get(entries[n].stream, entries[n].pos)), safe
        )
        if cut == safe:
            return safe
        for entry in entries[cut:safe]:
            smallest[entry.stream] = min(entry.pos, smallest.get(entry.stream, entry.pos))
        safe = cut


def _contradictions(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """Stretches [start, end) in which a stream's entries are out of order, overlapping ones as one."""
    by_stream: dict[str, list[int]] = {}
    stretches: list[tuple[int, int]] = []
    for n, entry in enumerate(entries):
        earlier = by_stream.setdefault(entry.stream, [])
        overtaken_by = next((m for m in earlier if entries[m].pos > entry.pos), None)
        earlier.append(n)
        if overtaken_by is not None:
            start, end = overtaken_by, n + 1
            while stretches and stretches[-1][1] > start:
                start = min(start, stretches.pop()[0])
            stretches.append((start, end))
    return stretches
