"""`watcher put --wait`: each document to its end, or what still goes on when the time is up."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.clocks import SetClock
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica
from rich.console import Console

from watcher.cli.follow import Follower
from watcher.domain import exits
from watcher.domain.document import Document
from watcher.settings import S3, Settings, Storage
from watcher.storage.memory import MemoryStore

ON_A_BUCKET = Settings(s3=S3(endpoint="https://s3.cloud.ru", bucket="scans", access_key="test", secret_key="test-secret"))


class Room:
    """A store, a replica, and somebody who waits; `meanwhile` happens while they pause, one call after the other."""

    def __init__(self, replica: InProcessReplica, store: MemoryStore) -> None:
        self.replica, self.store, self.time, self.said = replica, store, SetClock(), io.StringIO()
        self.meanwhile: list[Callable[[], object]] = []
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time.seconds += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def follow(self, *documents: Document, settings: Settings = ON_A_BUCKET, timeout: float | None = None, terminal: bool = False) -> int:
        console = Console(file=self.said, force_terminal=terminal, width=200, color_system=None)
        return Follower(settings, self.store, LAYOUT, console, timeout, self.time.clock, self.pause).follow(list(documents))

    @property
    def lines(self) -> list[str]:
        return [line for line in self.said.getvalue().splitlines() if line and not line.startswith("reading")]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    store = MemoryStore()
    with in_process_replica("reader-1", store, tmp_path) as replica:
        yield Room(replica, store)


def test_a_finished_document_is_told_with_its_preview_and_its_markdown(room: Room) -> None:
    document = drop(room.store, "договор №1.pdf", "one")
    room.meanwhile.append(lambda: room.replica.attempt(document))
    assert room.follow(document) == exits.OK
    there = "processed/%D0%B4%D0%BE%D0%B3%D0%BE%D0%B2%D0%BE%D1%80%20%E2%84%961.pdf"
    assert room.lines == [
        "incoming/договор №1.pdf: finished",
        f"    preview   https://s3.cloud.ru/scans/{there}/{document.version}/preview.html",
        f"    Markdown  s3://scans/processed/договор №1.pdf/{document.version}/document.md",
        "a private bucket asks for a login at these addresses: `watcher get NAME` downloads what was read",
    ]
    assert "test-secret" not in room.said.getvalue()


def test_on_a_folder_paths_are_told(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = drop(room.store, "a b.pdf", "one")
    room.replica.attempt(document)
    assert room.follow(document, settings=Settings(storage=Storage(folder="data"))) == exits.OK
    there = f"{tmp_path}/data/processed/a b.pdf/{document.version}"
    assert room.lines[1:] == [f"    preview   {there}/preview.html", f"    Markdown  {there}/document.md"]


def test_a_terminal_can_open_them_at_a_click(room: Room, tmp_path: Path) -> None:
    document = drop(room.store, "a b.pdf", "one")
    room.replica.attempt(document)
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=200)
    settings = Settings(storage=Storage(folder=str(tmp_path / "data")))
    Follower(settings, room.store, LAYOUT, console, None, room.time.clock, room.pause).follow([document])
    assert f"file://{tmp_path}/data/processed/a%20b.pdf/{document.version}/preview.html\x1b\\" in said.getvalue()


def test_a_failed_one_is_told_with_its_code_its_sentence_and_its_report(room: Room) -> None:
    good, bad = drop(room.store, "a.pdf", "one"), drop(room.store, "b.pdf", "!damaged")
    room.meanwhile += [lambda: room.replica.attempt(bad), lambda: room.replica.attempt(good)]
    assert room.follow(good, bad) == exits.SOME_FAILED
    assert re.fullmatch(r"incoming/b\.pdf: corrupt_pdf: The PDF is damaged .*", room.lines[0])
    assert room.lines[1] == f"    more in   s3://scans/failed/b.pdf/{bad.version}/error.json"
    assert room.lines[2] == "incoming/a.pdf: finished"


def test_one_that_somebody_took_back_is_no_success(room: Room) -> None:
    document = drop(room.store, "a.pdf", "one")
    room.store.delete(document.key)
    assert room.follow(document) == exits.SOME_FAILED
    assert room.lines == ["incoming/a.pdf: left the inbox before it was read: somebody removed or replaced it"]


def test_a_report_that_is_none_of_ours_ends_the_wait(room: Room) -> None:
    document = drop(room.store, "a.pdf", "!damaged")
    room.replica.attempt(document)
    room.store.put(f"failed/a.pdf/{document.version}/error.json", b"{}", "")
    assert room.follow(document) == exits.SOME_FAILED
    assert "none of ours" in room.lines[0]


def test_names_cannot_drive_the_terminal(room: Room) -> None:
    document = drop(room.store, "a\x1b[2J\u202e.pdf", "one")
    room.replica.attempt(document)
    room.follow(document)
    assert "\x1b" not in room.said.getvalue()
    assert "\u202e" not in room.said.getvalue()
    assert "incoming/a\\x1b[2J\\u202e.pdf: finished" in room.lines


def test_when_the_time_is_up_it_is_told_what_goes_on(room: Room) -> None:
    begun, pending = drop(room.store, "a.pdf", "one\ntwo\nthree"), drop(room.store, "b.pdf", "one")

    def begin() -> None:
        claim = room.replica.acquire(begun)
        claim.pages_done, claim.pages_total = 1, 3
        assert claim.renew()

    room.meanwhile.append(begin)
    assert room.follow(begun, pending, timeout=2.5) == exits.UNFINISHED
    assert room.pauses == [1.0, 1.0, 0.5]
    assert room.lines == [
        "time is up, and these have not ended: 2; they go on, and `watcher status` tells of them",
        "incoming/a.pdf: in progress on reader-1, attempt 1: 1 of 3 pages done",
        "incoming/b.pdf: pending: no replica has begun it",
    ]


def test_of_many_that_go_on_the_first_are_told(room: Room) -> None:
    documents = [drop(room.store, f"{number}.pdf", "one") for number in range(8)]
    assert room.follow(*documents, timeout=0) == exits.UNFINISHED
    assert room.pauses == []
    assert room.lines[1:] == [f"incoming/{number}.pdf: pending: no replica has begun it" for number in range(5)] + ["... and 3 more"]


def test_unfinished_outweighs_failed(room: Room) -> None:
    bad, pending = drop(room.store, "a.pdf", "!damaged"), drop(room.store, "b.pdf", "one")
    room.replica.attempt(bad)
    assert room.follow(bad, pending, timeout=0) == exits.UNFINISHED


@pytest.mark.parametrize(("name", "shown"), [("a[b].pdf", r"incoming/a\[b\]\.pdf"), ("long " * 40, r"incoming/[long ]+…")])
def test_a_terminal_shows_pages_as_they_are_read(room: Room, name: str, shown: str) -> None:
    document = drop(room.store, name, "one\ntwo\nthree")
    claims = []

    def begin() -> None:
        claims.append(room.replica.acquire(document))
        claims[0].pages_done, claims[0].pages_total = 2, 3
        assert claims[0].renew()

    room.meanwhile.append(begin)
    assert room.follow(document, timeout=2, terminal=True) == exits.UNFINISHED
    assert re.search(rf"  pages of {shown} .* 2/3", room.said.getvalue())
