"""A visitor from the command line: `python -m tests.stranger --url http://127.0.0.1:8000 --site demo "在吗？"`.

Sends the text, prints its acknowledgement and every message of the chat until --stay seconds have passed. Give
--token (printed at the start) to go on as the same visitor.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.stranger import Listener, Refused, Stopped, Visitor
from tests.stranger.ladder import TRANSPORTS
from tests.stranger.wire import Row


class Printer(Listener):
    def linked(self, transport: str) -> None:
        print(f"-- connected by {transport}", flush=True)

    def unlinked(self, transport: str, reason: str) -> None:
        print(f"-- {transport}: {reason}", flush=True)

    def snapshot(self, topic: str, rows: list[tuple[str, str, int, Row]], more: bool) -> None:
        for row in sorted(
            (row for kind, _, _, row in rows if kind == "message"), key=lambda r: (r["no"], r["seq"])
        ):
            _show(row)

    def put(self, topic: str, kind: str, key: str, rev: int, row: Row) -> None:
        if kind == "message":
            _show(row)


def _show(row: Row) -> None:
    said = row["text"] if row["kind"] == "text" else f"[{row['code']} {row['params']}]"
    print(f"{row['no']}.{row['seq']} {row.get('name') or row['from']}: {said}", flush=True)


async def chat(arguments: argparse.Namespace) -> int:
    transports = (arguments.transport,) if arguments.transport else TRANSPORTS
    visitor = Visitor(
        arguments.url,
        arguments.site,
        token=arguments.token,
        origin=arguments.origin,
        locale=arguments.locale,
        transports=transports,
        listener=Printer(),
    )
    async with visitor:
        try:
            async with asyncio.timeout(arguments.patience):
                for text in arguments.text:
                    answer = await visitor.send(text)
                    print(f"-- kept as {answer['no']}.{answer['seq']} at {answer['at']}", flush=True)
            print(f"-- token {visitor.token}", flush=True)
        except (Refused, Stopped) as no:
            print(f"-- refused: {no}", file=sys.stderr)
            return 1
        except TimeoutError:
            print(f"-- no answer within {arguments.patience:g} s", file=sys.stderr)
            return 2
        await asyncio.sleep(arguments.stay)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stranger", description=__doc__)
    parser.add_argument("text", nargs="*", help="messages to send, in this order")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--site", default="demo")
    parser.add_argument("--token")
    parser.add_argument("--origin")
    parser.add_argument("--locale", default="zh-CN")
    parser.add_argument("--transport", choices=TRANSPORTS, help="only this one")
    parser.add_argument(
        "--patience", type=float, default=30.0, help="seconds to wait for all acknowledgements"
    )
    parser.add_argument("--stay", type=float, default=2.0, help="seconds to go on listening")
    return asyncio.run(chat(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
