"""The command line, as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from yingke import __version__
from yingke.app import cli
from yingke.kernel.settings import describe

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_wrong_settings_are_said_in_sentences_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["migrate", "--port", "many"]) == 2
    said = capsys.readouterr().err
    assert "port" in said
    assert "'many'" in said
    assert not list(tmp_path.glob("**/*.db"))


def test_the_demo_is_loaded_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 0
    assert "linfang@demo.example" in capsys.readouterr().out
    assert cli.main(["demo"]) == 1
    assert "already" in capsys.readouterr().err


def test_migrating_twice_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["migrate"]) == 0
    assert cli.main(["migrate"]) == 0
    assert "is up to date" in capsys.readouterr().out


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_the_documents_name_every_setting() -> None:
    page = (DOCS / "install.md").read_text(encoding="utf-8")
    for doc in describe():
        assert f"| `{doc.key}` | {doc.what} | {doc.default} | {doc.allowed} |" in page
