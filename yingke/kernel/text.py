"""Search: text cut into overlapping pairs, indexed by FTS5 on SQLite and a tsvector on PostgreSQL.

A query's terms stand between spaces, and each must be found as it stands. Chinese and other scripts without spaces are
found anywhere, even a single character; other words and numbers from their beginning: `438485` and `dd438` find
`DD438485`. The index gives candidates, the kept text decides: nothing is missed and nothing wrong is found. Width, case
and compatibility forms do not matter. A room joins what `SearchTable.match` gives with its own tables and rights.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Subquery,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from yingke.kernel.db import Dialect, Sql, Tx

MAX_TEXT = 100_000  # characters; what stands behind is not found (a tsvector holds 1 MiB)
MAX_QUERY = 200  # characters
MAX_TOKEN = 64  # characters; a longer word is known by its beginning

# Scripts written without spaces: CJK, kana, bopomofo, Hangul; Thai, Lao, Burmese, Khmer.
_PAIRED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00016ff0-\U00018dff\U0001aff0-\U0001b2ff"
    "\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_SIGNS = "\u20a0-\u20cf\u2190-\u2bff\U0001f000-\U0001fbff"  # currencies, arrows, dingbats, emoji
_RUN = re.compile(
    rf"([{_PAIRED}]+)|((?:(?![{_PAIRED}{_SIGNS}])\d)+)|([^\W\d_{_PAIRED}{_SIGNS}]+)|([{_SIGNS}])"
)

# Invisible: zero-width characters, soft hyphen, direction marks, variation selectors; what no database stores.
_DROPPED = dict.fromkeys(
    (
        *(0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), *range(0xD800, 0xE000), *range(0xE0000, 0xE1000)),
    )
)
_BLANKED = dict.fromkeys([*range(0x20), 0x7F], " ")
_CLEAN = _DROPPED | _BLANKED


def normalize(text: str) -> str:
    """The form in which text is kept and compared: NFKC, case folded, without what is not seen."""
    if text.isascii():
        return text.translate(_BLANKED).lower()
    folded = unicodedata.normalize("NFKC", text.translate(_CLEAN)).casefold()
    return unicodedata.normalize("NFKC", folded).translate(_CLEAN)


def pairs(text: str) -> list[str]:
    """What a text is found by, each once: pairs and the last character of a run, words, numbers, signs."""
    return list(dict.fromkeys(_tokens(_body(text))))


def _body(text: str) -> str:
    return normalize(text[:MAX_TEXT])[:MAX_TEXT]


def _tokens(normal: str) -> Iterator[str]:
    for paired, number, word, sign in _RUN.findall(normal):
        if paired:
            for at in range(len(paired) - 1):
                yield paired[at : at + 2]
            yield paired[-1]  # with it every character begins a token
        else:
            yield (number or word or sign)[:MAX_TOKEN]


def terms(query: str) -> list[str]:
    """A query's terms as they are compared."""
    return list(dict.fromkeys(normalize(query[:MAX_QUERY]).split()))


def _wanted(term: str) -> Iterator[tuple[str, bool]]:
    """What the index must hold for a term: tokens, and whether the beginning of one is enough."""
    for found in _RUN.finditer(term):
        run, paired = found[0], found[1] is not None
        if paired and len(run) > 1:
            for at in range(len(run) - 1):
                yield run[at : at + 2], False
        else:
            yield run[:MAX_TOKEN], paired or found.end() == len(term)


def mark(text: str, query: str) -> list[tuple[int, int]]:
    """Where the terms stand in a text: (start, end) in characters, in order, not touching each other."""
    normal, origin = _mapped(text)
    hits: list[tuple[int, int]] = []
    for term in terms(query):
        at = normal.find(term)
        while at >= 0:
            if begins(normal, at):
                hits.append((origin[at][0], origin[at + len(term) - 1][1]))
            at = normal.find(term, at + 1)
    merged: list[tuple[int, int]] = []
    for start, end in sorted(hits):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def begins(normal: str, at: int) -> bool:
    """Whether a term may be found at this place: not within a word or number."""
    kind = _kind(normal[at])
    return at == 0 or kind is None or _kind(normal[at - 1]) != kind


def _kind(char: str) -> str | None:
    found = _RUN.match(char)
    return None if found is None or found[1] or found[4] else "number" if found[2] else "word"


def _mapped(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The normal form, and for each of its characters where it comes from."""
    parts: list[str] = []
    origin: list[tuple[int, int]] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _follows(text[end]):
            continue
        part = normalize(text[start:end])
        parts.append(part)
        origin += [(start, end)] * len(part)
        start = end
    return "".join(parts), origin


def _follows(char: str) -> bool:
    """Whether a character may melt into the one before it."""
    return not char.isascii() and (
        unicodedata.category(char)[0] == "M"
        or "\u1160" <= char <= "\u11ff"
        or ord(char) in _DROPPED
        or char in "\uff9e\uff9f"
    )


# --- the index -------------------------------------------------------------------------------------------------------

_tables: list[SearchTable] = []


def search_tables() -> Sequence[SearchTable]:
    """Every index declared by the modules imported so far, for migrations and rebuilding."""
    return _tables


class SearchTable:
    """An index that a room owns: the table `name`, by a document's integer id, and on SQLite `name_fts` beside it.

        hits = MESSAGES.match(read.dialect, query)
        select(message).join(hits, hits.c.id == message.c.id).where(scope).order_by(hits.c.id.desc()).limit(50)

    Ordering by `hits.c.id` lets SQLite stop at the limit.
    """

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z][a-z_]*", name):
            raise ValueError(f"not a table's name: {name}")
        self.name = name
        # Apart from the other tables: what it is made of differs by database (`ddl`).
        self._of = {
            "sqlite": Table(name, MetaData(), Column("id", BigInteger), Column("body", Text)),
            "postgresql": Table(
                name, MetaData(), Column("id", BigInteger), Column("body", Text), Column("tsv", TSVECTOR)
            ),
        }
        self._fts = Table(f"{name}_fts", MetaData(), Column("rowid", BigInteger), Column(f"{name}_fts", Text))
        self._old = Sql(f"SELECT id, body FROM {name} WHERE id IN (SELECT value FROM json_each(?))", "")
        self._forget = Sql(f"INSERT INTO {name}_fts ({name}_fts, rowid, cut) VALUES ('delete', ?, ?)", "")
        self._index = Sql(f"INSERT INTO {name}_fts (rowid, cut) VALUES (?, ?)", "")
        self._put = Sql(
            f"INSERT INTO {name} (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            f"INSERT INTO {name} (id, body, tsv) SELECT id, body, array_to_tsvector(string_to_array(cut, ' '))"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (id, body, cut)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body, tsv = excluded.tsv",
        )
        self._remove = Sql(
            f"DELETE FROM {name} WHERE id = ?",
            f"DELETE FROM {name} WHERE id = ANY(%s::bigint[])",
        )
        _tables.append(self)

    def ddl(self, dialect: str) -> list[str]:
        """The statements that make it in an empty database."""
        if dialect == "sqlite":
            # Every character but spaces belongs to a token: the cutting is done here, not there.
            tokens = "unicode61 remove_diacritics 0 categories ''C* L* M* N* P* S*''"
            options = f"cut, content='', detail=none, columnsize=0, prefix=1, tokenize='{tokens}'"
            return [
                f"CREATE TABLE {self.name} (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
                f"CREATE VIRTUAL TABLE {self.name}_fts USING fts5({options})",
            ]
        return [
            f"CREATE TABLE {self.name} (id bigint PRIMARY KEY, body text NOT NULL, tsv tsvector NOT NULL)",
            # A short pending list: what is not yet in the index proper is read by every search.
            f"CREATE INDEX ix_{self.name}_tsv ON {self.name} USING gin (tsv) WITH (gin_pending_list_limit = 512)",
        ]

    def drop_ddl(self, dialect: str) -> list[str]:
        """The statements that take it away."""
        fts = [f"DROP TABLE {self.name}_fts"] if dialect == "sqlite" else []
        return [*fts, f"DROP TABLE {self.name}"]

    def put(self, tx: Tx, docs: Iterable[tuple[int, str]]) -> None:
        """Index these documents, in place of what was known by their ids."""
        bodies = {id_: _body(text) for id_, text in docs}
        cuts = {id_: " ".join(dict.fromkeys(_tokens(body))) for id_, body in bodies.items()}
        if not bodies:
            return
        if tx.dialect == "postgresql":
            tx.run(self._put, (list(bodies), list(bodies.values()), list(cuts.values())))
            return
        self._unindex(tx, bodies)
        tx.run_many(self._put, list(bodies.items()))
        tx.run_many(self._index, list(cuts.items()))

    def remove(self, tx: Tx, ids: Iterable[int]) -> None:
        """Forget these documents; those that are not there do not matter."""
        ids = list(dict.fromkeys(ids))
        if tx.dialect == "postgresql":
            tx.run(self._remove, (ids,))
            return
        self._unindex(tx, ids)
        tx.run_many(self._remove, [(id_,) for id_ in ids])

    def _unindex(self, tx: Tx, ids: Iterable[int]) -> None:
        # An index without content must be told what it held.
        held = tx.run(self._old, (str(list(ids)),))
        tx.run_many(self._forget, [(id_, " ".join(dict.fromkeys(_tokens(body)))) for id_, body in held])

    def match(self, dialect: Dialect, query: str) -> Subquery:
        """The ids of the documents that hold every term, as `hits.c.id`. None where no term has a letter, number or
        sign."""
        asked = terms(query)
        wanted = dict.fromkeys(token for term in asked for token in _wanted(term))
        table = self._of[dialect]
        if not wanted:
            return select(table.c.id).where(false()).subquery("hits")
        if dialect == "sqlite":
            match = " AND ".join(f'"{token}"' + "*" * prefix for token, prefix in wanted)
            return (
                select(self._fts.c.rowid.label("id"))
                .join(table, table.c.id == self._fts.c.rowid)
                .where(self._fts.c[f"{self.name}_fts"].bool_op("MATCH")(match))
                .where(and_(*(func.instr(table.c.body, term) > 0 for term in asked)))
                .subquery("hits")
            )
        match = " & ".join(f"'{token}'" + ":*" * prefix for token, prefix in wanted)
        # In the statement itself: a plan made without knowing how rare the words are reads far too much.
        asked_for = bindparam(None, match, Text, unique=True, literal_execute=True)
        return (
            select(table.c.id)
            .where(table.c.tsv.bool_op("@@")(cast(asked_for, TSQUERY)))
            .where(and_(*(func.strpos(table.c.body, term) > 0 for term in asked)))
            .subquery("hits")
        )
