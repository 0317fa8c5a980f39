"""Requests drawn from /openapi.json by schemathesis, sent as each role, as a visitor and as nobody: never a 500, never
more than the role's rights, and nearly every operation reached with success at least once."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.faults.bad_input.world import ROLES, World
from tests.faults.conftest import UNHURRIED
from tests.support.server import Server
from yingke.app import wiring
from yingke.kernel import rights
from yingke.kernel.http import command_routes

POSITIVE = 5
NEGATIVE = 5
REACHED = 0.80
SECONDS = 60.0
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OWN_SESSION = "/api/v1/session"
SIGNED_IN = "signed_in"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def world(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = Server(tmp_path_factory.mktemp("schema"), settings=UNHURRIED)
    shutil.copytree(demo_data, server.folder / "data")
    with server:
        yield World(server.url)


class Tally:
    """What was answered, and what is wrong with it."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self.sent = 0
        self.complaints: dict[str, str] = {}
        """One of each kind for each operation, with the first request that showed it."""

    def complain(self, operation: Any, who: str, what: object) -> None:
        kind = f"{operation.label}: {str(what).splitlines()[0]}"
        self.complaints.setdefault(kind, f"{operation.label} as {who}: {what}")


def needed_rights() -> dict[tuple[str, str], str | None]:
    """Method and path -> the right it is declared with; None for what is open to everybody."""
    return {
        (method.upper(), path.replace(":str}", "}")): handler.opt.get("right")
        for handler in [*wiring.handlers(), *command_routes()]
        for path in handler.paths
        for method in handler.http_methods
    }


def described(result: Any) -> Any:
    return result.ok()


def may(who: str, right: str | None) -> bool:
    if right is None:
        return True
    return who in ROLES and (right == SIGNED_IN or right in rights.of_role(who))


def drawn(operation: Any, mode: GenerationMode, count: int, start: int) -> list[Case[Any]]:
    """So many requests of one operation, the same for the same start."""
    cases: list[Case[Any]] = []

    @seed(start)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        cases.append(case)

    try:
        collect()
    except Exception as cannot:  # an operation without parameters has no wrong form
        if mode is GenerationMode.POSITIVE:
            raise AssertionError(f"{operation.label}: nothing could be drawn: {cannot}") from cannot
    return cases


def prepared(world: World, operation: Any) -> Case[Any] | None:
    """A request that succeeds for whoever may."""
    given_ = world.good_request(operation.method.upper(), operation.path)
    if given_ is None:
        return None
    case: Case[Any] = operation.Case(**given_, media_type="application/json" if "body" in given_ else None)
    return case


def session(world: World, cookies: dict[str, str]) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.headers["Origin"] = world.url
    made.cookies.update(cookies)
    return made


def ask(
    tally: Tally, world: World, case: Case[Any], who: str, as_who: requests.Session, right: str | None
) -> int | None:
    """Sends one request and judges the answer; None if no client can send what was drawn."""
    try:
        address = {"X-Forwarded-For": world.address()}
        answer = case.call(base_url=world.url, session=as_who, headers=address, timeout=10)
    except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError):
        return None
    tally.sent += 1
    try:
        case.validate_response(answer, checks=CHECKS if answer.content else CHECKS[:2])  # nothing has no type
    except FailureGroup as wrong:
        for one in wrong.exceptions:
            tally.complain(case.operation, who, f"{one}\n  {case.as_curl_command()}")
    except InvalidSchema as wrong:
        tally.complain(case.operation, who, wrong)
    if answer.status_code < 300:
        tally.reached.add(case.operation.label)
        if not may(who, right):
            tally.complain(case.operation, who, f"answered {answer.status_code} without the right {right}")
    return int(answer.status_code)


def prove(
    tally: Tally, world: World, operation: Any, who: str, as_who: requests.Session, right: str | None
) -> None:
    """The prepared request succeeds for whoever may, and is refused for want of a right to whom may not."""
    case = prepared(world, operation)
    if case is None:
        return
    status = ask(tally, world, case, who, as_who, right)
    expected = "2xx" if may(who, right) else "403" if who in ROLES else "401"
    if str(status) != expected and not (expected == "2xx" and status and status < 300):
        tally.complain(operation, who, f"a good request was answered {status} instead of {expected}")


def test_drawn_requests(world: World) -> None:
    start = int(os.environ.get("YINGKE_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"YINGKE_TEST_SEED={start}")
    begun = time.monotonic()
    schema = schemathesis.openapi.from_dict(httpx.get(f"{world.url}/openapi.json", trust_env=False).json())
    operations = [described(result) for result in schema.get_all_operations()]
    needed = needed_rights()
    unknown = [one.label for one in operations if (one.method.upper(), one.path) not in needed]
    assert len(operations) > 20, "hardly any operation is described"
    assert not unknown, f"described, but no route of the product: {unknown}"
    tally = Tally()
    cookies = {role: world.sign_in(email) for role, email in ROLES.items()}
    cookies |= {"nobody": {}, "visitor": dict.fromkeys(cookies["agent"], world.token)}
    for operation in operations:
        right = needed[operation.method.upper(), operation.path]
        cases = drawn(operation, GenerationMode.POSITIVE, POSITIVE, start)
        cases += drawn(operation, GenerationMode.NEGATIVE, NEGATIVE, start)
        for who in cookies:
            as_who = session(world, cookies[who])
            for place, case in enumerate(cases):
                if place % 2:
                    world.fill(case)
                ask(tally, world, case, who, as_who, right)
            prove(tally, world, operation, who, as_who, right)
            if operation.path == OWN_SESSION and who in ROLES:
                cookies[who] = world.sign_in(ROLES[who])  # one of them signed it out
    took = time.monotonic() - begun
    missed = sorted({operation.label for operation in operations} - tally.reached)
    print(
        f"{tally.sent} requests, {len(tally.reached)} of {len(operations)} operations reached in {took:.0f} s"
    )
    print(f"not reached: {missed}")
    assert not tally.complaints, f"{len(tally.complaints)}:\n" + "\n\n".join(tally.complaints.values())
    assert len(tally.reached) >= REACHED * len(operations), f"not reached: {missed}"
    assert took < SECONDS
