"""Files by their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import FakeClock
from yingke.kernel import blobs as module
from yingke.kernel.blobs import Blobs
from yingke.kernel.errors import NotFound, TooLarge

HELLO = hashlib.sha256(b"hello").hexdigest()


@pytest.fixture
def blobs(tmp_path: Path, clock: FakeClock) -> Blobs:
    return Blobs(tmp_path, clock=clock)


def files(blobs: Blobs) -> list[str]:
    return sorted(path.name for path in blobs.root.rglob("*") if path.is_file())


def nothing(_: Collection[str]) -> Collection[str]:
    return ()


def test_a_file_is_found_by_its_content_and_kept_once(blobs: Blobs) -> None:
    assert blobs.put([b"hel", b"", b"lo"], 5) == (HELLO, 5)
    assert blobs.put([b"hello"], 5) == (HELLO, 5)
    assert blobs.path(HELLO) == blobs.root / HELLO[:2] / HELLO
    assert files(blobs) == list(blobs.stored()) == [HELLO]
    assert (blobs.read(HELLO), blobs.size(HELLO)) == (b"hello", 5)
    assert b"".join(blobs.chunks(HELLO, 1, 4)) == b"ell"
    assert b"".join(blobs.chunks(HELLO, 3)) == b"lo"
    assert blobs.put([], 5).size == 0


def test_too_large_leaves_nothing_behind(blobs: Blobs) -> None:
    with pytest.raises(TooLarge) as caught:
        blobs.put([b"hel", b"lo!"], 5)
    assert caught.value.params == {"limit": 5}
    assert files(blobs) == []


async def test_a_file_comes_in_over_the_network(blobs: Blobs) -> None:
    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 700_000

    blob = await blobs.receive(chunks(4), 3_000_000)
    assert blob.size == 2_800_000
    assert blobs.verify(blob.hash) == "whole"
    with pytest.raises(TooLarge):
        await blobs.receive(chunks(5), 3_000_000)
    assert files(blobs) == [blob.hash]

    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await blobs.receive(broken(), 10)
    assert files(blobs) == [blob.hash]


@pytest.mark.parametrize(
    "name", ["", "../secret", HELLO.upper(), HELLO + "\n", HELLO[:-1], "../" * 20 + HELLO]
)
def test_what_is_no_hash_is_not_there(blobs: Blobs, name: str) -> None:
    blobs.put([b"hello"], 5)
    for ask in (blobs.path, blobs.read, blobs.size, blobs.open):
        with pytest.raises(NotFound):
            ask(name)
    assert blobs.verify(name) == "missing"


def test_damage_is_found(blobs: Blobs) -> None:
    blobs.put([b"hello"], 5)
    assert blobs.verify(HELLO) == "whole"
    blobs.path(HELLO).write_bytes(b"hullo")
    assert blobs.verify(HELLO) == "damaged"


def test_a_file_is_synced_before_and_its_folder_after_it_is_named(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def seen(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            steps.append(name)
            return real(*args)

        return call

    monkeypatch.setattr(os, "fsync", seen("file", os.fsync))
    monkeypatch.setattr(Path, "replace", seen("rename", Path.replace))
    monkeypatch.setattr(module, "_sync_folder", seen("folder", lambda path: None))
    blobs.put([b"hello"], 5)
    assert steps == ["file", "folder", "rename", "folder"]


def test_only_old_files_without_a_row_are_swept(blobs: Blobs, clock: FakeClock) -> None:
    kept, gone = blobs.put([b"kept"], 9).hash, blobs.put([b"gone"], 9).hash
    young = blobs.put([b"young"], 9).hash
    for hash_ in (kept, gone, young):  # the file system has its own clock
        blobs.put([{kept: b"kept", gone: b"gone", young: b"young"}[hash_]], 9)
    clock.advance(2 * 86400)
    blobs.put([b"young"], 9)
    asked: list[str] = []

    def referenced(hashes: Collection[str]) -> Collection[str]:
        asked.extend(hashes)
        return {kept}

    assert blobs.sweep(referenced) == [gone]
    assert sorted(asked) == sorted([kept, gone])
    assert sorted(blobs.stored()) == sorted([kept, young])


def test_a_file_put_while_it_is_swept_stays(blobs: Blobs, clock: FakeClock) -> None:
    blobs.put([b"hello"], 5)
    blobs.put([b"hello"], 5)
    clock.advance(2 * 86400)

    def referenced(_: Collection[str]) -> Collection[str]:
        blobs.put([b"hello"], 5)
        return ()

    assert blobs.sweep(referenced) == []
    assert blobs.read(HELLO) == b"hello"


def test_an_interrupted_sweep_is_mended_and_old_drafts_go(blobs: Blobs, clock: FakeClock) -> None:
    blobs.put([b"hello"], 5)
    blobs.path(HELLO).replace(blobs.drafts / HELLO)
    draft = blobs.draft(10)
    draft.write(b"x")
    blobs.sweep(nothing)
    assert blobs.read(HELLO) == b"hello"
    assert len(files(blobs)) == 2
    clock.now += 10**15
    blobs.sweep(lambda hashes: hashes)
    assert files(blobs) == [HELLO]
    draft.__exit__(None, None, None)
