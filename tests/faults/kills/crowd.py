"""The client processes, seen from the test."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.kills.client import Orders
from tests.faults.kills.feed import Feed
from tests.support.server import ROOT


@dataclass
class Child:
    orders: Orders
    process: asyncio.subprocess.Process

    async def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, timeout: float) -> dict[str, Any]:
        """Its next line; AssertionError with its complaints if it ended or says nothing."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(timeout):
                line = await self.process.stdout.readline()
        except TimeoutError:
            raise AssertionError(f"{self.orders.name} said nothing within {timeout:g} s") from None
        if not line:
            assert self.process.stderr is not None
            raise AssertionError(f"{self.orders.name} ended:\n{(await self.process.stderr.read()).decode()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Crowd:
    """Use it as `async with`; whatever happens, no process stays behind."""

    def __init__(self, orders: list[Orders]) -> None:
        self._orders = orders
        self.children: list[Child] = []

    async def __aenter__(self) -> Self:
        for orders in self._orders:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.kills.client",
                json.dumps(asdict(orders)),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            self.children.append(Child(orders, process))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for child in self.children:
            if child.process.returncode is None:
                child.process.kill()
            await child.process.wait()

    async def all_hear(self, timeout: float) -> dict[str, dict[str, Any]]:
        answers = await asyncio.gather(*(child.hear(timeout) for child in self.children))
        return {child.orders.name: answer for child, answer in zip(self.children, answers, strict=True)}

    async def all_tell(self, line: str) -> None:
        await asyncio.gather(*(child.tell(line) for child in self.children))

    def feeds(self) -> list[Feed]:
        return [Feed.read(Path(c.orders.feed), c.orders.name, c.orders.role) for c in self.children]

    def of(self, *roles: str) -> Iterable[Child]:
        return (child for child in self.children if child.orders.role in roles)
