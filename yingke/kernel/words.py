"""The server's words: catalogues beside the rooms, texts in the reader's language.

Each package may hold `words/en.json` and `words/zh-CN.json`: code → [title, detail], the detail with `{parameters}`.
Rows and problems keep the code and its parameters; only here do they become a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from yingke.kernel.errors import Problem

LOCALES = ("en", "zh-CN")
DEFAULT = "en"

_catalogues: dict[str, dict[str, tuple[str, str]]] = {locale: {} for locale in LOCALES}
_wanted = re.compile(
    r"(?P<language>[A-Za-z]{1,8})(-[A-Za-z0-9-]*)?(\s*;\s*q=(?P<weight>[01](\.\d{0,3})?))?", re.ASCII
)
_hole = re.compile(r"\{(\w+)\}")


def load(package: str) -> None:
    """Add a package's catalogues.

    Raises ValueError when a code is already there with other words.
    """
    for locale in LOCALES:
        file = resources.files(package) / "words" / f"{locale}.json"
        if not file.is_file():
            continue
        words = msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[str, str]])
        for code, text in words.items():
            if _catalogues[locale].setdefault(code, text) != text:
                raise ValueError(f"{package}: the words of {code} stand elsewhere already")


def codes(locale: str) -> frozenset[str]:
    return frozenset(_catalogues[locale])


def choose_locale(wanted: str | None) -> str:
    """The catalogue for an Accept-Language header or a locale name; what is not known becomes English."""
    best, best_weight = DEFAULT, 0.0
    for part in (wanted or "")[:200].split(","):
        found = _wanted.fullmatch(part.strip())
        if found is None:
            continue
        language, weight = found["language"].lower(), float(found["weight"] or 1)
        locale = {"zh": "zh-CN", "en": "en"}.get(language)
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def say(code: str, params: Mapping[str, Any], locale: str) -> tuple[str, str]:
    """Title and detail of a code; the code itself where no catalogue knows it."""
    title, detail = _catalogues.get(locale, {}).get(code) or _catalogues[DEFAULT].get(code) or (code, code)
    return title, _hole.sub(lambda hole: str(params.get(hole[1], hole[0])), detail)


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457, as docs/protocol.md 6 has it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    params: dict[str, Any] = {}
    errors: tuple[dict[str, Any], ...] = ()
    retry_after: float | None = None


def document(problem: Problem, locale: str) -> ProblemDocument:
    """The refusal as its reader sees it."""
    title, detail = say(problem.code, problem.params, locale)
    return ProblemDocument(
        type=f"urn:yingke:problem:{problem.code}",
        title=title,
        status=problem.status,
        code=problem.code,
        detail=detail,
        params=problem.params,
        errors=tuple(
            {
                "field": error.field,
                "code": error.code,
                "params": error.params,
                "detail": say(error.code, {**error.params, "field": error.field}, locale)[1],
            }
            for error in problem.errors
        ),
        retry_after=problem.retry_after,
    )
