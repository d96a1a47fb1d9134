"""What `watcher status` prints of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.clocks import START
from doubles.failed import fail

from watcher.app import layout_of, utc_now
from watcher.cli.status import status
from watcher.domain.fleet import Ends, Fleet
from watcher.settings import Settings, Storage
from watcher.storage.folder import FolderStore


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("COLUMNS", "200")
    return Settings(storage=Storage(folder=str(tmp_path / "data")))


def fail_all(settings: Settings, names: list[str]) -> None:
    store = FolderStore(Path(settings.storage.folder), None, 0, utc_now)
    for name in names:
        fail(store, layout_of(settings), name, "CORRUPT_PDF", START)


def lines_of(settings: Settings, capsys: pytest.CaptureFixture[str], part: str) -> list[str]:
    status(settings)
    return [line for line in capsys.readouterr().out.splitlines() if part in line]


def test_failed_ones_are_listed_by_name_code_and_time(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, ["счёт.pdf"])
    (line,) = lines_of(settings, capsys, "incoming/")
    assert line.split()[:2] == ["incoming/счёт.pdf", "CORRUPT_PDF"]
    assert " s ago" in line


def test_ten_are_listed_and_the_rest_is_counted(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, [f"{number}.pdf" for number in range(13)])
    assert len(lines_of(settings, capsys, "incoming/")) == 10
    assert lines_of(settings, capsys, "more") == ["... and 3 more"]


def test_ten_are_all_that_there_are(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, [f"{number}.pdf" for number in range(10)])
    assert lines_of(settings, capsys, "more") == []


def test_a_name_cannot_drive_the_terminal(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, ["a\x1b[2J\u202e.pdf"])
    (line,) = lines_of(settings, capsys, "incoming/")
    assert line.isprintable()
    assert "incoming/a\\x1b[2J\\u202e.pdf" in line


def test_what_was_dropped_this_moment_is_pending(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    inbox = Path(settings.storage.folder) / "incoming"
    inbox.mkdir(parents=True)
    (inbox / "a.pdf").write_bytes(b"%PDF")
    unsettled = settings.model_copy(update={"storage": settings.storage.model_copy(update={"settle_seconds": 3600.0})})
    (line,) = lines_of(unsettled, capsys, "pending ")
    assert line.split() == ["pending", "1", "oldest", "0", "s:", "incoming/a.pdf"]


def test_json_is_one_document_that_a_terminal_cannot_be_driven_by(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, ["a\x1b[2J\u202e.pdf", "счёт.pdf"])
    status(settings, as_json=True)
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    fleet = Fleet.model_validate_json(printed)
    assert {one.key for one in fleet.failed.newest} == {"incoming/a\x1b[2J\u202e.pdf", "incoming/счёт.pdf"}
    assert (fleet.finished, fleet.requests) == (Ends(documents=0, last_hour=0, last_day=0), None)
