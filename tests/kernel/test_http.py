"""HTTP: who may ask from where, refusals as problem documents in the reader's language, and the API's description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kernel.serving import URL, browser, make_services
from yingke.app import wiring
from yingke.kernel import commands, http
from yingke.kernel.db import Database
from yingke.kernel.errors import Invalid, NotFound, Refused, TooMany, Unavailable
from yingke.kernel.http import (
    Db,
    FromPath,
    FromQuery,
    Has,
    HttpRequest,
    JSONBody,
    Page,
    Who,
    fetch,
    remove,
    send,
)
from yingke.kernel.parse import Args
from yingke.kernel.services import Services

assert wiring.DECLARING


class Body(Args, frozen=True):
    word: str
    n: int = 0


@fetch("/api/v1/thing/{name:str}", right="test.read", tags=["test"])
async def read_thing(who: Who, db: Db, name: FromPath[str], more: FromQuery[int] = 1) -> Page[str]:
    """Read a thing."""
    raisable: dict[str, Any] = {
        "absent": NotFound(),
        "refused": Refused("too_many_topics", {"limit": 3}),
        "fast": TooMany("too_many", {"seconds": 1.2}, retry_after=1.2),
        "busy": Unavailable(),
        "broken": RuntimeError("the inner words"),
        "long": Invalid("text_too_long", {"limit": 1, "length": 2}),
    }
    if name in raisable:
        raise raisable[name]
    return Page([name, who.name, db.dialect, str(more)])


@send("/api/v1/thing", right="test.write", tags=["test"])
async def write_thing(data: JSONBody[Body], who: Who) -> Body:
    """Write a thing."""
    return data


@remove("/api/v1/thing", right="test.write", tags=["test"])
async def remove_thing(who: Who) -> None:
    """Remove it."""


@send("/w/v1/thing", public=True, tags=["test"])
async def visit(data: JSONBody[Body], services: Has, request: HttpRequest) -> str:
    """As a visitor."""
    return http.client_address(request)


HANDLERS = [read_thing, write_thing, remove_thing, visit]


@pytest.fixture
def services(db: Database, tmp_path: Path) -> Services:
    return make_services(db, tmp_path)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(services, HANDLERS) as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal that is all that docs/protocol.md promises."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:yingke:problem:{problem['code']}"
    assert problem["detail"] != problem["code"], "a code without words"
    assert problem["title"]
    return answer.status_code, problem["code"]


# --- who and from where ----------------------------------------------------------------------------------------------


async def test_a_handler_is_handed_what_it_takes(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.get("/api/v1/thing/字", params={"more": 7})
    assert answer.json() == {"rows": ["字", "W", db.dialect, "7"], "next": None}
    answer = await client.post("/api/v1/thing", json={"word": "x"})
    assert (answer.status_code, answer.json()) == (200, {"word": "x", "n": 0})
    assert (await client.delete("/api/v1/thing")).status_code == 204


@pytest.mark.parametrize(
    ("who", "told"), [(None, "signed_out"), ("nobody", "signed_out"), ("r", "forbidden")]
)
async def test_whoever_lacks_the_right_is_refused(services: Services, who: str | None, told: str) -> None:
    async with browser(services, HANDLERS, who=who) as client:
        answer = await client.post("/api/v1/thing", json={"word": "x"})
        assert code(answer) == (401 if told == "signed_out" else 403, told)
        assert code(await client.delete("/api/v1/thing"))[1] == told
        allowed = (await client.get("/api/v1/thing/x")).status_code
        assert allowed == (200 if who == "r" else 401)


def test_a_route_says_who_may() -> None:
    async def handler() -> None: ...

    for mark in ({}, {"right": "r", "public": True}):
        with pytest.raises(ValueError, match="names the right"):
            fetch("/x", **mark)(handler)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must take `who`"):
        fetch("/x", right="r")(handler)


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        (URL, True),
        (None, False),
        ("", False),
        ("null", False),
        ("https://elsewhere.example", False),
        (f"{URL}.elsewhere.example", False),
        ("http://desk.example:8080", False),
        ("http://desk.example@elsewhere.example", False),
    ],
)
async def test_writes_come_from_our_own_pages(services: Services, origin: str | None, good: bool) -> None:
    async with browser(services, HANDLERS) as client:
        del client.headers["origin"]
        headers = {} if origin is None else {"Origin": origin}
        for method in ("POST", "DELETE"):
            answer = await client.request(method, "/api/v1/thing", json={"word": "x"}, headers=headers)
            assert (answer.status_code < 300) if good else (code(answer) == (403, "origin_not_allowed"))
        assert (await client.get("/api/v1/thing/x", headers=headers)).status_code == 200, (
            "reading changes nothing"
        )
        assert (await client.post("/w/v1/thing", json={"word": "x"}, headers=headers)).status_code == 200


async def test_the_very_host_it_was_sent_to_is_ours_too(client: httpx.AsyncClient) -> None:
    headers = {"Host": "10.0.0.5:8000", "Origin": "http://10.0.0.5:8000"}
    assert (await client.post("/api/v1/thing", json={"word": "x"}, headers=headers)).status_code == 200


async def test_the_address_is_that_of_whoever_asks(client: httpx.AsyncClient) -> None:
    answer = await client.post("/w/v1/thing", json={"word": "x"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.text == "192.0.2.7", "no proxy is trusted unless it is named"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "detail"),
    [
        ("zh-CN", "最多 1 个字符，现有 2 个。"),
        ("zh;q=0.9, en;q=0.1", "最多 1 个字符，现有 2 个。"),
        ("zh;q=0.1, en;q=0.9", "At most 1 characters; this has 2."),
        ("de", "At most 1 characters; this has 2."),
    ],
)
async def test_a_refusal_is_in_the_readers_language(
    client: httpx.AsyncClient, accept: str, detail: str
) -> None:
    answer = await client.get("/api/v1/thing/long", headers={"Accept-Language": accept})
    assert code(answer) == (422, "text_too_long")
    assert answer.json()["detail"] == detail
    assert answer.json()["params"] == {"limit": 1, "length": 2}


@pytest.mark.parametrize(
    ("name", "told", "retry_after"),
    [
        ("absent", (404, "not_found"), None),
        ("refused", (409, "too_many_topics"), None),
        ("fast", (429, "too_many"), "2"),
        ("busy", (503, "busy"), "1"),
    ],
)
async def test_what_a_handler_refuses_is_answered_as_such(
    client: httpx.AsyncClient, name: str, told: tuple[int, str], retry_after: str | None
) -> None:
    answer = await client.get(f"/api/v1/thing/{name}")
    assert code(answer) == told
    assert answer.headers.get("retry-after") == retry_after
    assert (answer.json().get("retry_after") is not None) == (retry_after is not None)


async def test_a_failure_is_recorded_and_says_nothing_of_the_inside(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/api/v1/thing/broken")
    assert code(answer) == (500, "internal")
    assert answer.headers["retry-after"] == "1"
    assert "the inner words" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "the inner words" in caplog.text
    assert "/api/v1/thing/broken" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/api/v1/nowhere", b"", (404, "not_found")),
        ("POST", "/api/v1/nowhere", b"{}", (404, "not_found")),
        ("PUT", "/api/v1/thing", b"{}", (405, "method_not_allowed")),
        ("GET", "/w/v1/thing", b"", (405, "method_not_allowed")),
        ("POST", "/api/v1/thing", b"{", (400, "bad_json")),
        ("POST", "/api/v1/thing", b"\xff", (400, "bad_json")),
        ("POST", "/api/v1/thing", b"[" * 60_000, (400, "bad_json")),
        ("POST", "/api/v1/thing", b"", (422, "invalid")),
        ("POST", "/api/v1/thing", b"[]", (422, "invalid")),
        ("POST", "/api/v1/thing", b'{"word":7}', (422, "invalid")),
        ("POST", "/api/v1/thing", b'{"word":"x","more":1}', (422, "invalid")),
        ("GET", "/api/v1/thing/x?more=many", b"", (422, "invalid")),
        ("POST", "/api/v1/thing", b" " * 65_537, (413, "body_too_large")),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_document_too(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, told: tuple[int, str]
) -> None:
    headers = {"Content-Type": "application/json"}
    assert code(await client.request(method, path, content=body, headers=headers)) == told


async def test_a_wrong_field_is_named(client: httpx.AsyncClient) -> None:
    wrong: list[tuple[Any, str, str]] = [
        ({"n": 1}, "word", "field_missing"),
        ({"word": "x", "n": "many"}, "n", "field_wrong"),
        ({"word": "x", "data": 1}, "data", "field_unknown"),
        ([], "body", "field_wrong"),
    ]
    for body, field, told in wrong:
        (error,) = (await client.post("/api/v1/thing", json=body)).json()["errors"]
        assert (error["field"], error["code"]) == (field, told)
        assert field in error["detail"]


async def test_a_body_is_counted_as_it_comes_and_may_be_64_kib(client: httpx.AsyncClient) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 4096):
            yield b" " * 4096
        yield b" " * (size % 4096)

    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/thing", content=pieces(70_000), headers=headers)
    assert code(answer) == (413, "body_too_large")
    text = "x" * (65_536 - len('{"word":""}'))
    answer = await client.post("/api/v1/thing", content=f'{{"word":"{text}"}}'.encode(), headers=headers)
    assert answer.status_code == 200


# --- the description -------------------------------------------------------------------------------------------------


async def test_everything_is_described(services: Services) -> None:
    async with browser(services, wiring.handlers(), who=None) as client:
        description = (await client.get("/openapi.json")).json()
    operations = {
        (method.upper(), path): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if not path.rpartition("/")[2].startswith("test")
    }
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names)) > 20
    for place, operation in operations.items():
        assert operation.get("description"), f"{place} says nothing of itself"
        for status in ("400", "401", "403", "404", "409", "413", "422", "429", "500", "503"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], f"{place} {status}"
    for viewer, name in commands.registered_commands():
        if not name.startswith("test"):
            assert ("POST", f"{'/w/v1' if viewer == 'visitor' else '/api/v1'}/commands/{name}") in operations


async def test_a_key_with_a_zero_byte_is_only_not_there(services: Services) -> None:
    """PostgreSQL fails at one; whoever asks for it is told what is told of any key that does not exist."""
    async with browser(services, wiring.handlers(), who=None) as client:
        answer = await client.post("/w/v1/sessions", json={"site": "a\0b"})
        assert code(answer) == (404, "site_unknown")
