"""Events as other versions of the product have written them: what stands in journals must stay readable.

`golden/events.json` holds for each event and version its fields and an example. A new field with a default is free: run
`python -m tests.app.test_events_golden` to take it in. A field that is changed or gone needs a new version of the event
(`@event(kind, v=2)`) beside the old one, and an upcaster.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from yingke.app import wiring
from yingke.kernel.entries import Event, registered_events

assert wiring.DECLARING  # every event is known

GOLDEN = Path(__file__).parent / "golden" / "events.json"


def ours() -> dict[str, type[Event]]:
    return {
        f"{kind} v{v}": cls
        for (kind, v), cls in sorted(registered_events().items())
        if cls.__module__.startswith("yingke.")
    }


def described(cls: type[Event]) -> dict[str, Any]:
    fields = {field.name: str(field.type) for field in msgspec.structs.fields(cls)}
    values = [_example(field) for field in msgspec.structs.fields(cls)]
    return {"fields": fields, "example": msgspec.to_builtins(cls(*values))}


def _example(field: msgspec.structs.FieldInfo) -> Any:
    text = str(field.type)
    if "int" in text:
        return 7
    return text == "<class 'bool'>" or "word"


def known() -> dict[str, dict[str, Any]]:
    golden: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return golden


@pytest.mark.parametrize("name", sorted(known()))
def test_what_was_written_can_be_read(name: str) -> None:
    cls = ours().get(name)
    assert cls is not None, (
        f"{name} is gone, and journals still hold it: keep its class, or give it an upcaster."
    )
    golden = known()[name]
    read = msgspec.convert(golden["example"], cls)
    assert {field: getattr(read, field) for field in golden["fields"]} == golden["example"]
    for field, type_ in golden["fields"].items():
        now = described(cls)["fields"]
        assert now.get(field) == type_, f"{name}.{field} was {type_}: make a new version with an upcaster."


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_event_has_its_line(name: str) -> None:
    assert name in known(), f"{name} has no line: run `python -m {__name__}`"
    added = set(described(ours()[name])["fields"]) - set(known()[name]["fields"])
    assert not added, f"{name} has new fields {added}: run `python -m {__name__}`"


def write() -> None:
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = {name: described(cls) for name, cls in ours().items()}
    GOLDEN.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
