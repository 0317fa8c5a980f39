"""Each import rule, proved by a small house that keeps it and one import that breaks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import contracts

REPOSITORY = Path(__file__).parents[2]

# A house that keeps every rule, with the imports a real one has.
SOUND = {
    "app/asgi.py": "from yingke.rooms.tickets import models, routes\nfrom yingke.channels.web import routes as web\n",
    "live/socket.py": "import litestar\nfrom yingke.kernel import bus\n",
    "channels/web/routes.py": "from yingke.rooms.conversations import api, ports\n",
    "channels/email/inbox.py": "from yingke.kernel import bus\n",
    "rooms/routing/api.py": "",
    "rooms/tickets/routes.py": "from yingke.kernel import http\nfrom yingke.rooms.tickets import actions, queries\n",
    "rooms/tickets/reactions.py": "from yingke.rooms.conversations import events\n",
    "rooms/tickets/api.py": "from yingke.rooms.tickets import actions\n",
    "rooms/tickets/actions.py": (
        "from yingke.rooms.conversations import api\nfrom yingke.rooms.tickets import queries, rules\n"
    ),
    "rooms/tickets/queries.py": "from yingke.rooms.tickets import models\n",
    "rooms/tickets/rules.py": "from yingke.rooms.tickets import terms\n",
    "rooms/tickets/models.py": "from yingke.rooms.tickets import terms\n",
    "rooms/tickets/terms.py": "",
    "rooms/conversations/api.py": "from yingke.rooms.conversations import actions\n",
    "rooms/conversations/actions.py": "from yingke.rooms.conversations import models\n",
    "rooms/conversations/models.py": "",
    "rooms/conversations/ports.py": "",
    "rooms/conversations/events.py": "",
    "kernel/bus.py": "",
    "kernel/http.py": "from litestar import get\n",
}


def build(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "yingke" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(root).parents:
            if folder.parts:
                (root / folder / "__init__.py").touch()


def lint(root: Path) -> tuple[int, str]:
    """In a process of its own: import-linter resolves `yingke` by sys.path, where this test has the real one."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.contracts", str(root)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_sound_house_passes(tmp_path: Path) -> None:
    build(tmp_path, SOUND)
    code, said = lint(tmp_path)
    assert code == 0, said
    assert " 0 broken" in said


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        pytest.param("kernel/bus.py", "import yingke.rooms.tickets.api", "Floors", id="kernel looks up"),
        pytest.param("rooms/tickets/rules.py", "import yingke.channels.web", "Floors", id="room looks up"),
        pytest.param("rooms/tickets/api.py", "import yingke.live.socket", "Floors", id="room knows live"),
        pytest.param("live/socket.py", "import yingke.channels.web", "Floors", id="live knows a channel"),
        pytest.param("live/socket.py", "import yingke.app.asgi", "Floors", id="live knows app"),
        pytest.param(
            "live/socket.py", "import yingke.rooms.tickets.api", "live carries sealed", id="live knows a room"
        ),
        pytest.param(
            "rooms/conversations/actions.py",
            "from yingke.rooms.tickets import api",
            "The order of the rooms",
            id="lower room calls upper",
        ),
        pytest.param(
            "rooms/tickets/actions.py",
            "from yingke.rooms.routing import api",
            "The order of the rooms",
            id="strangers on one line",
        ),
        pytest.param(
            "rooms/tickets/queries.py",
            "from yingke.rooms.tickets import actions",
            "Inside a room",
            id="query acts",
        ),
        pytest.param(
            "rooms/tickets/actions.py",
            "from yingke.rooms.tickets import api",
            "Inside a room",
            id="action calls api",
        ),
        pytest.param(
            "rooms/tickets/terms.py",
            "from yingke.rooms.tickets import models",
            "Inside a room",
            id="terms look up",
        ),
        pytest.param(
            "rooms/tickets/queries.py",
            "from yingke.rooms.conversations import models",
            "Enter conversations by its door",
            id="another room's tables",
        ),
        pytest.param(
            "rooms/tickets/actions.py",
            "from yingke.rooms.conversations.actions import close",
            "Enter conversations by its door",
            id="another room's actions",
        ),
        pytest.param(
            "channels/web/routes.py",
            "import yingke.rooms.conversations.models",
            "Enter conversations by its door",
            id="channel reads tables",
        ),
        pytest.param(
            "rooms/tickets/actions.py",
            "from yingke.rooms.conversations import ports",
            "The ports of conversations",
            id="ports are for channels",
        ),
        pytest.param(
            "channels/web/routes.py",
            "from yingke.rooms.tickets import routes",
            "wired by app alone",
            id="routes of a room",
        ),
        pytest.param(
            "rooms/routing/api.py",
            "from yingke.rooms.tickets import reactions",
            "wired by app alone",
            id="reactions of a room",
        ),
        pytest.param(
            "channels/email/inbox.py",
            "import yingke.channels.web.routes",
            "wired by app alone",
            id="channel's routes",
        ),
        pytest.param(
            "channels/email/inbox.py",
            "import yingke.channels.web",
            "Channels are strangers",
            id="channels meet",
        ),
        pytest.param(
            "rooms/tickets/routes.py", "from litestar import get", "web framework", id="room knows litestar"
        ),
        pytest.param("kernel/bus.py", "import litestar.types", "web framework", id="kernel knows litestar"),
        pytest.param(
            "app/asgi.py", "from litestar import Litestar", "web framework", id="app knows litestar"
        ),
        pytest.param(
            "channels/web/routes.py", "import litestar", "web framework", id="channel knows litestar"
        ),
    ],
)
def test_each_wrong_import_breaks_its_contract(tmp_path: Path, file: str, line: str, rule: str) -> None:
    build(tmp_path, SOUND | {file: SOUND[file] + line + "\n"})
    code, said = lint(tmp_path)
    assert code == 1, said
    broken = [text for text in said.splitlines() if text.endswith("BROKEN")]
    assert any(rule in text for text in broken), said


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("rooms/lotteries/api.py", "Room 'lotteries' is not in the order: put it into ROOM_ORDER"),
        ("helpers/text.py", "yingke/helpers is on no floor"),
        ("rooms/tickets/utils.py", "yingke/rooms/tickets/utils has no place inside a room"),
    ],
)
def test_what_no_contract_names_is_refused(tmp_path: Path, file: str, message: str) -> None:
    build(tmp_path, SOUND | {file: ""})
    code, said = lint(tmp_path)
    assert code == 1
    assert message in said


def test_a_folder_without_init_is_refused(tmp_path: Path) -> None:
    build(tmp_path, SOUND)
    (tmp_path / "yingke/rooms/routing/__init__.py").unlink()
    assert any("yingke/rooms/routing has no __init__.py" in fault for fault in contracts.misplaced(tmp_path))


def test_an_action_may_grow_into_a_folder(tmp_path: Path) -> None:
    files = SOUND | {"rooms/routing/actions/assign.py": "", "rooms/routing/actions/queue.py": ""}
    build(tmp_path, files)
    code, said = lint(tmp_path)
    assert code == 0, said


def test_every_room_stands_in_one_place_of_the_order() -> None:
    names = [room for line in contracts.ROOM_ORDER for room in line]
    assert len(names) == len(set(names))
