"""Requests that are wrong in form: each refused with its documented code, in the reader's words, nothing half done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.bad_input.asking import FRAME_LIMIT, LANGUAGES, nothing_done, plain, post, refused
from tests.faults.people import HEJING, LINFANG, PASSWORD, SITE, Desk

SEND = "/w/v1/commands/send"
ID = "bad-input-0001"


def send(token: str | None, change: dict[str, Any]) -> dict[str, Any]:
    return {"token": token, "id": ID, "args": {"text": "在吗？"}} | change


WRONG_SENDS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no text": ({"args": {}}, 422, "invalid"),
    "args absent": ({"args": None}, 422, "invalid"),
    "text a number": ({"args": {"text": 7}}, 422, "invalid"),
    "text a list": ({"args": {"text": ["在吗？"]}}, 422, "invalid"),
    "text null": ({"args": {"text": None}}, 422, "invalid"),
    "args a list": ({"args": ["在吗？"]}, 422, "invalid"),
    "args too deep": ({"args": {"text": {"a": {"b": {}}}}}, 422, "invalid"),
    "text empty": ({"args": {"text": ""}}, 422, "text_empty"),
    "text of white space": ({"args": {"text": " \n\t "}}, 422, "text_empty"),
    "10,001 characters": ({"args": {"text": "字" * 10_001}}, 422, "text_too_long"),
    "a zero": ({"args": {"text": "a\x00b"}}, 422, "text_bad_characters"),
    "an escape": ({"args": {"text": "a\x1b[31mb"}}, 422, "text_bad_characters"),
    "a backspace": ({"args": {"text": "a\x08b"}}, 422, "text_bad_characters"),
    "id absent": ({"id": None}, 422, "invalid"),
    "id a number": ({"id": 12345678}, 422, "invalid"),
    "id short": ({"id": "short"}, 422, "id_invalid"),
    "id long": ({"id": "x" * 65}, 422, "id_invalid"),
    "id with a slash": ({"id": "../../etc/passwd"}, 422, "id_invalid"),
    "token a number": ({"token": 7}, 422, "invalid"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", WRONG_SENDS)
async def test_a_wrong_send(desk: Desk, name: str, language: str) -> None:
    change, status, code = WRONG_SENDS[name]
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        async with nothing_done(desk, visitor):
            answer = await post(desk, SEND, send(visitor.token, change), **{"Accept-Language": language})
            problem = refused(answer, status, code, language)
    if code == "invalid":
        assert problem["errors"], "says which field"
        assert all(error["field"] and error["code"] for error in problem["errors"])


async def test_the_longest_text_is_kept_whole(desk: Desk) -> None:
    """10,000 characters, each of four bytes: the limit counts characters."""
    body = send(await token(desk), {"args": {"text": "😀" * 10_000}})
    answer = await post(desk, SEND, json.dumps(body, ensure_ascii=False).encode())
    assert answer.status_code == 200, answer.text[:300]


async def token(desk: Desk) -> str:
    answer = await post(desk, "/w/v1/sessions", {"site": SITE})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def test_too_long_says_how_long(desk: Desk) -> None:
    answer = await post(desk, SEND, send(await token(desk), {"args": {"text": "字" * 10_001}}))
    problem = refused(answer, 422, "text_too_long")
    assert problem["params"] == {"limit": 10_000, "length": 10_001}
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("args.text", "text_too_long")
    ]


@pytest.mark.parametrize(
    "body",
    [b"{", b"nonsense", b'{"token": "x",}', b"\xff\xfe{}", b'{"token": NaN}'],
    ids=["cut off", "no JSON", "comma", "not UTF-8", "NaN"],
)
@pytest.mark.parametrize("path", ["/w/v1/sessions", SEND, "/w/v1/poll", "/w/v1/tickets", "/w/v1/history"])
async def test_not_json(desk: Desk, path: str, body: bytes) -> None:
    refused(await post(desk, path, body), 400, "bad_json")


@pytest.mark.parametrize(
    "body", [b"", b"[" * 30_000, b'{"a":' * 10_000], ids=["empty", "deep list", "deep object"]
)
@pytest.mark.parametrize("path", ["/w/v1/sessions", SEND, "/w/v1/poll", "/w/v1/tickets", "/w/v1/history"])
async def test_nothing_and_far_too_deep(desk: Desk, path: str, body: bytes) -> None:
    """Not JSON, or not what is expected: both may be said, and never that the fault is ours."""
    answer = await post(desk, path, body)
    if answer.status_code == 422:
        refused(answer, 422, "invalid")
    else:
        refused(answer, 400, "bad_json")


@pytest.mark.parametrize("body", [b"null", b"7", b'"text"', b"[]", b"true"])
@pytest.mark.parametrize("path", ["/w/v1/sessions", SEND, "/w/v1/poll"])
async def test_json_but_no_object(desk: Desk, path: str, body: bytes) -> None:
    refused(await post(desk, path, body), 422, "invalid")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/w/v1/sessions", SEND, "/w/v1/poll", "/api/v1/session"])
async def test_a_body_that_is_too_large(desk: Desk, path: str, language: str) -> None:
    body = b'{"site": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    answer = await post(desk, path, body, Origin=desk.url, **{"Accept-Language": language})
    refused(answer, 413, "body_too_large", language)


async def test_a_body_just_over_the_limit(desk: Desk) -> None:
    async with desk.visitor() as visitor:
        await visitor.send("之前")
        body = send(visitor.token, {"args": {"text": "x" * FRAME_LIMIT}})
        async with nothing_done(desk, visitor):
            answer = await post(desk, SEND, body)
        assert answer.json()["code"] in ("body_too_large", "text_too_long")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key", ["nobody", "", "x" * 5_000, "demo'; DROP TABLE site;--", "../demo", "\x00", "<script>"]
)
async def test_an_unknown_site(desk: Desk, key: str, language: str) -> None:
    answer = await post(desk, "/w/v1/sessions", {"site": key}, **{"Accept-Language": language})
    if answer.status_code == 422:
        refused(answer, 422, "invalid", language)
    else:
        refused(answer, 404, "site_unknown", language)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_unknown_command(desk: Desk, language: str) -> None:
    body = {"token": await token(desk), "id": ID, "args": {}}
    answer = await post(desk, "/w/v1/commands/drop_everything", body, **{"Accept-Language": language})
    refused(answer, 404, "command_unknown", language)


@pytest.mark.parametrize("locale", [7, None, "x" * 1_000, "tlh", "zh_TW.UTF-8", "<b>"])
async def test_a_strange_locale_is_refused_or_falls_back(desk: Desk, locale: Any) -> None:
    answer = await post(desk, "/w/v1/sessions", {"site": SITE, "locale": locale})
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        refused(answer, 422, "invalid")


@pytest.mark.parametrize(
    "change",
    [
        {"before": "x"},
        {"before": {"no": -1, "seq": 0}},
        {"before": {"no": 2**70, "seq": 1}},
        {"limit": 0},
        {"limit": 101},
        {"limit": -5},
        {"limit": "50"},
        {"limit": 1e300},
    ],
    ids=str,
)
async def test_a_wrong_page_of_history(desk: Desk, change: dict[str, Any]) -> None:
    answer = await post(desk, "/w/v1/history", {"token": await token(desk), **change})
    refused(answer, 422, "invalid")


@pytest.mark.parametrize("wait", [-1, 26, "25", 1e300, None])
async def test_a_wrong_wait(desk: Desk, wait: Any) -> None:
    body = {"token": await token(desk), "topics": {"chat": None}, "wait": wait}
    refused(await post(desk, "/w/v1/poll", body), 422, "invalid")


@pytest.mark.parametrize("topics", [None, [], "chat", {"chat": 7}, {"chat": {"cursor": 1}}, 7])
async def test_wrong_topics(desk: Desk, topics: Any) -> None:
    refused(
        await post(desk, "/w/v1/poll", {"token": await token(desk), "topics": topics, "wait": 0}),
        422,
        "invalid",
    )


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "0", "x" * 3_000, "a.b.c", "1.2.3", "-1", "\x00", "..", "99999999999999999999"]
)
async def test_a_cursor_that_is_none_gives_a_snapshot(desk: Desk, cursor: str) -> None:
    """It is of no epoch we know: the client gets everything anew, as with one that is too old."""
    answer = await post(
        desk, "/w/v1/poll", {"token": await token(desk), "topics": {"chat": cursor}, "wait": 0}
    )
    if answer.status_code == 422:
        refused(answer, 422, "invalid")
    else:
        assert answer.status_code == 200, answer.text
        assert "snapshot" in [frame["t"] for frame in answer.json()["frames"]]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method(desk: Desk, method: str) -> None:
    async with plain(desk) as client:
        answer = await client.request(method, SEND)
    assert answer.status_code == 405, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_sign_in_with_wrong_types(desk: Desk) -> None:
    for body in ({}, {"email": 7, "password": []}, {"email": LINFANG}, {"email": LINFANG, "password": None}):
        refused(await post(desk, "/api/v1/session", body, Origin=desk.url), 422, "invalid")


async def test_sign_in_with_a_wrong_password_says_the_same_as_for_nobody(desk: Desk) -> None:
    answers = [
        await post(desk, "/api/v1/session", {"email": email, "password": password}, Origin=desk.url)
        for email, password in ((HEJING, "wrong"), ("nobody@demo.example", PASSWORD))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json() == answers[1].json()
