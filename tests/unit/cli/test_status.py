"""What `watcher status` prints of the failed ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.clocks import START
from doubles.failed import fail

from watcher.app import layout_of, utc_now
from watcher.cli.status import status
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
    assert [cell.strip() for cell in line.split("│")[1:3]] == ["incoming/счёт.pdf", "CORRUPT_PDF"]
    assert " s ago" in line


def test_ten_are_listed_and_the_rest_is_counted(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fail_all(settings, [f"{number}.pdf" for number in range(13)])
    assert len(lines_of(settings, capsys, "incoming/")) == 10
    assert lines_of(settings, capsys, "more") == ["... and 3 more under failed/"]


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
    status(unsettled)
    (counts,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert counts.split("│")[1].strip() == "1"
