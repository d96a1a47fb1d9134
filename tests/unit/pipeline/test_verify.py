"""Finished folders against their manifests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica
from doubles.stores import HookedStore
from structlog.testing import capture_logs

from watcher.domain.document import Document
from watcher.pipeline.verify import Verifier
from watcher.storage.memory import MemoryStore


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def replica(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path) as one:
        yield one


@pytest.fixture
def document(store: HookedStore, replica: InProcessReplica) -> Document:
    document = drop(store, "a.pdf", "one\ntwo")
    replica.attempt(document)
    replica.attempt(drop(store, "a.pdf/b.pdf", "beside it"))
    return document


def told(store: HookedStore, replica: InProcessReplica) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The flaws, and the closing line."""
    with capture_logs() as events:
        Verifier(store, LAYOUT, replica.bench.log).run()
    return [event for event in events if event["event"] == "result_flawed"], events[-1]


def test_what_stands_as_it_should_is_counted(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["event"], last["results"], last["flawed"]) == ("results_verified", 2, 0)


def test_one_listing_and_one_request_for_each_manifest(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    store.requests.clear()
    told(store, replica)
    assert sorted(verb for verb, _ in store.requests) == ["get", "get", "list"]


@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_missing_or_changed_output_is_named(store: HookedStore, replica: InProcessReplica, document: Document, damage: str) -> None:
    key = LAYOUT.result(document) + "pages/0002.json"
    store.inner.delete(key) if damage == "gone" else store.inner.put(key, b"other", "")
    (flaw,), last = told(store, replica)
    assert (flaw["result"], flaw["broken"], flaw["left_over"]) == (LAYOUT.result(document), ["pages/0002.json"], [])
    assert last["flawed"] == 1


def test_what_no_manifest_names_is_left_over_and_stays(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    key = LAYOUT.result(document) + "images/p0001_image_0_0_1_1.jpg"
    store.inner.put(key, b"", "")
    (flaw,), _ = told(store, replica)
    assert flaw["left_over"] == ["images/p0001_image_0_0_1_1.jpg"]
    assert store.head(key)


@pytest.mark.parametrize("held", [True, False])
def test_a_folder_without_a_manifest_is_a_flaw_unless_it_is_in_work(store: HookedStore, replica: InProcessReplica, held: bool) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b"{}", "")
    if held:
        replica.acquire(document)
    flaws, last = told(store, replica)
    assert [flaw["broken"] for flaw in flaws] == ([] if held else [["manifest.json"]])
    assert last["results"] == 1


def test_a_manifest_that_cannot_be_read_is_a_flaw(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    store.inner.put(LAYOUT.result(document) + "manifest.json", b"not JSON", "")
    (flaw,), _ = told(store, replica)
    assert flaw["broken"] == ["manifest.json"]
