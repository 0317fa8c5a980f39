"""Facts and what screens are told of them: the words of the journal, without a database.

A room states a fact by `tx.emit(event, to=audience)`. The event is for reactions in upper rooms: ids and codes, never
free text, so that erasing a person need not search through old facts. The audience is for screens: which topics hear
which changes of which rows, decided where the fact is written.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec

# Changes as they travel (docs/protocol.md 4).
Put = tuple[str, str, str, int, Any]  # ("put", type, key, rev, row)
Drop = tuple[str, str, str]  # ("drop", type, key)
Change = Put | Drop
RowOut = tuple[str, str, int, Any]  # (type, key, rev, row), as a snapshot has it


def put(type_: str, key: str, rev: int, row: Any) -> Put:
    """The row as it is now; screens that hold a rev as new or newer ignore it."""
    return ("put", type_, key, rev, row)


def drop(type_: str, key: str) -> Drop:
    """The row is no longer part of the topic."""
    return ("drop", type_, key)


class Event(msgspec.Struct, frozen=True):
    """A fact. Subclasses are made known with `@event(kind, v)`."""

    kind: ClassVar[str]
    v: ClassVar[int]


E = TypeVar("E", bound=Event)

_events: dict[tuple[str, int], type[Event]] = {}


def event(kind: str, v: int = 1) -> _Register:
    """Make a class known as the fact `kind` in version `v`. Adding a field with a default is free, anything else is a
    new version with an upcaster."""
    return _Register(kind, v)


class _Register:
    def __init__(self, kind: str, v: int) -> None:
        self.kind, self.v = kind, v

    def __call__(self, cls: type[E]) -> type[E]:
        if (self.kind, self.v) in _events:
            raise ValueError(f"event {self.kind} v{self.v} is declared twice")
        cls.kind, cls.v = self.kind, self.v
        _events[self.kind, self.v] = cls
        return cls


def registered_events() -> Mapping[tuple[str, int], type[Event]]:
    """Every event that has been declared by the modules imported so far."""
    return _events


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears of a fact.

    stream: the thing it is about (`conversation:12`); entries of one stream are handled in order.
    staff, visitor: topic → changes, in order; a visitor's connection is never given a staff payload.
    subject: what within the stream, so that `journal.redact` finds it.
    reguard: topics and actors (`actor:staff:3`) whose subscriptions must be decided anew.
    """

    stream: str
    staff: Mapping[str, Sequence[Change]] = {}
    visitor: Mapping[str, Sequence[Change]] = {}
    subject: str | None = None
    customer_id: int | None = None
    reguard: Sequence[str] = ()


def nobody(stream: str) -> Audience:
    """A fact for reactions alone: no screen shows it."""
    return Audience(stream=stream)


class Cursor(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in the journal. `epoch` is compared for equality by whoever reads a cursor from outside."""

    xid: int
    pos: int


START = Cursor(0, 0)
LAST_POS = 2**63 - 1

Payload = dict[str, bytes]  # topic → JSON list of changes


class Entry:
    """One line of the journal, as written or as read back.

    pos: its number. cursor: the place of whoever has been told of it (see `kernel.order`).
    """

    __slots__ = (
        "actor",
        "at",
        "cause",
        "cursor",
        "customer_id",
        "fact",
        "kind",
        "pos",
        "reguard",
        "row",
        "staff",
        "stream",
        "subject",
        "v",
        "visitor",
    )

    def __init__(
        self,
        *,
        cursor: Cursor,
        at: int,
        kind: str,
        v: int,
        stream: str,
        subject: str | None,
        actor: str,
        cause: int | None,
        customer_id: int | None,
        reguard: tuple[str, ...],
        fact: Event | bytes,
        staff: Payload,
        visitor: Payload,
    ) -> None:
        self.cursor = cursor
        self.pos = cursor.pos
        self.at = at
        self.kind = kind
        self.v = v
        self.stream = stream
        self.subject = subject
        self.actor = actor
        self.cause = cause
        self.customer_id = customer_id
        self.reguard = reguard
        self.fact = fact
        self.staff = staff
        self.visitor = visitor
        self.row: tuple[Any, ...] = ()  # its columns, while it is being written

    def event(self) -> Event | None:
        """The fact as its class, or None for a kind this version no longer knows."""
        if isinstance(self.fact, Event):
            return self.fact
        cls = _events.get((self.kind, self.v))
        return None if cls is None else msgspec.json.decode(self.fact, type=cls)


_encoder = msgspec.json.Encoder()
_payload_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def encode_payload(topics: Mapping[str, Sequence[Change]]) -> Payload:
    """Each topic's changes as JSON; topics that share one list share its bytes."""
    done: dict[int, bytes] = {}
    out: Payload = {}
    for topic, changes in topics.items():
        raw = done.get(id(changes))
        if raw is None:
            raw = done[id(changes)] = _encoder.encode(changes)
        out[topic] = raw
    return out


def join_payload(payload: Payload) -> str | None:
    """The column's text: one JSON object, or None when nobody hears. A topic that is told the same as one before it
    has that one's name in place of the changes."""
    if not payload:
        return None
    first: dict[int, bytes] = {}
    parts = []
    for topic, raw in payload.items():
        name = _encoder.encode(topic)
        told = first.setdefault(id(raw), name)
        parts.append(name + b":" + (raw if told is name else told))
    return (b"{" + b",".join(parts) + b"}").decode()


def split_payload(text: str | bytes | None) -> Payload:
    """The inverse of `join_payload`."""
    if not text:
        return {}
    out: Payload = {}
    for topic, raw in _payload_decoder.decode(text).items():
        changes = bytes(raw)
        out[topic] = out[msgspec.json.decode(changes)] if changes.startswith(b'"') else changes
    return out


def join_words(words: Iterable[str]) -> str | None:
    return " ".join(words) or None


class CursorCodec:
    """Cursors as clients hold them: opaque, since the distance of two positions tells how much is written, notes too.

    Masked with a keyed hash of a random nonce. Whoever forges one gets a place in the journal of their own topics, or
    a snapshot.
    """

    def __init__(self, secret: bytes, epoch: str) -> None:
        self._secret = secret
        self._epoch = epoch.encode()[:8].ljust(8, b".")

    def _mask(self, nonce: bytes, plain: bytes) -> bytes:
        pad = hashlib.blake2b(nonce, key=self._secret, digest_size=24).digest()
        return (int.from_bytes(pad, "big") ^ int.from_bytes(plain, "big")).to_bytes(24, "big")

    def encode(self, cursor: Cursor) -> str:
        nonce = secrets.token_bytes(6)
        plain = self._epoch + cursor.xid.to_bytes(8, "big") + cursor.pos.to_bytes(8, "big")
        return base64.urlsafe_b64encode(nonce + self._mask(nonce, plain)).decode()

    def decode(self, text: str) -> Cursor | None:
        """The place, or None for what is not a cursor of this epoch."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            return None
        if len(raw) != 30:
            return None
        plain = self._mask(raw[:6], raw[6:])
        if plain[:8] != self._epoch:
            return None
        return Cursor(int.from_bytes(plain[8:16], "big"), int.from_bytes(plain[16:], "big"))
