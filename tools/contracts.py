"""Who may import whom, said once here and enforced with import-linter: `python -m tools.contracts`.

The contracts are generated for the rooms that exist, because import-linter refuses a contract about absent modules,
and because a room nobody has put in the order must fail instead of going unchecked.
"""

from __future__ import annotations

import configparser
import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from importlinter.cli import lint_imports

# From top to bottom: each may import those below it, those on one line are strangers to each other.
FLOORS = (("app",), ("live", "channels"), ("rooms",), ("kernel",))
ROOM_ORDER = (
    ("reports",),
    ("integrations", "automation", "workforce", "parts", "floor"),
    ("quality", "outreach", "bookings", "robots"),
    ("calls",),
    ("sla", "surveys"),
    ("routing", "tickets"),
    ("visitors", "knowledge"),
    ("conversations",),
    ("customers",),
    ("notices",),
    ("staff",),
)
INSIDE_A_ROOM = (
    ("routes", "reactions", "jobs", "topics", "importer"),
    ("api",),
    ("actions",),
    ("queries",),
    ("events", "rules", "audience", "ports"),
    ("rows",),
    ("models",),
    ("terms",),
)
WIRED_BY_APP = INSIDE_A_ROOM[0]
DOOR = ("api", "events", "terms")
PORTS = "ports"  # what a channel must be: the channels, and nobody else, see it too
WEB_FRAMEWORK = "litestar"
KNOWS_WEB_FRAMEWORK = ("yingke.kernel.http", "yingke.live")

Contract = dict[str, str | list[str]]


def _names(lines: Iterable[Iterable[str]]) -> set[str]:
    return {name for line in lines for name in line}


def _modules(folder: Path) -> list[str]:
    """The modules and packages directly in a folder, by name."""
    if not folder.is_dir():
        return []
    files = {p.stem for p in folder.glob("*.py") if p.name != "__init__.py"}
    packages = {p.name for p in folder.iterdir() if p.is_dir() and any(p.rglob("*.py"))}
    return sorted(files | packages)


def misplaced(root: Path) -> Iterator[str]:
    """What import-linter would pass over in silence because no contract names it."""
    package = root / "yingke"
    for folder in sorted({p.parent for p in package.rglob("*.py")}):
        if not (folder / "__init__.py").exists():
            where = folder.relative_to(root).as_posix()
            yield f"{where} has no __init__.py, so its imports would go unchecked: add an empty one."
    for floor in _modules(package):
        if floor not in _names(FLOORS) | {"__main__"}:
            yield (
                f"yingke/{floor} is on no floor: move it into app, live, channels, rooms or kernel, "
                "or add a floor to FLOORS in tools/contracts.py with a decision record."
            )
    for room in _modules(package / "rooms"):
        if room not in _names(ROOM_ORDER):
            yield (
                f"Room '{room}' is not in the order: put it into ROOM_ORDER in tools/contracts.py, above every room "
                "it calls and below every room that calls it, and into docs/architecture.md."
            )
        for module in _modules(package / "rooms" / room):
            if module not in _names(INSIDE_A_ROOM):
                allowed = ", ".join(sorted(_names(INSIDE_A_ROOM)))
                yield (
                    f"yingke/rooms/{room}/{module} has no place inside a room: a room is made of {allowed}. "
                    "Grow one of these into a folder, or add the name to INSIDE_A_ROOM in tools/contracts.py."
                )


def _layers(order: Iterable[Iterable[str]], present: Iterable[str]) -> list[str]:
    there = set(present)
    lines = ([name for name in line if name in there] for line in order)
    return [" | ".join(line) for line in lines if line]


def contracts(root: Path) -> Iterator[Contract]:
    """The contracts for what stands in the tree now."""
    package = root / "yingke"
    floors = [f for f in _modules(package) if f in _names(FLOORS)]
    rooms = [r for r in _modules(package / "rooms") if r in _names(ROOM_ORDER)]
    channels = _modules(package / "channels")
    inside = {room: _modules(package / "rooms" / room) for room in rooms}
    app = ["yingke.app"] if "app" in floors else []

    yield {
        "name": "Floors: app > live | channels > rooms > kernel",
        "type": "layers",
        "containers": ["yingke"],
        "layers": _layers(FLOORS, floors),
        "broken_contract_guidance": "Look only down. What lies above learns of you by the journal (tx.emit).",
    }
    if "live" in floors and "rooms" in floors:
        yield {
            "name": "live carries sealed envelopes and knows no room",
            "type": "forbidden",
            "source_modules": ["yingke.live"],
            "forbidden_modules": ["yingke.rooms"],
            "broken_contract_guidance": "Let the room register a topic with kernel.topics; live asks the registry.",
        }
    if rooms:
        yield {
            "name": "The order of the rooms",
            "type": "layers",
            "containers": ["yingke.rooms"],
            "layers": _layers(ROOM_ORDER, rooms),
            "broken_contract_guidance": "Down by call, up by journal: emit a fact and let the upper room react.",
        }
        yield {
            "name": "Inside a room",
            "type": "layers",
            "containers": [f"yingke.rooms.{room}" for room in rooms],
            "layers": [" | ".join(f"({name})" for name in line) for line in INSIDE_A_ROOM],
            "broken_contract_guidance": (
                f"{' > '.join(', '.join(line) for line in INSIDE_A_ROOM)}. "
                "What two modules of one line need belongs into a line below."
            ),
        }
    for room, modules in inside.items():
        private = [m for m in modules if m not in (*DOOR, *WIRED_BY_APP, PORTS)]
        if private:
            yield {
                "name": f"Enter {room} by its door",
                "type": "protected",
                "protected_modules": [f"yingke.rooms.{room}.{m}" for m in private],
                "allowed_importers": [f"yingke.rooms.{room}", *app],
                "broken_contract_guidance": (
                    f"Others may import api, events and terms of {room}: add what you need there."
                ),
            }
        if PORTS in modules:
            yield {
                "name": f"The ports of {room} are for channels",
                "type": "protected",
                "protected_modules": [f"yingke.rooms.{room}.{PORTS}"],
                "allowed_importers": [
                    f"yingke.rooms.{room}",
                    *(["yingke.channels"] if "channels" in floors else []),
                    *app,
                ],
                "broken_contract_guidance": f"Other rooms may import api, events and terms of {room}.",
            }
    wired = [
        f"yingke.rooms.{room}.{m}" for room, modules in inside.items() for m in modules if m in WIRED_BY_APP
    ]
    wired += [
        f"yingke.channels.{channel}.{m}"
        for channel in channels
        for m in _modules(package / "channels" / channel)
        if m in WIRED_BY_APP
    ]
    if wired and app:
        yield {
            "name": "Routes, reactions, jobs and topics are wired by app alone",
            "type": "protected",
            "protected_modules": wired,
            "allowed_importers": app,
            "broken_contract_guidance": "Call the room's api instead; a job is enqueued by its name from terms.",
        }
    if len(channels) > 1:
        yield {
            "name": "Channels are strangers to each other",
            "type": "independence",
            "modules": [f"yingke.channels.{channel}" for channel in channels],
            "broken_contract_guidance": "What two channels share belongs to the kernel or to conversations.",
        }
    yield {
        "name": "Only kernel.http and live know the web framework",
        "type": "forbidden",
        "source_modules": list(_without_web_framework(package, floors)),
        "forbidden_modules": [WEB_FRAMEWORK],
        "allow_indirect_imports": "True",
        "broken_contract_guidance": "Import the decorators and types from yingke.kernel.http.",
    }


def _without_web_framework(package: Path, floors: Iterable[str]) -> Iterator[str]:
    for floor in floors:
        if f"yingke.{floor}" in KNOWS_WEB_FRAMEWORK:
            continue
        below = [f"yingke.{floor}.{module}" for module in _modules(package / floor)]
        if any(module in KNOWS_WEB_FRAMEWORK for module in below):
            yield from (module for module in below if module not in KNOWS_WEB_FRAMEWORK)
        else:
            yield f"yingke.{floor}"


def configuration(root: Path) -> str:
    """The contracts in the form import-linter reads."""
    ini = configparser.RawConfigParser()
    ini["importlinter"] = {"root_package": "yingke", "include_external_packages": "True"}
    for number, contract in enumerate(contracts(root)):
        ini[f"importlinter:contract:{number}"] = {
            key: value if isinstance(value, str) else "\n" + "\n".join(value)
            for key, value in contract.items()
        }
    text = io.StringIO()
    ini.write(text)
    return text.getvalue()


def main(root: Path) -> int:
    faults = list(misplaced(root))
    for fault in faults:
        print(fault)
    if faults:
        return 1
    os.chdir(root)  # import-linter looks for the package in the working directory
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "contracts.ini"
        config.write_text(configuration(root), encoding="utf-8")
        return lint_imports(config_filename=str(config), no_cache=True, no_logo=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
