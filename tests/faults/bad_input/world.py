"""A running desk with one of everything, so that drawn requests can be given real keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.people import ADMINISTRATOR, LINFANG, PASSWORD, SITE, SUPERVISOR
from tests.stranger.wire import Json

ROLES = {"agent": LINFANG, "supervisor": SUPERVISOR, "administrator": ADMINISTRATOR}
NEW_PASSWORD = "ein-langes-Kennwort-7"


class World:
    """Keys that exist, and a good request for each operation that needs more than its schema says.

    Whoever the drawn requests change is made for that: the people who sign in here stay as they are.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._count = itertools.count()
        self.admin = self.client()
        self.admin.cookies.update(self.sign_in(ADMINISTRATOR))
        self.group = self.get("/api/v1/groups")["rows"][0]["key"]
        self.token, self.conversation = self.visit()
        member = self.new_member()
        self.email = member["email"]
        self.member = self.command("staff.create", **member)["key"]
        site = {"name": "Probe", "group": self.group, "locale": "zh-CN"}
        self.site = self.command("visitors.create_site", **site)["key"]

    # -- asking ------------------------------------------------------------------------------------

    def client(self) -> httpx.Client:
        headers = {"Origin": self.url, "X-Forwarded-For": self.address()}
        return httpx.Client(base_url=self.url, headers=headers, timeout=10, trust_env=False)

    def address(self) -> str:
        """Each time from elsewhere: the limits for one network address are the flood test's matter."""
        number = next(self._count)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        """The cookies of a new session."""
        with self.client() as client:
            answer = client.post("/api/v1/session", json={"email": email, "password": password})
            assert answer.status_code == 200, answer.text
            return dict(client.cookies)

    def get(self, path: str) -> Json:
        answer = self.admin.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body: Json = answer.json()
        return body

    def command(self, command: str, **args: Any) -> Json:
        answer = self.admin.post(f"/api/v1/commands/{command}", json={"id": self.id(), "args": args})
        assert answer.status_code == 200, f"{command}: {answer.text}"
        body: Json = answer.json()
        return body

    def visit(self) -> tuple[str, str]:
        """A new visitor who has said something: token and conversation."""
        with self.client() as client:
            token = client.post("/w/v1/sessions", json={"site": SITE}).json()["token"]
            body = {"token": token, "id": self.id(), "args": {"text": "你好"}}
            answer = client.post("/w/v1/commands/send", json=body)
            assert answer.status_code == 200, answer.text
            return str(token), str(answer.json()["conversation"])

    def id(self) -> str:
        return f"world-{next(self._count):08d}"

    def new_member(self) -> Json:
        return {
            "email": f"{self.id()}@demo.example",
            "name": "Probe",
            "role": "agent",
            "groups": [self.group],
            "locale": "zh-CN",
            "password": NEW_PASSWORD,
        }

    # -- real values for drawn requests --------------------------------------------------------------

    def fill(self, case: Any) -> None:
        """Gives a drawn request keys that exist, wherever a name is known."""
        case.body = self._with_real(case.body)
        case.path_parameters = self._with_real(case.path_parameters)

    def _with_real(self, value: Any) -> Any:
        real: dict[str, Callable[[], Any]] = {
            "conversation": lambda: self.conversation,
            "key": lambda: self.conversation,
            "token": lambda: self.token,
            "staff": lambda: self.member,
            "group": lambda: self.group,
            "groups": lambda: [self.group],
            "site": lambda: self.site,
            "id": self.id,
        }
        if isinstance(value, dict):
            return {
                name: real[name]() if name in real else self._with_real(inner)
                for name, inner in value.items()
            }
        return value

    # -- requests that succeed for whoever may -------------------------------------------------------

    def good_request(self, method: str, path: str) -> Json | None:
        """Parts of a request; None: nothing is prepared for it."""
        if (method, path) in PREPARED:
            return PREPARED[method, path](self)
        if path.startswith("/api/v1/commands/"):
            args = self.good_args(path.rpartition("/")[2])
            return None if args is None else {"body": {"id": self.id(), "args": args}}
        if method == "GET":
            return {"path_parameters": {"key": self.conversation}} if "{key}" in path else {}
        return None

    def good_args(self, name: str) -> Json | None:
        """Arguments of a staff command."""
        prepared: dict[str, Callable[[], Json]] = {
            "conversations.send": lambda: {"conversation": self.visit()[1], "text": "您好"},
            "conversations.note": lambda: {"conversation": self.conversation, "text": "记一下"},
            "conversations.mark": lambda: {"conversation": self.conversation, "read": 1},
            "conversations.typing": lambda: {"conversation": self.conversation, "on": True},
            "conversations.take": lambda: {"conversation": self.visit()[1]},
            "conversations.close": lambda: {"conversation": self.visit()[1]},
            "conversations.reopen": lambda: {"conversation": self.closed()},
            "staff.set_intent": lambda: {"intent": "online"},
            "staff.set_idle": lambda: {"idle": False},
            "staff.set_locale": lambda: {"locale": "zh-CN"},
            "staff.create": self.new_member,
            "staff.change": lambda: {"staff": self.member, "capacity": 3},
            "staff.set_password": lambda: {"staff": self.member, "password": NEW_PASSWORD},
            "staff.create_group": lambda: {"name": f"G {self.id()}"},
            "staff.rename_group": lambda: {"group": self.spare_group(), "name": f"G {self.id()}"},
            "visitors.create_site": lambda: {"name": "Probe", "group": self.group, "locale": "en"},
            "visitors.change_site": lambda: {"site": self.site, "title": "你好"},
        }
        return prepared[name]() if name in prepared else None

    def closed(self) -> str:
        conversation = self.visit()[1]
        self.command("conversations.close", conversation=conversation)
        return conversation

    def spare_group(self) -> str:
        return str(self.command("staff.create_group", name=f"G {self.id()}")["key"])

    def said_by_visitor(self, **args: Any) -> Json:
        return {"body": {"token": self.token, "id": self.id(), "args": args}}


PREPARED: dict[tuple[str, str], Callable[[World], Json]] = {
    ("GET", "/api/v1/search"): lambda world: {"query": {"q": "你好"}},
    ("POST", "/api/v1/session"): lambda world: {"body": {"email": world.email, "password": NEW_PASSWORD}},
    ("POST", "/w/v1/sessions"): lambda world: {"body": {"site": SITE}},
    ("POST", "/w/v1/history"): lambda world: {"body": {"token": world.token}},
    ("POST", "/w/v1/commands/send"): lambda world: world.said_by_visitor(text="你好"),
    ("POST", "/w/v1/commands/typing"): lambda world: world.said_by_visitor(on=True),
    ("POST", "/w/v1/commands/mark"): lambda world: world.said_by_visitor(
        conversation=world.conversation, read=1
    ),
    ("POST", "/w/v1/commands/end"): lambda world: world.said_by_visitor(conversation=world.conversation),
}
