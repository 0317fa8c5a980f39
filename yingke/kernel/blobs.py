"""Files by their content: `blobs/ab/<sha256>` under the data folder.

A file is on disk, synced together with its folder, before any row names it. Equal files are kept once. Who may read one
is decided by the row that names it, never by knowing the hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterable, Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, NamedTuple

from yingke.kernel.clock import DAY, Clock, system_clock
from yingke.kernel.errors import NotFound, TooLarge

CHUNK = 1 << 20
MIN_AGE = DAY  # whoever puts a file writes the row that names it within this

_HASH = re.compile(r"[0-9a-f]{64}")


class Blob(NamedTuple):
    """A stored file: its SHA-256 in hexadecimal and its size in bytes."""

    hash: str
    size: int


class Draft:
    """A file that is coming in; it is kept by `keep`, or leaves nothing behind."""

    def __init__(self, blobs: Blobs, limit: int) -> None:
        self._blobs = blobs
        self._limit = limit
        self._path = blobs.drafts / secrets.token_hex(16)
        self._file = self._path.open("xb")
        self._hash = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Add a piece. Raises TooLarge beyond the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge("file_too_large", {"limit": self._limit})
        self._hash.update(data)
        self._file.write(data)

    def keep(self) -> Blob:
        """Make it last; only after this may a row name it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        blob = Blob(self._hash.hexdigest(), self.size)
        self._blobs.adopt(self._path, blob.hash)
        return blob


class Blobs:
    """The files of one installation. Everything here waits for the disk: call it on a thread, or by `receive`."""

    def __init__(self, data_dir: Path, *, clock: Clock = system_clock) -> None:
        self.root = data_dir / "blobs"
        self.drafts = self.root / "drafts"
        self._clock = clock
        self.drafts.mkdir(parents=True, exist_ok=True)
        _sync_folder(self.root)

    def draft(self, limit: int) -> Draft:
        """Begin a file of at most `limit` bytes."""
        return Draft(self, limit)

    def put(self, chunks: Iterable[bytes], limit: int) -> Blob:
        """Store a file. Raises TooLarge beyond `limit` bytes."""
        with self.draft(limit) as draft:
            for chunk in chunks:
                draft.write(chunk)
            return draft.keep()

    async def receive(self, chunks: AsyncIterable[bytes], limit: int) -> Blob:
        """The same for a file that comes over the network; the disk is waited for on a thread."""
        draft = await asyncio.to_thread(self.draft, limit)
        try:
            waiting = bytearray()
            async for chunk in chunks:
                waiting += chunk
                if len(waiting) >= CHUNK:
                    await asyncio.to_thread(draft.write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(draft.write, bytes(waiting))
            return await asyncio.to_thread(draft.keep)
        finally:
            draft.__exit__(None, None, None)

    def path(self, hash_: str) -> Path:
        """Where the file is. Raises NotFound for what is no hash, or not stored."""
        path = self._place(hash_)
        if not path.is_file():
            raise NotFound()
        return path

    def size(self, hash_: str) -> int:
        """In bytes. Raises NotFound."""
        return self.path(hash_).stat().st_size

    def open(self, hash_: str) -> BinaryIO:
        """Raises NotFound."""
        return self.path(hash_).open("rb")

    def read(self, hash_: str) -> bytes:
        """Raises NotFound."""
        return self.path(hash_).read_bytes()

    def chunks(self, hash_: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, piece by piece. Raises NotFound."""
        with self.open(hash_) as file:
            file.seek(start)
            left = None if stop is None else max(0, stop - start)
            while data := file.read(CHUNK if left is None else min(CHUNK, left)):
                if left is not None:
                    left -= len(data)
                yield data

    def verify(self, hash_: str) -> Literal["whole", "damaged", "missing"]:
        """Whether the file is there and still what its name says."""
        found = hashlib.sha256()
        try:
            for chunk in self.chunks(hash_):
                found.update(chunk)
        except NotFound:
            return "missing"
        return "whole" if found.hexdigest() == hash_ else "damaged"

    def stored(self) -> Iterator[str]:
        """Every hash there is."""
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            yield from (path.name for path in folder.iterdir() if _HASH.fullmatch(path.name))

    def sweep(
        self, referenced: Callable[[Collection[str]], Collection[str]], *, min_age: int = MIN_AGE
    ) -> list[str]:
        """Delete the files that no row names and that nobody put within `min_age` microseconds; answers their hashes.

        referenced: of some hashes, those that rows name.
        """
        before = (self._clock() - min_age) / 1e6
        for path in list(self.drafts.iterdir()):
            if _HASH.fullmatch(path.name):  # a sweep was interrupted
                self.adopt(path, path.name)
            elif _older(path, before):
                path.unlink(missing_ok=True)
        gone: list[str] = []
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            old = [
                path.name for path in folder.iterdir() if _HASH.fullmatch(path.name) and _older(path, before)
            ]
            kept = referenced(old) if old else ()
            gone += [hash_ for hash_ in old if hash_ not in kept and self._remove(hash_, before)]
        return gone

    def _remove(self, hash_: str, before: float) -> bool:
        """Taken out of its place first: whoever puts the same file now either finds it gone, or is seen by its time."""
        aside = self.drafts / hash_
        try:
            self._place(hash_).replace(aside)
            if not _older(aside, before):
                self.adopt(aside, hash_)
                return False
            aside.unlink()
        except FileNotFoundError:  # another process sweeps too
            return False
        return True

    def adopt(self, path: Path, hash_: str) -> None:
        """Give a synced file its place; where an equal one is, that one is young again."""
        place = self._place(hash_)
        try:
            now = self._clock() / 1e6
            os.utime(place, (now, now))
            path.unlink()
        except FileNotFoundError:
            if not place.parent.is_dir():
                place.parent.mkdir(exist_ok=True)
                _sync_folder(self.root)
            path.replace(place)
        _sync_folder(place.parent)

    def _place(self, hash_: str) -> Path:
        if not _HASH.fullmatch(hash_):
            raise NotFound()
        return self.root / hash_[:2] / hash_


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, and needs no sync
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
