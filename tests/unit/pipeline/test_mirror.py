"""The local copy of finished results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica, manifest_of, names
from doubles.stores import HookedStore
from structlog.testing import capture_logs

from watcher.domain.document import Document
from watcher.pipeline import mirror as mirror_module
from watcher.pipeline.attempt import End
from watcher.pipeline.mirror import Mirror
from watcher.pipeline.scratch import own_folder
from watcher.storage.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def replica(store: MemoryStore, folder: Path, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path / "scratch") as one:
        yield mirrored(one, folder, 10**7)


def test_the_original_is_copied_from_where_it_was_read_and_not_asked_for_again(tmp_path: Path, folder: Path) -> None:
    hooked = HookedStore(MemoryStore())
    with in_process_replica("one", hooked, tmp_path / "scratch") as one:
        document = drop(hooked, "a.pdf", "one")
        assert mirrored(one, folder, 10**7).attempt(document) is End.DONE
    assert (folder / LAYOUT.result(document) / "source.pdf").read_bytes() == hooked.get(LAYOUT.result(document) + "source.pdf")[1]
    assert [key for verb, key in hooked.requests if verb == "download"] == [document.key]


def mirrored(replica: InProcessReplica, folder: Path, max_bytes: int) -> InProcessReplica:
    return replace(replica, bench=replace(replica.bench, mirror=Mirror(folder, max_bytes, replica.store, LAYOUT)))


def copied(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def size_of(store: MemoryStore, document: Document) -> int:
    return sum(output.size for output in manifest_of(store, document).outputs)


def test_a_finished_document_is_copied_whole(store: MemoryStore, replica: InProcessReplica, folder: Path) -> None:
    document = drop(store, "a.pdf", "one\nfigure")
    assert replica.attempt(document) is End.DONE
    prefix = LAYOUT.result(document)
    assert copied(folder) == {prefix + name: store.get(prefix + name)[1] for name in names(store, prefix)}


def test_the_oldest_copies_make_room(store: MemoryStore, replica: InProcessReplica, folder: Path) -> None:
    documents = [drop(store, f"{number}.pdf", "text") for number in range(3)]
    replica.attempt(documents[0])
    size = sum(len(body) for body in copied(folder).values())
    small = mirrored(replica, folder, int(2.5 * size))
    os.utime(folder / LAYOUT.result(documents[0]) / "manifest.json", (1, 1))
    for document in documents[1:]:
        assert small.attempt(document) is End.DONE
    assert {path.split("/")[1] for path in copied(folder)} == {"1.pdf", "2.pdf"}
    assert names(store, LAYOUT.result(documents[0])) != []


def test_a_document_larger_than_the_cap_is_not_copied_and_that_is_told(store: MemoryStore, replica: InProcessReplica, folder: Path) -> None:
    with capture_logs() as events:
        assert mirrored(replica, folder, 100).attempt(drop(store, "a.pdf", "one")) is End.DONE
    assert not folder.exists()
    assert [event["setting"] for event in events if event["event"] == "local_copy_too_large"] == ["output.max_bytes"]


def test_a_disk_that_cannot_take_the_copy_fails_no_document(store: MemoryStore, replica: InProcessReplica, folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    with capture_logs() as events:
        assert replica.attempt(drop(store, "a.pdf", "one")) is End.DONE
    assert [event["setting"] for event in events if event["event"] == "local_copy_failed"] == ["output.folder"]


def test_what_a_killed_replica_left_half_copied_is_removed_and_what_another_copies_stays(replica: InProcessReplica, folder: Path) -> None:
    folder.mkdir()
    with own_folder(folder, ".partial-") as partial:
        (partial / "copy").mkdir()
        shutil.copytree(partial, folder / ".partial-killed")  # its lock is free
        replica.attempt(drop(replica.store, "a.pdf", "one"))
        assert [path.name for path in folder.glob(".partial-*")] == [partial.name]


def test_what_lies_there_is_not_counted_for_every_document(
    replica: InProcessReplica, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Path] = []
    real = mirror_module._size_of
    monkeypatch.setattr(mirror_module, "_size_of", lambda copy: counted.append(copy) or real(copy))
    for number in range(8):
        replica.attempt(drop(replica.store, f"{number}.pdf", "text"))
    assert len(list(folder.glob("processed/*/*/manifest.json"))) == 8
    assert counted == []


def test_room_is_made_also_where_another_replica_fills_the_folder(store: MemoryStore, replica: InProcessReplica, folder: Path) -> None:
    replica.attempt(drop(store, "first.pdf", "text"))
    size = sum(len(body) for body in copied(folder).values())
    cap = 10 * size
    replicas = [mirrored(replica, folder, cap) for _ in range(2)]
    for number in range(30):
        replicas[number % 2].attempt(drop(store, f"{number}.pdf", "text"))
    held = sum(len(body) for body in copied(folder).values())
    assert cap / 2 < held < cap * 1.3


def test_a_document_that_is_called_like_the_manifest_costs_the_others_nothing(
    store: MemoryStore, replica: InProcessReplica, folder: Path
) -> None:
    replica.attempt(drop(store, "1.pdf", "text"))
    size = sum(len(body) for body in copied(folder).values())
    replica.attempt(drop(store, "manifest.json", "text"))
    mirrored(replica, folder, int(3.5 * size)).attempt(drop(store, "2.pdf", "text"))
    assert {path.split("/")[1] for path in copied(folder)} == {"1.pdf", "2.pdf", "manifest.json"}
