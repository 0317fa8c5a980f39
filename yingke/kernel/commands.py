"""Commands: every change a person makes, once. HTTP and socket frames both come through here.

    @command("conversations.close", viewer="staff", right="conversations.reply")
    async def close(ctx: Context, args: OfConversation) -> ConversationRow:
        return await ctx.write(actions.close, args.conversation)

Each call has an id made by the client. `ctx.write` keeps the answer with it, in the same transaction, so that the same
command gives the same answer for `KEPT`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast, get_type_hints

import msgspec
from sqlalchemy import BigInteger, Index, LargeBinary, PrimaryKeyConstraint, Text, delete, insert, select

from yingke.kernel.bus import Bus
from yingke.kernel.clock import DAY
from yingke.kernel.db import Database, Sql, Tx
from yingke.kernel.errors import FieldError, Forbidden, Invalid, NotFound
from yingke.kernel.ids import is_client_id
from yingke.kernel.parse import decode
from yingke.kernel.rights import Actor
from yingke.kernel.schema import Column, Table, metadata
from yingke.kernel.services import Services

KEPT = 7 * DAY

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])

receipt = Table(
    "receipt",
    metadata,
    Column("actor", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("actor", "client_id"),
    Index(None, "at"),
)

Viewer = Literal["staff", "visitor"]


class Context(msgspec.Struct, frozen=True):
    """What a command is run with."""

    services: Services
    who: Actor
    id: str
    digest: bytes

    @property
    def db(self) -> Database:
        return self.services.db

    @property
    def bus(self) -> Bus:
        return self.services.bus

    async def write(self, fn: Callable[Concatenate[Tx, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(tx, who, …)` once for this id; a repeat gets the answer of the first time."""
        return cast(T, await self.db.write(_once, self.who, self.id, self.digest, fn, args, kwargs))


class Command(msgspec.Struct, frozen=True):
    """right: what staff must hold; None for visitors, whose own things are all they can name."""

    name: str
    viewer: Viewer
    right: str | None
    args: type[Any]
    answer: Any
    handler: Callable[[Context, Any], Awaitable[Any]]
    doc: str


_commands: dict[tuple[Viewer, str], Command] = {}


def command(name: str, *, viewer: Viewer, right: str | None = None) -> Callable[[H], H]:
    """Register `async def handler(ctx, args) -> answer` under its wire name."""
    if viewer == "staff" and right is None:
        raise ValueError(f"{name}: a staff command names the right it needs")

    def register(handler: H) -> H:
        if (viewer, name) in _commands:
            raise ValueError(f"command {name} for {viewer} is declared twice")
        hints = get_type_hints(handler)
        _commands[viewer, name] = Command(
            name, viewer, right, hints["args"], hints["return"], handler, handler.__doc__ or ""
        )
        return handler

    return register


def registered_commands() -> Mapping[tuple[Viewer, str], Command]:
    return _commands


def find(viewer: Viewer, name: str) -> Command:
    """Raises NotFound (`command_unknown`)."""
    found = _commands.get((viewer, name))
    if found is None:
        raise NotFound("command_unknown", {"command": name[:100]})
    return found


SIGNED_IN = "signed_in"  # in place of a right: every member of staff may


async def run(services: Services, who: Actor, name: str, id_: str, args: bytes | msgspec.Raw) -> Any:
    """Check and run one call.

    Raises NotFound, Invalid, Forbidden, and whatever the command refuses.
    """
    found = find("visitor" if who.kind == "visitor" else "staff", name)
    return await _run(found, services, who, id_, decode(args, found.args, "args"))


async def run_parsed(services: Services, who: Actor, name: str, id_: str, parsed: Any) -> Any:
    """The same for arguments that are already the command's struct."""
    return await _run(find("visitor" if who.kind == "visitor" else "staff", name), services, who, id_, parsed)


async def _run(found: Command, services: Services, who: Actor, id_: str, parsed: Any) -> Any:
    if not is_client_id(id_):
        raise Invalid("id_invalid", errors=[FieldError("id", "id_invalid")])
    if found.right is None:
        if who.kind != "visitor":
            raise Forbidden("forbidden")
    elif found.right != SIGNED_IN:
        who.need(found.right)
    content = found.name.encode() + b"\0" + msgspec.json.encode(parsed)
    digest = hashlib.blake2b(content, key=services.receipt_key, digest_size=16).digest()
    return await found.handler(Context(services, who, id_, digest), parsed)


_ALONE = Sql("", "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))")  # draws no xid, as a row would


def _once(
    tx: Tx,
    who: Actor,
    id_: str,
    digest: bytes,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    c = receipt.c
    if (
        tx.dialect == "postgresql"
    ):  # the same command twice at once: the second waits for the first one's receipt
        tx.run(_ALONE, (f"{who.tag} {id_}",))
    row = tx.execute(select(c.digest, c.answer).where(c.actor == who.tag, c.client_id == id_)).first()
    if row is not None:
        if row.digest != digest:
            raise Invalid("id_reused", errors=[FieldError("id", "id_reused")])
        return msgspec.Raw(row.answer.encode())
    answer = fn(tx, who, *args, **kwargs)
    tx.execute(
        insert(receipt).values(
            actor=who.tag,
            client_id=id_,
            digest=digest,
            answer=msgspec.json.encode(answer).decode(),
            at=tx.now,
        )
    )
    return answer


def forget_receipts(tx: Tx, limit: int = 1000) -> int:
    """Remove at most `limit` receipts older than `KEPT`; answers how many."""
    c = receipt.c
    old = select(c.actor, c.client_id).where(c.at < tx.now - KEPT).limit(limit)
    rows = tx.execute(old).all()
    for row in rows:
        tx.execute(delete(receipt).where(c.actor == row.actor, c.client_id == row.client_id))
    return len(rows)
