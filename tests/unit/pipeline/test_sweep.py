"""What listings of all claim logs tell, and what they must not be believed to tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica
from doubles.stores import HookedStore, once

from watcher.domain.claim import Phase
from watcher.domain.manifest import Source
from watcher.lease.log import ClaimLog
from watcher.pipeline.attempt import End
from watcher.pipeline.sweep import Sweep
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def keeper(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path) as one:
        yield one.with_rules(retention="keep")


def test_a_document_that_was_finished_and_kept_is_settled(store: HookedStore, keeper: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    assert keeper.attempt(document) is End.DONE
    assert Sweep(store, LAYOUT).settled() == {LAYOUT.claim_log(document)}


def test_a_document_whose_tail_was_broken_off_is_not_settled(store: HookedStore, keeper: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.before.append(once("put", "index.html", UnavailableError("down")))
    assert keeper.attempt(document) is End.WAITING
    assert Sweep(store, LAYOUT).settled() == set()


def test_an_entry_that_arrives_late_behind_a_closed_one_unsettles_the_log(store: HookedStore, keeper: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    keeper.attempt(document)
    source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
    late = keeper.acquirer._identity.entry(Phase.HELD, source, attempts=1)
    ClaimLog(store, LAYOUT.claim_log(document)).append(3, late)
    assert Sweep(store, LAYOUT).settled() == set()


def test_a_hint_that_could_not_be_written_changes_nothing_else(store: HookedStore, keeper: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.before.append(once("put", ".closed", UnavailableError("down")))
    assert keeper.attempt(document) is End.DONE
    assert Sweep(store, LAYOUT).settled() == set()
