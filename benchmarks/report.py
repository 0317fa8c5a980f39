"""What a benchmark found, as one table or one JSON object."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

Row = dict[str, Any]


@dataclass
class Target:
    """A promise of the project: `value` as measured, what it must be, whether it is."""

    value: float | str | None
    target: str
    holds: bool


@dataclass
class Report:
    """rows: each with `what`, and figures that carry their unit in the name. notes: what a reader must know."""

    benchmark: str
    versions: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def table(self) -> str:
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        cells = [columns, *([_text(row.get(name)) for name in columns] for row in self.rows)]
        widths = [max(_width(line[n]) for line in cells) for n in range(len(columns))]
        lines = ["  ".join(f"{name} {version}" for name, version in self.versions.items()), ""]
        for number, line in enumerate(cells):
            lines.append(
                "  ".join(
                    _pad(cell, width, left=n == 0)
                    for n, (cell, width) in enumerate(zip(line, widths, strict=True))
                )
            )
            if number == 0:
                lines.append("  ".join("-" * width for width in widths))
        lines += ["", *(f"* {note}" for note in self.notes)]
        for code, one in self.targets.items():
            lines.append(
                f"{code}: {_text(one.value)} ({one.target}): {'holds' if one.holds else 'DOES NOT HOLD'}"
            )
        return "\n".join(lines)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
        )
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _pad(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if left else space + text


def percentile(values: Sequence[float], part: float) -> float:
    """The value under which `part` (0 to 1) of the values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def middle(rows: Sequence[Row]) -> Row:
    """The median of each figure over several rounds of the same row."""
    out = dict(rows[0])
    for name, value in out.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            values = [row[name] for row in rows if row.get(name) is not None]
            out[name] = type(value)(median(values))
    return out
