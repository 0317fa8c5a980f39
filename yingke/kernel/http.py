"""HTTP: with `live/` the only place that knows the web framework.

    @get("/api/v1/staff", right="staff.read")
    async def list_staff(db: Db, who: Who, after: FromQuery[str | None] = None) -> Page[StaffRow]: ...

A handler may take `db: Db`, `services: Has`, `who: Who` (with a right, else it must say `public=True`), parameters
marked `FromQuery` or `FromPath`, and `data: JSONBody[…]`. Whatever it raises of `kernel.errors` is answered as an
RFC 9457 document in the reader's language.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import ceil
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, Request, Response, delete, get, post
from litestar.config.compression import CompressionConfig
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from yingke.kernel import commands, words
from yingke.kernel.db import Database
from yingke.kernel.errors import (
    FieldError,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
)
from yingke.kernel.parse import decode, refusal
from yingke.kernel.rights import Actor
from yingke.kernel.services import Services

log = logging.getLogger(__name__)

MAX_BODY = 65_536  # bytes; an upload's route says otherwise
PROBLEM_JSON = "application/problem+json"

R = TypeVar("R")
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])

HttpRequest = Request[Any, Any, Any]

# What a handler is handed by name.
Db = NamedDependency[Database]
Who = NamedDependency[Actor]
Has = NamedDependency[Services]


class Page(msgspec.Struct, Generic[R], frozen=True):
    """A page of a list; `next` is the cursor of the page after it."""

    rows: Sequence[R]
    next: str | None = None


_problems = {
    status: ResponseSpec(words.ProblemDocument, description=text, media_type=PROBLEM_JSON)
    for status, text in (
        (400, "Not JSON, or not as HTTP asks"),
        (401, "Not signed in"),
        (403, "Not allowed"),
        (404, "Not there, or not yours to see"),
        (409, "The state of things does not allow it"),
        (413, "Too large"),
        (422, "Understood, and wrong"),
        (429, "Too fast"),
        (500, "Failed"),
        (503, "Busy"),
    )
}


def _route(
    kind: Callable[..., Any], path: str, right: str | None, public: bool, options: dict[str, Any]
) -> Callable[[H], HTTPRouteHandler]:
    if (right is None) != public:
        raise ValueError(f"{path}: a route names the right it needs, or says that it is public")

    def register(handler: H) -> HTTPRouteHandler:
        if not public and "who" not in handler.__annotations__:
            raise ValueError(f"{path}: {handler.__name__} must take `who`")
        handler_: HTTPRouteHandler = kind(
            path,
            right=right,
            responses=_problems,
            operation_id=options.pop("operation_id", handler.__name__),
            description=(handler.__doc__ or "").strip() or None,
            **options,
        )(handler)
        return handler_

    return register


def fetch(path: str, *, right: str | None = None, public: bool = False, **options: Any) -> Callable[[H], Any]:
    """A GET."""
    return _route(get, path, right, public, options)


def send(
    path: str, *, right: str | None = None, public: bool = False, status: int = 200, **options: Any
) -> Callable[[H], Any]:
    """A POST, answered with 200 unless said otherwise."""
    return _route(post, path, right, public, {"status_code": status, **options})


def remove(
    path: str, *, right: str | None = None, public: bool = False, **options: Any
) -> Callable[[H], Any]:
    """A DELETE, answered with 204."""
    return _route(delete, path, right, public, options)


# --- who asks --------------------------------------------------------------------------------------------------------


async def _who(request: HttpRequest, services: Has) -> Actor:
    """Whoever is signed in, holding the route's right."""
    who = await services.authenticate(request.cookies)
    if who is None:
        raise Unauthenticated("signed_out")
    right = request.route_handler.opt.get("right")
    if right is None:
        raise Forbidden("forbidden")
    if right != commands.SIGNED_IN:
        who.need(right)
    return who


def must_be(who: Actor, key: str | None) -> None:
    """Raises Unauthenticated where a window still takes itself for somebody who is no longer signed in here."""
    if key is not None and key != who.key:
        raise Unauthenticated("signed_out")


def origin_is_ours(headers: Mapping[str, str], public_url: str) -> bool:
    """Whether a request that changes something comes from our own pages: its Origin is the public address, or the
    very host it was sent to."""
    origin = headers.get("origin")
    if not origin:
        return False
    theirs = urlsplit(origin)
    return theirs.scheme == urlsplit(public_url).scheme and (
        origin == public_url.rstrip("/") or theirs.netloc == headers.get("host")
    )


async def _check_origin(request: HttpRequest) -> None:
    if request.method in ("GET", "HEAD", "OPTIONS") or request.scope["path"].startswith("/w/"):
        return
    services: Services = request.app.state.services
    if not origin_is_ours(request.headers, services.settings.public_url):
        raise Forbidden("origin_not_allowed", {"origin": request.headers.get("origin", "-")[:200]})


def client_address(request: HttpRequest) -> str:
    """The address of whoever asks, behind the proxies that are trusted."""
    services: Services = request.app.state.services
    peer = request.client.host if request.client else ""
    return services.client_address(peer, request.headers.get("x-forwarded-for"))


# --- refusals --------------------------------------------------------------------------------------------------------


def problem_response(problem: Problem, locale: str) -> Response[bytes]:
    headers = {} if problem.retry_after is None else {"Retry-After": str(ceil(problem.retry_after))}
    return Response(
        msgspec.json.encode(words.document(problem, locale)),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def _refuse(request: HttpRequest, error: Exception) -> Response[bytes]:
    return problem_response(
        _as_problem(request, error), words.choose_locale(request.headers.get("accept-language"))
    )


def _as_problem(request: HttpRequest, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, RecursionError):
        return Malformed("bad_json", {"reason": "nested too deep"})
    if isinstance(error, ValidationException):
        if isinstance(error.__cause__, msgspec.ValidationError):
            return refusal(str(error.__cause__).replace(" - at `$.data", " - at `$"))  # the body's name here
        extra = error.extra if isinstance(error.extra, list) else []
        return Invalid(
            "invalid",
            errors=[
                FieldError(
                    str(one.get("key", "body")), "field_wrong", {"reason": str(one.get("message", ""))[:200]}
                )
                for one in extra
            ],
        )
    if isinstance(error, HTTPException):
        status = error.status_code
        if status == 413:
            return TooLarge("body_too_large", {"limit": MAX_BODY})
        if status == 404:
            return NotFound()
        if status == 405:
            return _plain(405, "method_not_allowed", {"method": request.method})
        if status < 500:
            return Malformed("bad_json", {"reason": error.detail[:200]})
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return _plain(500, "internal", {})


def _plain(status: int, code: str, params: dict[str, Any]) -> Problem:
    problem = Problem(code, params, retry_after=1.0 if status >= 500 else None)
    problem.status = status  # type: ignore[misc]
    return problem


# --- commands over HTTP ----------------------------------------------------------------------------------------------


def command_routes() -> list[HTTPRouteHandler]:
    """A POST for every command: staff's under `/api/v1/commands/`, visitors' under `/w/v1/commands/`."""
    return [
        _visitor_command(command) if viewer == "visitor" else _staff_command(command)
        for (viewer, _), command in commands.registered_commands().items()
    ]


@send("/api/v1/commands/{name:str}", public=True, include_in_schema=False)
async def _unknown_staff_command(name: FromPath[str]) -> None:
    raise NotFound("command_unknown", {"command": name[:100]})


@send("/w/v1/commands/{name:str}", public=True, include_in_schema=False)
async def _unknown_visitor_command(name: FromPath[str]) -> None:
    raise NotFound("command_unknown", {"command": name[:100]})


@fetch("/openapi.json", public=True, include_in_schema=False)
async def _openapi(request: HttpRequest) -> Response[bytes]:
    state = request.app.state
    if state.openapi is None:
        state.openapi = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(state.openapi, media_type="application/json")


async def strictly(request: HttpRequest, type_: type[R]) -> R:
    """The body, read as a socket's frame is: the framework alone would take `"50"` for a number and 1 for true."""
    return decode(await request.body(), type_)


def _call_type(command: commands.Command, *more: Any) -> type[Any]:
    """The body: the id the client made, and the command's arguments."""
    title = "".join(
        part.capitalize() for part in f"{command.viewer}_{command.name}".replace(".", "_").split("_")
    )
    return msgspec.defstruct(
        f"{title}Call",
        [("id", str), ("args", command.args), *more],
        frozen=True,
        forbid_unknown_fields=True,
        module=__name__,
    )


def _staff_command(command: commands.Command) -> HTTPRouteHandler:
    body = _call_type(command, ("as_", str | None, msgspec.field(name="as", default=None)))

    async def call(data: Any, request: HttpRequest, who: Actor, services: Services) -> Any:
        strict = await strictly(request, body)
        must_be(who, strict.as_)
        return await commands.run_parsed(services, who, command.name, strict.id, strict.args)

    call.__annotations__ = {
        "data": cast(Any, JSONBody)[body],
        "request": HttpRequest,
        "who": Who,
        "services": Has,
        "return": command.answer,
    }
    return _command_route(command, call, f"/api/v1/commands/{command.name}", right=command.right)


def _visitor_command(command: commands.Command) -> HTTPRouteHandler:
    body = _call_type(command, ("token", str))

    async def call(data: Any, request: HttpRequest, services: Services) -> Any:
        strict = await strictly(request, body)
        who = await services.identify_visitor(strict.token, request.headers)
        return await commands.run_parsed(services, who, command.name, strict.id, strict.args)

    call.__annotations__ = {
        "data": cast(Any, JSONBody)[body],
        "request": HttpRequest,
        "services": Has,
        "return": command.answer,
    }
    return _command_route(command, call, f"/w/v1/commands/{command.name}", public=True)


def _command_route(command: commands.Command, call: Any, path: str, **options: Any) -> HTTPRouteHandler:
    call.__doc__ = command.doc
    call.__name__ = f"{command.viewer}_{command.name.replace('.', '_')}"
    route: HTTPRouteHandler = send(
        path, operation_id=f"command_{call.__name__}", tags=["commands"], **options
    )(call)
    return route


# --- the application -------------------------------------------------------------------------------------------------


async def _services(request: HttpRequest) -> Services:
    services: Services = request.app.state.services
    return services


async def _db(request: HttpRequest) -> Any:
    return request.app.state.services.db


def build(services: Services, handlers: Sequence[Any], *, version: str) -> Litestar:
    """The HTTP application over these handlers."""
    app = Litestar(
        route_handlers=[
            *handlers,
            *command_routes(),
            _unknown_staff_command,
            _unknown_visitor_command,
            _openapi,
        ],
        dependencies={
            "services": Provide(_services),
            "db": Provide(_db),
            "who": Provide(_who),
        },
        exception_handlers={Exception: _refuse},
        before_request=_check_origin,
        request_max_body_size=MAX_BODY,
        compression_config=CompressionConfig(backend="gzip", minimum_size=1024),
        openapi_config=OpenAPIConfig(
            title="Yingke",
            version=version,
            path="/api/v1/schema",  # the framework answers everything below in its own way; ours is /openapi.json
            render_plugins=[JsonRenderPlugin()],
        ),
        logging_config=None,
        pdb_on_exception=False,
        debug=False,
    )
    app.state.services = services
    app.state.openapi = None
    return app


__all__ = [
    "Cookie",
    "Db",
    "FromPath",
    "FromQuery",
    "Has",
    "HttpRequest",
    "JSONBody",
    "Page",
    "QueryParameter",
    "Response",
    "Who",
    "build",
    "client_address",
    "fetch",
    "origin_is_ours",
    "problem_response",
    "remove",
    "send",
    "strictly",
]
