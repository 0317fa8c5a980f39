"""Words: every code has them, in every language alike; and the reader's language is chosen as asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import yingke
from yingke.app import wiring
from yingke.kernel import words
from yingke.kernel.errors import FieldError, Forbidden, Invalid, Problem, TooMany

assert wiring.DECLARING

SOURCES = sorted(Path(yingke.__file__).parent.rglob("*.py"))
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def problems(cls: type[Problem] = Problem) -> Iterator[str]:
    yield cls.__name__
    for one in cls.__subclasses__():
        yield from problems(one)


REFUSALS = {*problems(), "FieldError", "_plain", "Failed", "_NotThisWay"}  # the last two are of `live`


def codes_of(source: Path) -> Iterator[tuple[str, str]]:
    """Each code that is raised or named in this module, and where."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in REFUSALS:
            place = 1 if _name(node.func) in ("FieldError", "_plain") else 0
            if len(node.args) > place:
                yield from _texts(node.args[place], f"{source.name}:{node.lineno}")
        elif isinstance(node, ast.ClassDef) and node.name in REFUSALS:
            for call in ast.walk(node):  # super().__init__("internal", …)
                if isinstance(call, ast.Call) and _name(call.func) == "__init__" and call.args:
                    yield from _texts(call.args[0], f"{source.name}:{call.lineno}")
                if isinstance(call, ast.arguments):
                    for default in call.defaults:
                        yield from _texts(default, f"{source.name}:{node.lineno}")
        elif isinstance(node, ast.Assign) and any(map(_is_code, node.targets)):
            yield from _texts(node.value, f"{source.name}:{node.lineno}")


def _is_code(target: ast.AST) -> bool:
    """`code = …`, or `code, params = …`."""
    return _name(target.elts[0] if isinstance(target, ast.Tuple) else target) == "code"


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _texts(node: ast.AST, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, where)
        yield from _texts(node.orelse, where)
    elif isinstance(node, ast.Tuple) and node.elts:  # code, params = "field_wrong", {…}
        yield from _texts(node.elts[0], where)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value, where


CODES = {code: where for source in SOURCES for code, where in codes_of(source)}


def holes(text: tuple[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text[0] + text[1]))


def test_the_search_for_codes_finds_them() -> None:
    assert {
        "bad_json",
        "field_wrong",
        "text_too_long",
        "internal",
        "busy",
        "not_found",
        "method_not_allowed",
    } <= set(CODES)
    assert len(CODES) > 40


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_code_has_words(code: str, locale: str) -> None:
    assert code in words.codes(locale), f"{CODES[code]} says {code}, and {locale}.json has no words for it"


def test_every_language_knows_the_same_codes_with_the_same_parameters() -> None:
    english, chinese = (words._catalogues[locale] for locale in ("en", "zh-CN"))
    assert set(english) == set(chinese)
    assert {code: holes(text) for code, text in english.items()} == {
        code: holes(text) for code, text in chinese.items()
    }


@pytest.mark.parametrize("locale", words.LOCALES)
def test_words_are_words(locale: str) -> None:
    for code, (title, detail) in words._catalogues[locale].items():
        assert title.strip() == title
        assert title[-1] not in ".。"
        assert code not in CODES or detail[-1] in ".?!。？！", f"{code} in {locale} is no sentence"
        chinese = any("\u4e00" <= character <= "\u9fff" for character in title + detail)
        assert chinese == (locale == "zh-CN"), f"{code} in {locale}"


def test_no_words_stand_there_for_nobody() -> None:
    """A code is somewhere in the server's own modules, be it as an event of a conversation."""
    said = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)
    assert [code for code in sorted(words.codes("en")) if f'"{code}"' not in said] == []


# --- choosing a language ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("ZH-cn", "zh-CN"),
        ("zh-TW, en;q=0.9", "zh-CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de, zh;q=0.8, en;q=0.5", "zh-CN"),
        ("de, zh; q=0.5, en; q=0.8", "en"),
        ("en;q=0.8 , zh ; q=0.9", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("de, fr", "en"),
        ("*", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=inf", "en"),
        ("zh;q=2", "en"),
        ("zhx", "en"),
        ("x" * 100_000, "en"),
        ("，zh", "en"),
        (";q=1,=,--", "en"),
    ],
)
def test_the_language_is_chosen_by_weight(wanted: str | None, locale: str) -> None:
    assert words.choose_locale(wanted) == locale


# --- saying ----------------------------------------------------------------------------------------------------------


def test_parameters_stand_in_the_sentence() -> None:
    problem = Invalid("text_too_long", {"limit": 10, "length": 11})
    assert words.document(problem, "en").detail == "At most 10 characters; this has 11."
    assert "10" in words.document(problem, "zh-CN").detail
    assert (
        words.document(Invalid("text_too_long"), "en").detail
        == "At most {limit} characters; this has {length}."
    )


def test_a_parameter_is_never_a_pattern() -> None:
    detail = words.document(Forbidden("origin_not_allowed", {"origin": "{origin} \\1 {x}"}), "en").detail
    assert detail == "Pages from {origin} \\1 {x} may not do this."


def test_what_no_catalogue_knows_is_said_by_its_code() -> None:
    document = words.document(Invalid("never_heard_of"), "zh-CN")
    assert (document.title, document.detail) == ("never_heard_of", "never_heard_of")


def test_a_document_has_all_that_is_promised() -> None:
    errors = [FieldError("args.text", "field_missing", {"more": 1})]
    document = words.document(TooMany("too_many", {"seconds": 1.5}, errors=errors, retry_after=1.5), "en")
    assert document.type == "urn:yingke:problem:too_many"
    assert (document.status, document.code, document.retry_after) == (429, "too_many", 1.5)
    assert document.params == {"seconds": 1.5}
    (error,) = document.errors
    assert error == {
        "field": "args.text",
        "code": "field_missing",
        "params": {"more": 1},
        "detail": "args.text is missing.",
    }


def test_words_that_contradict_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: dict[str, dict[str, Any]] = {locale: dict(known) for locale, known in words._catalogues.items()}
    changed["en"]["not_found"] = ("Gone", "It is gone.")
    monkeypatch.setattr(words, "_catalogues", changed)
    with pytest.raises(ValueError, match="not_found"):
        words.load("yingke.kernel")
