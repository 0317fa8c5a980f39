"""`python -m benchmarks NAME [--quick] [--json]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

NAMES = {
    "chat": "durable chat messages: throughput, time to the answer, readers (P1, P2)",
    "latency": "from the visitor's send to the agent's screen, at a human pace (P3)",
    "widget": "weight and requests of the widget on somebody else's page (P5)",
    "start": "from the command to the first page (P14)",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one benchmark; answers the exit status. A target that is missed is shown, it is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, what in NAMES.items():
        one = names.add_parser(name, help=what, description=what)
        one.add_argument("--quick", action="store_true", help="a few seconds, to see that it works")
        one.add_argument("--json", action="store_true", help="one JSON object in place of the table")
        if name == "chat":
            one.add_argument("--only", choices=("sqlite", "postgresql"), help="one database alone")
            one.add_argument("--senders", type=int, nargs="+", help="in place of 1 50 500")
            one.add_argument("--rounds", type=int, help="medians of so many")
    arguments = vars(parser.parse_args(argv))
    as_json = arguments.pop("json")
    report = import_module(f"benchmarks.{arguments.pop('name')}").run(**arguments)
    print(report.json() if as_json else report.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
