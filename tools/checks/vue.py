"""Prevents screens that speak one language: what a Vue template shows to people comes through `t(…)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from tools.checks.source import Fault, Rule, Source

TEMPLATE = re.compile(r"^<template\b[^>]*>(?P<body>.*)^</template>", re.DOTALL | re.MULTILINE)
SHOWN_ATTRIBUTES = (
    "title",
    "placeholder",
    "aria-label",
    "label",
    "alt",
    "aria-description",
    "aria-placeholder",
)
MUSTACHE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
CALL = re.compile(r"[\w$.\]]\s*\(")
STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`")
COMPARES = re.compile(r"(?:[=!]==?|[<>]=?|\bin)\s*$")
COMPARED = re.compile(r"\s*(?:[=!]==?|[<>]=?|\bin\b)")
SUBSTITUTED = re.compile(r"\$\{[^}]*\}|\\.")


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _without_calls(expression: str) -> str:
    """The expression with the arguments of every call blanked: `t('a.b')` is the right way, and what another function
    makes of its arguments is not text yet."""
    while call := CALL.search(expression):
        depth, end = 0, len(expression)
        for at in range(call.end() - 1, len(expression)):
            depth += {"(": 1, ")": -1}.get(expression[at], 0)
            if depth == 0:
                end = at + 1
                break
        expression = _blank(expression, call.end() - 1, end)
    return expression


def words_in_expression(expression: str) -> str | None:
    """The first string in a template's expression that would be shown as it stands."""
    expression = _without_calls(expression)
    for string in STRING.finditer(expression):
        before, after = expression[: string.start()], expression[string.end() :]
        index_or_key = before.rstrip().endswith("[") and after.lstrip().startswith("]")
        if index_or_key or COMPARES.search(before) or COMPARED.match(after):
            continue
        if _has_words(SUBSTITUTED.sub("", string.group()[1:-1])):
            return string.group()
    return None


class _Template(HTMLParser):
    """Collects what a template shows. `v-pre` and code samples are not excused: a comment with a reason does that."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._silent = 0  # inside <script> or <style>

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        self._attributes(attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        line = self.getpos()[0]
        for expression in MUSTACHE.finditer(data):
            if words := words_in_expression(expression[1]):
                self.found.append((line + data.count("\n", 0, expression.start()), words))
        plain = MUSTACHE.sub(lambda mustache: "\n" * mustache[0].count("\n"), data)
        for offset, text in enumerate(plain.split("\n")):
            if _has_words(text):
                self.found.append((line + offset, text.strip()))

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        for name, value in attrs:
            shown = name.removeprefix("v-bind:").removeprefix(":")
            if shown not in SHOWN_ATTRIBUTES or not value:
                continue
            words = words_in_expression(value) if shown != name else value
            if words and _has_words(words):
                # The parser tells the tag's line; the attribute may stand some lines below.
                raw = self.get_starttag_text() or ""
                at = raw.find(f"{name}=")
                self.found.append((line + raw.count("\n", 0, max(at, 0)), f'{name}="{value}"'))


def check(source: Source) -> Iterator[Fault]:
    template = TEMPLATE.search(source.text)
    if template is None:
        return
    parser = _Template()
    parser.feed(template["body"])
    parser.close()
    above = source.text.count("\n", 0, template.start("body"))
    for line, words in parser.found:
        yield Fault(
            above + line,
            f"`{words}` is shown in one language only: give it a key in zh-CN.json and en.json, use `t('…')`.",
        )


RULE = Rule("vue-text", __doc__, lambda path: path.suffix == ".vue" and path.is_relative_to("web"), check)
