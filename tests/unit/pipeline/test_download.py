"""A result comes onto the disk whole and checked, or not at all; what a hostile manifest names goes nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica
from doubles.stores import HookedStore

from watcher.domain.manifest import Manifest
from watcher.domain.page import Output
from watcher.pipeline.download import Downloaded, NotDownloadedError, download, fetch_one, files_of
from watcher.pipeline.finished import Finished, finished_readings
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def replica(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    (tmp_path / "scratch").mkdir()
    with in_process_replica("one", store, tmp_path / "scratch") as one:
        yield one


@pytest.fixture
def finished(store: HookedStore, replica: InProcessReplica) -> Finished:
    replica.attempt(drop(store, "a.pdf", "one\nfigure"))
    (found,) = finished_readings(store, LAYOUT, "a.pdf")
    return found


def bring(store: HookedStore, finished: Finished, folder: Path, force: bool = False) -> Downloaded:
    return download(store, finished, folder, force=force, threads=3, came=lambda size: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def standing(store: HookedStore, finished: Finished) -> dict[str, bytes]:
    return {info.key.removeprefix(finished.folder): store.get(info.key)[1] for info in store.list(finished.folder)}


def gets(store: HookedStore) -> list[str]:
    seen: list[str] = []
    store.before.append(lambda verb, key: seen.append(key) if verb == "download" else None)
    return seen


def with_outputs(finished: Finished, *outputs: Output) -> Finished:
    manifest = finished.manifest.model_copy(update={"outputs": [*finished.manifest.outputs, *outputs]})
    return Finished(finished.folder, manifest, manifest.model_dump_json().encode())


def output(name: str, body: bytes = b"") -> Output:
    return Output(name=name, size=len(body), sha256=hashlib.sha256(body).hexdigest(), etag="")


def test_everything_comes_and_nothing_else(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    done = bring(store, finished, tmp_path / "deep" / "a")
    assert contents(tmp_path / "deep" / "a") == standing(store, finished)
    assert done == Downloaded(came=len(finished.manifest.outputs), stood=0, removed=0)


def test_bytes_are_told_once_each_also_of_what_stood_there(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    expected = sorted(one.size for one in finished.manifest.outputs)
    for _ in range(2):
        told: list[int] = []
        download(store, finished, tmp_path / "a", force=False, threads=2, came=told.append)
        assert sorted(told) == expected


def test_what_was_broken_off_goes_on_with_what_is_missing(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    def fail(verb: str, key: str) -> None:
        if verb == "download" and key.endswith("document.md"):
            raise UnavailableError("away")

    store.before.append(fail)
    with pytest.raises(UnavailableError):
        bring(store, finished, tmp_path / "a")
    assert "manifest.json" not in contents(tmp_path / "a")
    assert not list((tmp_path / "a").glob(".*"))
    store.before.clear()
    before, asked = set(contents(tmp_path / "a")), gets(store)
    bring(store, finished, tmp_path / "a")
    assert {key.removeprefix(finished.folder) for key in asked} == {one.name for one in finished.manifest.outputs} - before
    assert contents(tmp_path / "a") == standing(store, finished)


def test_the_same_again_asks_for_no_file(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    bring(store, finished, tmp_path / "a")
    asked = gets(store)
    assert bring(store, finished, tmp_path / "a") == Downloaded(0, len(finished.manifest.outputs), 0)
    assert asked == []


def test_a_file_that_differs_is_refused_before_anything_comes_and_overwritten_with_force(
    store: HookedStore, finished: Finished, tmp_path: Path
) -> None:
    (tmp_path / "document.md").write_text("my notes")
    asked = gets(store)
    with pytest.raises(NotDownloadedError, match=r"other files under these names: document\.md; name another folder, or .* --force"):
        bring(store, finished, tmp_path)
    assert (tmp_path / "document.md").read_text() == "my notes"
    assert asked == []
    bring(store, finished, tmp_path, force=True)
    assert (tmp_path / "document.md").read_bytes() == standing(store, finished)["document.md"]


def test_another_result_is_refused_and_replaced_whole_with_force(
    store: HookedStore, replica: InProcessReplica, finished: Finished, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    bring(store, finished, folder)
    (folder / "notes.txt").write_text("mine")
    replica.attempt(drop(store, "a.pdf", "other"))
    newer = finished_readings(store, LAYOUT, "a.pdf")[-1]
    assert newer.name != finished.name
    with pytest.raises(NotDownloadedError, match="holds another result"):
        bring(store, newer, folder)
    done = bring(store, newer, folder, force=True)
    assert done.removed == len({one.name for one in finished.manifest.outputs} - {one.name for one in newer.manifest.outputs}) > 0
    assert contents(folder) == {**standing(store, newer), "notes.txt": b"mine"}


def test_a_file_in_the_folders_place_is_told(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"the original")
    with pytest.raises(NotDownloadedError, match=r"a\.pdf is a file: name another folder"):
        bring(store, finished, tmp_path / "a.pdf", force=True)


@pytest.mark.parametrize("body", [b"longer than it was, or changed", b""])
def test_what_was_changed_in_the_bucket_does_not_appear(store: HookedStore, finished: Finished, tmp_path: Path, body: bytes) -> None:
    store.inner.put(finished.folder + "document.json", body, "")
    with pytest.raises(NotDownloadedError, match=r"document\.json was changed or damaged .*`watcher redo`"):
        bring(store, finished, tmp_path / "a")
    assert "document.json" not in contents(tmp_path / "a")
    assert "manifest.json" not in contents(tmp_path / "a")


def test_what_was_removed_from_the_bucket_is_told(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    store.inner.delete(finished.folder + "document.json")
    with pytest.raises(NotDownloadedError, match=r"document\.json does not stand there any more"):
        bring(store, finished, tmp_path / "a")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "pages/../../evil",
        "/etc/cron.d/evil",
        "C:\\evil",
        "C:evil",
        "pages\\evil",
        "pages//evil",
        "images/deep/evil",
        "other/evil",
        ".bashrc",
        "pages/.hidden",
        "evil\n",
        "evil\0",
        "dot.",
        "blank ",
        "",
        ".",
        "..",
        "pages",
        "images",
        "manifest.json",
        "Manifest.JSON",
        "con",
        "NUL.txt",
        "images/com1.jpg",
        "x" * 201,
        "имя",
    ],
)
def test_names_that_are_none_of_ours_are_refused_before_anything_is_written(
    store: HookedStore, finished: Finished, tmp_path: Path, name: str
) -> None:
    store.inner.put(finished.folder + (name or "x"), b"evil", "")
    with pytest.raises(NotDownloadedError, match="not written by this program"):
        bring(store, with_outputs(finished, output(name, b"evil")), tmp_path / "a" / "b")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["document.md", "DOCUMENT.md"])
def test_a_name_that_comes_twice_on_some_disks_is_refused(store: HookedStore, finished: Finished, name: str) -> None:
    with pytest.raises(NotDownloadedError, match="twice"):
        files_of(with_outputs(finished, output(name)).manifest)


@pytest.mark.parametrize("change", [{"size": -1}, {"sha256": ""}, {"sha256": "A" * 64}])
def test_sizes_and_hashes_that_cannot_be_are_refused(finished: Finished, change: dict[str, object]) -> None:
    with pytest.raises(NotDownloadedError, match="not written by this program"):
        files_of(with_outputs(finished, output("x.jpg").model_copy(update=change)).manifest)


def test_a_hostile_manifest_on_the_disk_removes_nothing(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    hostile = finished.manifest.model_copy(update={"outputs": [output("../victim")]})
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "manifest.json").write_text(hostile.model_dump_json())
    assert bring(store, finished, tmp_path / "a", force=True).removed == 0
    assert (tmp_path / "victim").read_text() == "mine"


def test_what_a_killed_download_left_is_cleared_up(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    left = tmp_path / ".watcher-partial-abc"
    left.mkdir()
    (left / ".in-use").touch()
    (left / "0").write_bytes(b"half")
    bring(store, finished, tmp_path)
    assert not left.exists()


def test_one_file_is_checked_too(store: HookedStore, finished: Finished, tmp_path: Path) -> None:
    fetch_one(store, finished, "document.md", tmp_path / "text")
    assert (tmp_path / "text").read_bytes() == standing(store, finished)["document.md"]
    with pytest.raises(NotDownloadedError, match=r"names no nothing\.md"):
        fetch_one(store, finished, "nothing.md", tmp_path / "text")
    store.inner.put(finished.folder + "document.md", b"changed", "")
    with pytest.raises(NotDownloadedError, match="changed or damaged"):
        fetch_one(store, finished, "document.md", tmp_path / "text")


def test_readings_come_oldest_first_and_rubbish_is_passed_over(store: HookedStore, replica: InProcessReplica, finished: Finished) -> None:
    replica.attempt(drop(store, "a.pdf", "newer"))
    store.inner.put("processed/a.pdf/aaaaaaaaaaaa/manifest.json", b"{}", "")
    store.inner.put("processed/a.pdf/notes/manifest.json", finished.body, "")
    found = finished_readings(store, LAYOUT, "a.pdf")
    assert [one.manifest.source.size for one in found] == [10, 5]
    assert [Manifest.model_validate_json(one.body) for one in found] == [one.manifest for one in found]
