"""The built front end, held in memory: a path is looked up, never made into a file name."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' ws: wss:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"
SOON = "public, max-age=300"
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg")


class File(NamedTuple):
    body: bytes
    packed: bytes | None
    headers: tuple[tuple[bytes, bytes], ...]
    etag: bytes


def load() -> dict[str, File]:
    """Every file of the front end by the path it is served under; empty where it has not been built."""
    root = resources.files("yingke.app") / "static"
    files: dict[str, File] = {}
    if not root.is_dir():
        return files
    for path, source in _walk(root, ""):
        top, _, rest = path.partition("/")
        if top == "console":
            files[f"/{rest}"] = file_of(rest, source.read_bytes(), console=True)
        elif path == "widget/widget.js":  # the address that stands in the pages of others
            files["/widget.js"] = file_of(path, source.read_bytes(), console=False)
        else:
            files[f"/{path}"] = file_of(path, source.read_bytes(), console=False)
    for name in [name for name in files if name.endswith("/index.html")]:
        files[name.removesuffix("index.html")] = files[name]
    return files


def _walk(folder: Traversable, above: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in folder.iterdir():
        path = f"{above}{one.name}"
        found.extend(_walk(one, f"{path}/") if one.is_dir() else [(path, one)])
    return found


def file_of(path: str, body: bytes, *, console: bool) -> File:
    """A file as it will be answered; console: one of the console's pages, not of what others load."""
    media = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if media in ("text/javascript", "application/x-javascript"):
        media = "text/javascript"
    if media.startswith("text/"):
        media += "; charset=utf-8"
    # Asked for by a name or a query that changes with the content.
    hashed = path.startswith(("assets/", "widget/")) and path != "widget/widget.js"
    headers = [
        (b"content-type", media.encode()),
        (b"cache-control", (FOREVER if hashed else SOON if path.endswith(".js") else ASK).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"vary", b"accept-encoding"),
    ]
    if console:
        headers.append((b"content-security-policy", POLICY.encode()))
    else:  # the widget is loaded by the pages of others
        headers += [
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
    packed = gzip.compress(body, 9, mtime=0) if media.startswith(COMPRESSIBLE) and len(body) > 512 else None
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'.encode()
    return File(body, packed, tuple(headers), etag)


async def serve(file: File, scope: Scope, send: Send) -> None:
    """Answer a GET or HEAD of this file."""
    asked = dict(scope["headers"])
    headers = [*file.headers, (b"etag", file.etag)]
    if file.etag in asked.get(b"if-none-match", b""):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = file.body
    if file.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
        body = file.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
