"""Passwords, tokens, rates, origins, addresses, and what never gets into a log."""

from __future__ import annotations

import io
import logging
import threading
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yingke.kernel.errors import Unavailable
from yingke.kernel.secure import (
    Passwords,
    RedactingFilter,
    TokenBuckets,
    client_address,
    hash_token,
    origin_allowed,
    redact,
    same,
)

quick = Passwords(time_cost=1, memory_kib=8)


def test_passwords() -> None:
    stored = quick.hash("正确的马 \ud800")
    assert stored.startswith("$argon2id$")
    assert stored != quick.hash("正确的马 \ud800")
    assert quick.verify(stored, "正确的马 \ud800")
    assert not quick.verify(stored, "正确的马")
    assert not quick.verify("not a hash", "x")
    assert not quick.verify(None, "")
    assert not quick.needs_rehash(stored)
    assert Passwords().needs_rehash(stored)


def test_a_flood_of_sign_ins_is_told_to_come_back() -> None:
    narrow = Passwords(time_cost=60, memory_kib=32768, at_once=1, wait=0.01)
    refused: list[Exception] = []

    def sign_in() -> None:
        try:
            narrow.verify(None, "x")
        except Unavailable as error:
            refused.append(error)

    threads = [threading.Thread(target=sign_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2


def test_tokens() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(hash_token("\ud800")) == 64
    assert same("abc", "abc")
    assert not same("abc", "abd")
    assert not same("é", "e")


# --- rates -----------------------------------------------------------------------------------------------------------


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Seconds()
    buckets = TokenBuckets(2.0, 3, clock=clock)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert buckets.take("b", 3) == 0
    clock.now += 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.5]
    assert buckets.take("b", 3) == 1.0
    clock.now += 100
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    with pytest.raises(ValueError, match="never be paid"):
        buckets.take("a", 4)


def test_memory_is_bounded_and_full_buckets_are_forgotten() -> None:
    clock = Seconds()
    buckets = TokenBuckets(1.0, 1, clock=clock, max_keys=100)
    for n in range(1000):
        buckets.take(str(n))
        assert len(buckets) <= 100
    clock.now += 2
    buckets.take("x")
    assert len(buckets) == 1


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4))), st.floats(0.1, 10), st.integers(4, 9))
def test_never_more_than_burst_and_rate(steps: list[tuple[float, int]], rate: float, burst: int) -> None:
    clock = Seconds()
    buckets = TokenBuckets(rate, burst, clock=clock)
    began, taken = clock.now, 0.0
    for pause, cost in steps:
        clock.now += pause
        wait = buckets.take("k", cost)
        if wait:
            clock.now += wait
            assert buckets.take("k", cost) == 0, "after the wait it goes"
        taken += cost
        assert taken <= burst + (clock.now - began) * rate + 1e-3


# --- where a request comes from --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "allowed", "answer"),
    [
        ("https://a.example", ["https://a.example"], True),
        ("https://A.example:443", ["https://a.example/"], True),
        ("http://a.example", ["https://a.example"], False),
        ("https://a.example:8443", ["https://a.example"], False),
        ("https://b.a.example", ["https://a.example"], False),
        ("https://b.a.example", ["https://*.a.example"], True),
        ("https://a.example", ["https://*.a.example"], False),
        ("https://evila.example", ["https://*.a.example"], False),
        ("https://b.a.example:1", ["https://*.a.example"], False),
        ("http://127.0.0.1:8000", ["x", "http://127.0.0.1:8000"], True),
        ("http://[::1]:8000", ["http://[::1]:8000"], True),
        ("null", ["null"], False),
        ("https://a.example.evil.test", ["https://a.example"], False),
        ("https://a.example@evil.test", ["https://a.example"], False),
        ("https://a.example:x", ["https://a.example"], False),
        ("https://a.example/path", ["https://a.example"], False),
        ("", ["https://a.example"], False),
        (None, ["https://a.example"], False),
        ("https://a.example", [], False),
    ],
)
def test_origins(origin: str | None, allowed: list[str], answer: bool) -> None:
    assert origin_allowed(origin, allowed) is answer


@pytest.mark.parametrize(
    ("peer", "header", "address"),
    [
        ("203.0.113.5", None, "203.0.113.5"),
        ("203.0.113.5", "1.1.1.1", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7:4431", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "9.9.9.9, junk, 10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "198.51.100.7", ""),
        (None, "198.51.100.7", ""),
    ],
)
def test_addresses(peer: str | None, header: str | None, address: str) -> None:
    assert client_address(peer, header, [ip_network("10.0.0.0/8")]) == address


# --- logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET",
        "{'authorization': 'Basic SECRET=='}",
        "(b'cookie', b'session=SECRET; x=SECRET')",
        "Set-Cookie: __Host-session=SECRET; Path=/; Secure",
        "GET /w/v1/events?ticket=SECRET HTTP/1.1",
        "GET /x?a=1&token=SECRET&b=2",
        '{"token": "SECRET", "id": "7"}',
        '{"text":"a","password":"SECRET with \\"SECRET"}',
        'b\'{"visitor_token": "SECRET"}\'',
        "postgresql://user:SECRET@host/db",
        "Bearer SECRET",
        "refresh_token=SECRET",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    hidden = redact(text)
    assert "SECRET" not in hidden
    assert "***" in hidden
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "GET /w/v1/events?topic=chat HTTP/1.1",
        "job 7 mail.send failed",
        "a token was refused",
        "http://h:80/x@y",
        "工单 12",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


def test_the_filter_hides_in_messages_arguments_and_tracebacks() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactingFilter())
    log = logging.getLogger("test.redact")
    log.propagate = False
    log.addHandler(handler)
    try:
        log.warning('%s - "%s %s" %d', "1.2.3.4", "GET", "/live?ticket=SECRET", 200)
        log.warning("Cookie: %s", "session=SECRET")
        log.warning("%(token)s", {"token": "Bearer SECRET"})
        log.warning("headers %r", {"authorization": "SECRET"})
        try:
            raise ValueError("token=SECRET")
        except ValueError:
            log.exception("failed")
    finally:
        log.removeHandler(handler)
    said = out.getvalue()
    assert "SECRET" not in said
    assert '1.2.3.4 - "GET /live?ticket=***" 200' in said
    assert "Traceback" in said
