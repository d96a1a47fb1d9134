"""Names for a shell: few, soon, harmless, and none where anything is wrong."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from doubles.clocks import START
from doubles.failed import fail
from doubles.replica import LAYOUT, drop, in_process_replica
from doubles.stores import HookedStore

from watcher.cli import complete
from watcher.cli.complete import documents, failed_names, finished_names
from watcher.opening import utc_now
from watcher.storage.folder import FolderStore
from watcher.storage.memory import MemoryStore


def context(config: object = None) -> Any:
    """As typer hands it over."""
    return SimpleNamespace(params={"config": config})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    monkeypatch.setenv("WATCHER_STORAGE__FOLDER", str(tmp_path / "data"))
    return FolderStore(tmp_path / "data", None, 0, utc_now)


def finish(store: Any, *names: str) -> None:
    for name in names:
        for file in (
            "aaaaaaaaaaaa/document.json",
            "aaaaaaaaaaaa/manifest.json",
            "aaaaaaaaaaaa-2/manifest.json",
            "index.html",
            "latest.json",
        ):
            store.put(f"processed/{name}/{file}", b"{}", "")


def test_finished_documents_and_failed_ones_are_told_apart(store: FolderStore) -> None:
    finish(store, "scans/a.pdf", "scans/б.pdf", "letter.pdf")
    fail(store, LAYOUT, "scans/broken.pdf", "corrupt_pdf", START)
    assert finished_names(context(), "") == ["letter.pdf", "scans/a.pdf", "scans/б.pdf"]
    assert finished_names(context(), "scans/") == ["scans/a.pdf", "scans/б.pdf"]
    assert finished_names(context(), "scans/б") == ["scans/б.pdf"]
    assert finished_names(context(), "x") == []
    assert failed_names(context(), "") == ["scans/broken.pdf"]


def test_the_settings_file_of_the_command_line_counts(tmp_path: Path) -> None:
    finish(FolderStore(tmp_path / "elsewhere", None, 0, utc_now), "a.pdf")
    (tmp_path / "watcher.toml").write_text(f'[storage]\nfolder = "{tmp_path}/elsewhere"\n')
    assert finished_names(context(tmp_path / "watcher.toml"), "") == ["a.pdf"]


def test_a_name_with_that_of_a_result_in_it_is_whole_and_passed_by_once() -> None:
    """Cut in its midst it would be listed again and again: what the cut name leads to comes before it."""
    store = HookedStore(MemoryStore())
    for number in range(30):
        store.put(f"processed/a/index.html.pdf/aaaaaaaaaaaa/pages/{number:04}.json", b"", "")
    finish(store, "b.pdf")
    assert list(islice(documents(store, "processed/", ""), 3)) == ["a/index.html.pdf", "b.pdf"]
    assert len([verb for verb, _ in store.requests if verb == "list"]) < 5


def test_what_a_replica_really_writes_is_one_name(tmp_path: Path) -> None:
    store = MemoryStore()
    with in_process_replica("one", store, tmp_path) as replica:
        for name in ("a.pdf", "scans/b.pdf"):
            replica.attempt(drop(store, name, "one\nfigure"))
        replica.attempt(drop(store, "c.pdf", "!damaged"))
    assert list(documents(store, "processed/", "")) == ["a.pdf", "scans/b.pdf"]
    assert list(documents(store, "failed/", "")) == ["c.pdf"]


@pytest.mark.parametrize(
    "name",
    [
        "$(touch pwned)",
        "`id`.pdf",
        "a;b",
        "a|b",
        "a&b",
        "a>b",
        "a<(id)",
        'a"b',
        "a'b",
        "a\\",
        "a*",
        "a?",
        "a[b]",
        "{a,b}",
        "a!b",
        "a#b",
        "a=b",
        "a:b",
        "a@b",
        "a^b",
        "a\nb",
        "a\x1b[2J",
        "a\u202eb",
        "a\u00a0b",
        "-rf",
        "~root",
        "\x7f",
    ],
)
def test_no_name_that_a_shell_would_obey_is_offered(name: str) -> None:
    store = MemoryStore()
    finish(store, "a harmless name 1.pdf", name)
    assert list(documents(store, "processed/", "")) == ["a harmless name 1.pdf"]


def test_long_documents_are_skipped_not_listed() -> None:
    store = HookedStore(MemoryStore())
    for name in ("a.pdf", "b.pdf"):
        for page in range(500):
            store.put(f"processed/{name}/aaaaaaaaaaaa/pages/{page:04d}.jpg", b"", "")
    finish(store, "a.pdf0", "c.pdf")
    seen = 0

    class Counting:
        def list(self, prefix: str, after: str = "") -> Iterator[Any]:
            nonlocal seen
            for info in store.list(prefix, after):
                seen += 1
                yield info

    assert list(documents(Counting(), "processed/", "")) == ["a.pdf", "a.pdf0", "b.pdf", "c.pdf"]  # type: ignore[arg-type]
    assert seen < 100


def test_of_many_the_first_are_offered(store: FolderStore) -> None:
    for number in range(complete.MOST_NAMES + 5):
        store.put(f"processed/{number:03d}.pdf/index.html", b"", "")
    assert finished_names(context(), "") == [f"{number:03d}.pdf" for number in range(complete.MOST_NAMES)]


@pytest.mark.parametrize(
    ("environ", "written"),
    [
        ({"_WATCHER_COMPLETE": "complete_bash", "COMP_WORDS": "watcher\nget\na", "COMP_CWORD": "2"}, "a\\ b.pdf"),
        ({"_WATCHER_COMPLETE": "complete_bash", "COMP_WORDS": "watcher\nget", "COMP_CWORD": "2"}, "a\\ b.pdf"),
        ({"_WATCHER_COMPLETE": "complete_bash", "COMP_WORDS": 'watcher\nget\n"a', "COMP_CWORD": "2"}, "a b.pdf"),
        ({"_WATCHER_COMPLETE": "complete_bash", "COMP_WORDS": "watcher\nget\n'a", "COMP_CWORD": "2"}, "a b.pdf"),
        ({"_WATCHER_COMPLETE": "complete_zsh"}, "a b.pdf"),
        ({"_WATCHER_COMPLETE": "complete_fish"}, "a b.pdf"),
    ],
)
def test_blanks_are_escaped_where_the_shell_does_not(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], written: str
) -> None:
    finish(store, "a b.pdf")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (found,) = finished_names(context(), "a ")
    assert found.startswith("a b")
    assert f"{found}" == written


@pytest.mark.parametrize(
    "environ", [{"WATCHER_WATCH__POLL_SECONDS": "soon"}, {"WATCHER_STORAGE__FOLDER": "/dev/null/x"}, {"CLOUDRU_S3_ENDPOINT": "nowhere"}]
)
def test_what_is_wrong_is_not_said_here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert finished_names(context(), "") == []
    assert capfd.readouterr() == ("", "")


def test_a_store_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in {
            "CLOUDRU_S3_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "CLOUDRU_S3_BUCKET": "bucket",
            "CLOUDRU_S3_ACCESS_KEY": "test",
            "CLOUDRU_S3_SECRET_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(complete, "SECONDS", 0.5)
        started = time.monotonic()
        assert finished_names(context(), "") == []
        assert time.monotonic() - started >= 0.5  # it was asked, and its answer awaited no longer
    assert capfd.readouterr() == ("", "")
