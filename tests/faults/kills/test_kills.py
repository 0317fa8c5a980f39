"""The server is killed with SIGKILL again and again under 20 clients in processes of their own. Everything it had
acknowledged is there once, in one order on both sides, and every client comes back by itself.

Three servers with a deliberate fault must be caught by the same comparison (tests/faults/mutants.py).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.kills.run import Outcome, Plan, run
from tests.faults.mutants import program
from tests.support.server import YINGKE, Server

SETTINGS = {"YINGKE_VISITOR_SEND_RATE": "1000", "YINGKE_VISITOR_SEND_BURST": "1000"}
KILLS = 50
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SMALL = Plan(
    seed=0,
    kills=8,
    visitors=("websocket",) * 6 + ("sse", "poll"),
    windows=(
        ("agent", "linfang@demo.example", "websocket"),
        ("agent", "hejing@demo.example", "websocket"),
        ("watcher", "admin@demo.example", "websocket"),
    ),
    pause=0.05,
)


@pytest.fixture
def seed() -> int:
    """Another one each time, printed; YINGKE_TEST_SEED repeats a run."""
    chosen = int(os.environ.get("YINGKE_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"YINGKE_TEST_SEED={chosen}")
    return chosen


async def killed(
    folder: Path, database_url: str, demo_data: Path, plan: Plan, mutant: Sequence[str] = YINGKE
) -> Outcome:
    if database_url.startswith("sqlite"):  # the file of the data folder, with the demo in it already
        server = Server(folder / "server", settings=SETTINGS, program=mutant)
        shutil.copytree(demo_data, server.folder / "data")
    else:
        server = Server(folder / "server", database_url=database_url, settings=SETTINGS, program=mutant)
        server.run("demo")
    with server:
        outcome = await run(server, folder, plan)
    print(outcome.summary())
    return outcome


async def test_nothing_acknowledged_is_lost(
    tmp_path: Path, database_url: str, demo_data: Path, seed: int
) -> None:
    outcome = await killed(tmp_path, database_url, demo_data, Plan(seed=seed, kills=KILLS))
    assert outcome.faults == []
    assert len(outcome.kills) == KILLS
    assert min(outcome.in_flight) >= 1, f"at a kill nothing was in flight: {outcome.in_flight}"
    assert outcome.acknowledged > 5 * KILLS, "hardly anything was said: this proved little"


@pytest.mark.parametrize(
    ("mutant", "kinds"),
    [
        ("ack_before_commit", {"lost", "ack"}),
        ("no_deduplication", {"double"}),
        ("cursor_before_effect", {"reader"}),
    ],
)
async def test_a_mutant_is_caught(
    tmp_path: Path, database_url: str, demo_data: Path, seed: int, mutant: str, kinds: set[str]
) -> None:
    plan = Plan(**{**vars(SMALL), "seed": seed})
    outcome = await killed(tmp_path, database_url, demo_data, plan, program(mutant))
    found = {fault.kind for fault in outcome.faults}
    assert found & kinds, f"{mutant} was not caught: {outcome.summary()}"
