"""Every benchmark still works: each is run once for a few seconds. Nothing is timed here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        pytest.param("chat", {"P1", "P2"}, marks=pytest.mark.postgresql),
        pytest.param("latency", {"P3"}),
        pytest.param("start", {"P14"}),
        pytest.param("widget", {"P5"}, marks=pytest.mark.browser),
    ],
)
def test_a_benchmark_answers(name: str, codes: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["benchmark"] == name
    assert report["versions"]["python"]
    assert report["rows"]
    assert all(row["what"] for row in report["rows"])
    assert {code.partition(",")[0] for code in report["targets"]} == codes
    assert all(set(target) == {"value", "target", "holds"} for target in report["targets"].values())


def test_the_table_shows_what_the_object_holds() -> None:
    from benchmarks.report import Report, Target, middle

    rows = [{"what": "a", "p50_ms": value, "n": 3, "drain_s": None} for value in (3.0, 1.0, 2.0)]
    report = Report("x", {"python": "3"}, [middle(rows)], {"P0": Target(2.0, "under 3 ms", True)})
    assert report.rows == [{"what": "a", "p50_ms": 2.0, "n": 3, "drain_s": None}]
    table = report.table()
    assert "p50_ms" in table
    assert "P0: 2 (under 3 ms): holds" in table
