"""`watcher get`: results on this disk, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from doubles.failed import fail
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica, manifest_of

from watcher.cli.get import folder_name, get
from watcher.domain import exits
from watcher.domain.waits import Wait
from watcher.opening import utc_now
from watcher.pipeline.finished import Finished, finished_readings
from watcher.settings import Settings, Storage
from watcher.storage.folder import FolderStore

Get = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "data", None, 0, utc_now)


@pytest.fixture
def replica(store: FolderStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    (tmp_path / "scratch").mkdir()
    with in_process_replica("reader-1", store, tmp_path / "scratch") as one:
        yield one


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Get:
    settings = Settings(storage=Storage(folder=str(tmp_path / "data"), settle_seconds=0))

    def call(
        key: str, folder: str | None = None, version: str | None = None, force: bool = False, markdown: bool = False
    ) -> tuple[int, str, str]:
        capsys.readouterr()  # what the replica logged
        code = get(settings, key, Path(folder) if folder else None, version=version, force=force, markdown=markdown)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.mark.parametrize(
    "key", ["scans/a.pdf", "incoming/scans/a.pdf", "processed/scans/a.pdf", "processed/scans/a.pdf/", "failed/scans/a.pdf"]
)
def test_a_document_is_named_in_any_way(store: FolderStore, replica: InProcessReplica, run: Get, key: str) -> None:
    document = drop(store, "scans/a.pdf", "one")
    replica.attempt(document)
    code, out, err = run(key)
    assert (code, out.split()) == (exits.OK, ["a/preview.html", "a/document.md"])
    assert f"version {document.version}, 1 page; files: " in err
    assert Path("a/document.md").read_bytes() == store.get(LAYOUT.result(document) + "document.md")[1]


def test_a_name_that_cannot_stand_in_the_bucket_is_found_under_its_hash_too(
    store: FolderStore, replica: InProcessReplica, run: Get
) -> None:
    name = "a\x1b[2J.pdf"
    document = drop(store, name, "one")
    assert document.path.startswith("~")
    replica.attempt(document)
    for key in (name, document.path, f"processed/{document.path}"):
        code, out, _ = run(key)
        assert (code, out.split()) == (exits.OK, ["a_[2J/preview.html", "a_[2J/document.md"])


def test_the_newest_version_comes_and_another_by_its_name(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    first, second = drop(store, "a.pdf", "one"), None
    replica.attempt(first)
    replica.time.seconds += 60
    second = drop(store, "a.pdf", "two")
    replica.attempt(second)
    assert run("a.pdf", markdown=True)[1].splitlines()[-1] == "two"
    for key, version in (("a.pdf", first.version), (f"processed/a.pdf/{first.version}/preview.html", None)):
        assert run(key, version=version, markdown=True)[1].splitlines()[-1] == "one"
    code, _, err = run("a.pdf", version="aaaaaaaaaaaa")
    assert code == exits.ERROR
    assert f"no finished version aaaaaaaaaaaa; there are {first.version}, {second.version}" in err


def test_markdown_is_written_as_it_stands_and_no_file_appears(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    document = drop(store, "a.pdf", "слово")
    replica.attempt(document)
    assert run("a.pdf", markdown=True) == (exits.OK, store.get(LAYOUT.result(document) + "document.md")[1].decode(), "")
    assert list(Path().iterdir()) == []


def test_other_files_are_left_alone_without_force(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    replica.attempt(drop(store, "a.pdf", "one"))
    Path("out").mkdir()
    Path("out/document.md").write_text("mine")
    code, out, err = run("a.pdf", "out")
    assert (code, out) == (exits.ERROR, "")
    assert "a.pdf: out holds other files under these names: document.md" in err
    assert run("a.pdf", "out", force=True)[0] == exits.OK


def test_what_no_replica_has_begun_is_pending(store: FolderStore, run: Get) -> None:
    drop(store, "a.pdf", "one")
    assert run("a.pdf") == (exits.UNFINISHED, "", "a.pdf: pending: no replica has begun it\n")


def test_pages_of_a_document_in_progress_are_told(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    claim = replica.acquire(drop(store, "a.pdf", "one"))
    assert run("a.pdf")[2] == "a.pdf: in progress on reader-1, attempt 1: no page done yet\n"
    claim.pages_done, claim.pages_total = 3, 12
    assert claim.renew()
    assert run("a.pdf") == (exits.UNFINISHED, "", "a.pdf: in progress on reader-1, attempt 1: 3 of 12 pages done\n")


def test_why_a_document_waits_is_told(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    assert replica.acquire(drop(store, "a.pdf", "one")).wait(60, None, charged=False, reason=Wait.STORE_FAILED.value)
    code, _, err = run("a.pdf")
    assert code == exits.UNFINISHED
    assert err.startswith("a.pdf: waiting (store_failed): tried again ")


def test_why_a_document_failed_is_told_and_where_more_stands(
    store: FolderStore, replica: InProcessReplica, run: Get, tmp_path: Path
) -> None:
    document = drop(store, "a.pdf", "!damaged")
    replica.attempt(document)
    code, out, err = run("a.pdf")
    assert (code, out) == (exits.SOME_FAILED, "")
    assert err.startswith("a.pdf: failed, corrupt_pdf: The PDF is damaged")
    assert f"{tmp_path}/data/failed/a.pdf/{document.version}/error.json; `watcher retry`" in err


def test_a_report_that_is_none_of_ours_is_told_as_such(store: FolderStore, run: Get) -> None:
    store.put("failed/a.pdf/aaaaaaaaaaaa/error.json", b"{}", "")
    code, _, err = run("a.pdf")
    assert (code, "none of ours" in err) == (exits.SOME_FAILED, True)


def test_an_unknown_name_is_an_error_and_cannot_drive_the_terminal(run: Get) -> None:
    code, out, err = run("nobody\x1b[2J.pdf")
    assert (code, out) == (exits.ERROR, "")
    assert "nobody\\x1b[2J.pdf: there is no such document in " in err
    assert "\x1b" not in err


def test_of_a_newer_drop_it_is_told_that_it_is_not_finished(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    replica.attempt(drop(store, "a.pdf", "one"))
    drop(store, "a.pdf", "two")
    code, _, err = run("a.pdf")
    assert code == exits.OK
    assert "a.pdf: this is what was finished last; of a newer drop: pending: no replica has begun it" in err


@pytest.mark.parametrize(("later", "told"), [(timedelta(days=3650), True), (timedelta(days=-3650), False)])
def test_of_a_newer_drop_that_failed_too(store: FolderStore, replica: InProcessReplica, run: Get, later: timedelta, told: bool) -> None:
    document = drop(store, "a.pdf", "one")
    replica.attempt(document)
    fail(store, LAYOUT, "a.pdf", "corrupt_pdf", manifest_of(store, document).source.dropped_at + later)
    assert ("of a newer drop: failed, corrupt_pdf" in run("a.pdf")[2]) is told


def test_a_source_that_is_kept_in_the_inbox_is_no_newer_drop(store: FolderStore, replica: InProcessReplica, run: Get) -> None:
    replica = replica.with_rules(retention="keep")
    replica.attempt(drop(store, "a.pdf", "one"))
    assert store.head("incoming/a.pdf")
    assert "newer" not in run("a.pdf")[2]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("letter.pdf", "letter"),
        ("scans/отчёт 2024.v2.PDF", "отчёт 2024.v2"),
        ("no ending", "no ending"),
        ("v1.2", "v1.2"),
        (".pdf", "_.pdf"),
        (".ssh", "_.ssh"),
        ("COM¹.pdf", "_COM¹"),
        ("conout$", "_conout$"),
        ("..", "_"),
        ("...", "_"),
        ("con.pdf", "_con"),
        ("LPT1.x.pdf", "_LPT1.x"),
        ("a:b?c*.pdf", "a_b_c_"),
        ("a\\b\x1b\u202e.pdf", "a_b__"),
        ("-rf.pdf", "_-rf"),
        ("dot. .pdf", "dot"),
        ("ж" * 150 + ".pdf", "ж" * 100),
        ("\ud800.pdf", "_"),
    ],
)
def test_the_folder_has_a_name_that_any_disk_can_hold(store: FolderStore, replica: InProcessReplica, name: str, folder: str) -> None:
    replica.attempt(drop(store, "a.pdf", "one"))
    (found,) = finished_readings(store, LAYOUT, "a.pdf")
    source = found.manifest.source.model_copy(update={"key": f"incoming/{name}"})
    named = folder_name(Finished(found.folder, found.manifest.model_copy(update={"source": source}), b""))
    assert named == folder
    assert "/" not in named
