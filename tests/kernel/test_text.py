"""Search: nothing is missed that LIKE would find at the beginning of a word, and nothing else is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select

from tests.support.clock import FakeClock
from tests.support.postgres import postgres_url
from tests.support.schema import create_schema
from yingke.kernel.db import Database, Read, Tx
from yingke.kernel.text import MAX_TEXT, SearchTable, begins, mark, normalize, pairs, search_tables, terms

notes = SearchTable("test_note")
metadata = MetaData()
note = Table("note", metadata, Column("id", BigInteger, primary_key=True), Column("owner", Text))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for the module: hypothesis needs it a thousand times."""
    if request.param == "sqlite":
        yield from _made(f"sqlite:///{tmp_path_factory.mktemp('text') / 'y.db'}")
    else:
        with postgres_url() as url:
            yield from _made(url)


def _made(url: str) -> Iterator[Database]:
    create_schema(url)
    database = Database(url, clock=FakeClock())
    metadata.create_all(database.engine)
    yield database
    database.close()


def keep(db: Database, texts: list[str]) -> None:
    """Have exactly these, numbered from 0."""

    def replace(tx: Tx) -> None:
        notes.remove(tx, all_ids(tx))
        notes.put(tx, enumerate(texts))

    db.write_now(replace)


def all_ids(read: Read) -> list[int]:
    table = notes._of[read.dialect]
    return list(read.execute(select(table.c.id)).scalars())


def find(db: Database, query: str) -> list[int]:
    def read(read: Read) -> list[int]:
        hits = notes.match(read.dialect, query)
        return list(read.execute(select(hits.c.id).order_by(hits.c.id)).scalars())

    return db.read_now(read)


def like(text: str, query: str) -> bool:
    return all(term in normalize(text) for term in terms(query))


def like_from_beginnings(text: str, query: str) -> bool:
    normal = normalize(text)
    return all(
        any(normal.startswith(term, at) and begins(normal, at) for at in range(len(normal)))
        for term in terms(query)
    )


# --- cutting ---------------------------------------------------------------------------------------------------------


def test_what_a_text_is_found_by() -> None:
    assert pairs("你好吗") == ["你好", "好吗", "吗"]
    assert pairs("订单DD438485已发货") == ["订单", "单", "dd", "438485", "已发", "发货", "货"]
    assert pairs("Refund，退款") == ["refund", "退款", "款"]
    assert pairs("ＤＤ４３８４８５ ﬁnal ①") == ["dd", "438485", "final", "1"]
    assert pairs("👍🏽 snake_case don't") == ["👍", "🏽", "snake", "case", "don", "t"]
    assert pairs("a\u200bb \ud800\x00") == ["ab"]
    assert pairs("，。！") == pairs("") == []
    assert pairs("x" * 100) == ["x" * 64]


@given(st.text())
def test_the_normal_form_is_stable_and_can_be_stored(text: str) -> None:
    normal = normalize(text)
    assert normalize(normal) == normal
    assert "\0" not in normal
    normal.encode()


# --- finding ---------------------------------------------------------------------------------------------------------


def test_numbers_are_found_with_and_without_their_letters(db: Database) -> None:
    keep(db, ["订单DD438485已发货", "单号 438485", "4384851", "1438485", "dd 438485"])
    assert find(db, "DD438485") == [0]
    assert find(db, "438485") == [0, 1, 2, 4]
    assert find(db, "dd438") == [0]
    assert find(db, "438485已") == [0]


def test_chinese_is_found_anywhere_a_single_character_too(db: Database) -> None:
    keep(db, ["我要退款", "退", "货款已退", "你好 好吗", "你好吗", "退，款"])
    assert find(db, "退") == [0, 1, 2, 5]
    assert find(db, "退款") == [0]
    assert find(db, "款") == [0, 2, 5]
    assert find(db, "你好吗") == [4]
    assert find(db, "你好 好吗") == [3, 4]
    assert find(db, "退,款") == [5], "width does not matter"


def test_words_are_found_whole_or_by_their_beginning(db: Database) -> None:
    keep(db, ["Delivery address", "undelivered", "DELIVER!", "de-livery", "Straße", "ﬁnal"])
    assert find(db, "deliver") == [0, 2]
    assert find(db, "delivery ADDR") == [0]
    assert find(db, "de-liv") == [3]
    assert find(db, "strasse") == [4]
    assert find(db, "FINAL") == [5]


def test_signs_are_found_and_what_has_none_finds_nothing(db: Database) -> None:
    keep(db, ["好👍", "50%", "a'b\"c\\d", "100€", "🇨🇳"])
    assert find(db, "👍") == [0]
    assert find(db, "50%") == [1]
    assert find(db, "a'b\"c\\d") == [2]
    assert find(db, "€") == [3]
    assert find(db, "🇨🇳") == [4]
    for query in ("", "  ", "%", "'", '"', "* OR *", "，", "\0", "NEAR(", "& | !"):
        assert find(db, query) == [] or query == "* OR *"


def test_a_changed_text_is_found_by_what_it_is_now(db: Database) -> None:
    keep(db, ["退款", "换货"])
    db.write_now(notes.put, [(0, "发票"), (0, "开发票"), (7, "退款")])
    assert find(db, "退款") == [7]
    assert find(db, "开发票") == [0]
    db.write_now(notes.remove, [0, 7, 99])
    assert find(db, "票") == []
    assert find(db, "换货") == [1]
    db.write_now(notes.put, [])
    db.write_now(notes.remove, [])


def test_a_search_is_joined_with_rights_and_paged(db: Database) -> None:
    def fill(tx: Tx) -> None:
        notes.remove(tx, all_ids(tx))
        notes.put(tx, [(n, f"退款 {n}") for n in range(100)])
        for n in range(100):
            tx.insert(note, id=n, owner="a" if n % 2 else "b")

    db.write_now(fill)

    def page(read: Read, before: int) -> list[int]:
        hits = notes.match(read.dialect, "退款")
        found = (
            select(note.c.id)
            .join(hits, hits.c.id == note.c.id)
            .where(note.c.owner == "a", hits.c.id < before)
        )
        return list(read.execute(found.order_by(hits.c.id.desc()).limit(3)).scalars())

    assert db.read_now(page, 100) == [99, 97, 95]
    assert db.read_now(page, 95) == [93, 91, 89]


def test_a_very_long_text_can_be_kept(db: Database) -> None:
    cjk = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(MAX_TEXT))
    keep(db, [cjk, "\ufdfa" * MAX_TEXT, "𠀀𠀁" * MAX_TEXT, "a" * MAX_TEXT])
    assert 0 in find(db, cjk[-3:])
    assert find(db, "𠀀𠀁") == [2]
    assert find(db, "a" * 100) == [3]


CHINESE = st.text(st.sampled_from("退款货单你好吗，。 "), max_size=12)
MIXED = st.text(st.sampled_from("退款货dDe1２3 -_,.'\"*%\\éÉＡかガ한글กา👍½ﬁ\u0301\u200b𠀀"), max_size=14)
ANY = st.text(max_size=10)
often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@often
@given(st.lists(CHINESE, min_size=1, max_size=8), CHINESE)
def test_chinese_is_found_as_by_like(db: Database, texts: list[str], query: str) -> None:
    keep(db, texts)
    has_letters = any(pairs(term) for term in terms(query))
    assert find(db, query) == [n for n, text in enumerate(texts) if has_letters and like(text, query)]


@often
@given(st.lists(MIXED | ANY, min_size=1, max_size=8), MIXED | ANY)
@example(["DD438485"], "dd438485")
@example(["1２"], "12")
@example(["e\u0301"], "é")
def test_nothing_is_missed_and_nothing_else_is_found(db: Database, texts: list[str], query: str) -> None:
    keep(db, texts)
    found = set(find(db, query))
    if any(pairs(term) for term in terms(query)):
        assert {n for n, text in enumerate(texts) if like_from_beginnings(text, query)} <= found
    assert found <= {n for n, text in enumerate(texts) if like(text, query)}


@often
@given(st.lists(MIXED, min_size=1, max_size=4), st.data())
def test_every_piece_that_begins_like_a_word_is_found(
    db: Database, texts: list[str], data: st.DataObject
) -> None:
    keep(db, texts)
    n = data.draw(st.integers(0, len(texts) - 1))
    normal = normalize(texts[n])
    starts = [at for at in range(len(normal)) if begins(normal, at)]
    if starts:
        at = data.draw(st.sampled_from(starts))
        piece = normal[at : at + data.draw(st.integers(1, 6))]
        if pairs(piece):
            assert n in find(db, piece)


# --- marking ---------------------------------------------------------------------------------------------------------


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in mark(text, query)]


def test_what_was_found_is_marked_in_the_text_as_written() -> None:
    assert mark("我要退款，请退款", "退款") == [(2, 4), (6, 8)]
    assert marked("订单ＤＤ438485", "dd438485") == ["ＤＤ438485"]
    assert marked("Straße in Cafe\u0301", "strasse café") == ["Straße", "Cafe\u0301"]
    assert marked("undelivered delivery", "deliver") == ["deliver"]
    assert marked("ﬁnal", "fi") == ["ﬁ"]
    assert marked("你好吗", "你好 好吗") == ["你好吗"]
    assert marked("ハﾞス", "バ") == ["ハﾞ"]
    assert marked("a\u200bb", "ab") == ["a\u200bb"]
    assert mark("", "x") == mark("x", "") == []


@given(MIXED | ANY, MIXED | ANY)
def test_marks_are_in_order_and_apart(text: str, query: str) -> None:
    ranges = mark(text, query)
    flat = [place for pair in ranges for place in pair]
    assert flat == sorted(set(flat))
    assert not flat or (flat[0] >= 0 and flat[-1] <= len(text))


# --- the table -------------------------------------------------------------------------------------------------------


def test_an_index_can_be_made_and_taken_away(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    try:
        with database.engine.connect() as conn:
            for statement in [*notes.ddl("sqlite"), *notes.drop_ddl("sqlite"), *notes.ddl("sqlite")]:
                conn.exec_driver_sql(statement)
        assert notes in search_tables()
    finally:
        database.close()


def test_a_name_is_checked() -> None:
    with pytest.raises(ValueError, match="not a table's name"):
        SearchTable("x; drop")
