"""What listings of all claim logs tell, and what they must not be believed to tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica, names
from doubles.stores import HookedStore, once

from watcher.domain.claim import Outcome, Phase
from watcher.domain.document import Document
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


def test_a_crashed_bidder_beside_the_closing_entry_unsettles_the_log(store: HookedStore, keeper: InProcessReplica) -> None:
    log = LAYOUT.claim_log(drop(store, "a.pdf", "one"))
    for name in ("000001-a", "000002-a", "000002.closed"):
        store.inner.put(log + name, b"{}", "application/json")
    assert Sweep(store, LAYOUT).settled() == {log}
    store.inner.put(f"{log}000002-b", b"{}", "application/json")
    assert Sweep(store, LAYOUT).settled() == set()


def test_a_hint_that_could_not_be_written_changes_nothing_else(store: HookedStore, keeper: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.before.append(once("put", ".closed", UnavailableError("down")))
    assert keeper.attempt(document) is End.DONE
    assert Sweep(store, LAYOUT).settled() == set()


def closed(store: HookedStore, replica: InProcessReplica, name: str) -> Document:
    document = drop(store, name, "one")
    assert replica.attempt(document) is End.DONE
    return document


@pytest.fixture
def sweep(store: HookedStore) -> Sweep:
    return Sweep(store, LAYOUT, keep=timedelta(days=30))


def test_a_log_that_has_long_been_closed_is_removed_whole(store: HookedStore, keeper: InProcessReplica, sweep: Sweep) -> None:
    archiver = keeper.with_rules(retention="archive")
    document = closed(store, archiver, "a.pdf")
    now = archiver.time.clock.now()
    assert list(sweep.orphans()) == []
    assert sweep.prune(now + timedelta(days=29)) == 0
    assert sweep.prune(now + timedelta(days=30)) == 1
    assert names(store, "claims/") == []
    assert "manifest.json" in names(store, LAYOUT.result(document))


def test_a_log_whose_source_stands_in_the_inbox_stays(store: HookedStore, keeper: InProcessReplica, sweep: Sweep) -> None:
    closed(store, keeper, "a.pdf")
    list(sweep.orphans())
    assert sweep.prune(keeper.time.clock.now() + timedelta(days=400)) == 0
    assert names(store, "claims/") != []


def test_a_log_that_has_grown_since_it_was_read_stays(store: HookedStore, keeper: InProcessReplica, sweep: Sweep) -> None:
    archiver = keeper.with_rules(retention="archive")
    closed(store, archiver, "a.pdf")
    list(sweep.orphans())
    archiver.acquire(drop(store, "a.pdf", "one"))
    store.inner.delete("incoming/a.pdf")
    assert sweep.prune(archiver.time.clock.now() + timedelta(days=31)) == 0
    assert len(names(store, "claims/")) == 3


def test_a_prune_that_is_broken_off_leaves_a_log_that_is_closed(store: HookedStore, keeper: InProcessReplica, sweep: Sweep) -> None:
    archiver = keeper.with_rules(retention="archive")
    document = closed(store, archiver, "a.pdf")
    list(sweep.orphans())
    store.before.append(once("delete", "000002", UnavailableError("down")))
    with pytest.raises(UnavailableError):
        sweep.prune(archiver.time.clock.now() + timedelta(days=31))
    log = ClaimLog(store, LAYOUT.claim_log(document))
    assert log.read(log.tail().entries).phase is Phase.CLOSED


def test_the_log_of_a_document_in_failed_stays_for_whoever_finishes_it_later(
    store: HookedStore, keeper: InProcessReplica, sweep: Sweep
) -> None:
    archiver = keeper.with_rules(retention="archive")
    document = drop(store, "a.pdf", "!damaged")
    assert archiver.attempt(document) is End.FAILED
    list(sweep.orphans())
    assert sweep.prune(archiver.time.clock.now() + timedelta(days=400)) == 0
    for name in names(store, LAYOUT.failure(document)):
        store.inner.delete(LAYOUT.failure(document) + name)
    assert sweep.prune(archiver.time.clock.now() + timedelta(days=400)) == 1


def test_the_log_of_a_document_that_was_taken_away_stays_while_it_tells_why_pages_stand_without_a_manifest(
    store: HookedStore, keeper: InProcessReplica, sweep: Sweep
) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b"{}", "")
    claim = keeper.acquire(document)
    store.inner.delete(document.key)
    claim.close(Outcome.GONE)
    list(sweep.orphans())
    assert sweep.prune(keeper.time.clock.now() + timedelta(days=400)) == 0
    store.inner.delete(LAYOUT.result(document) + "pages/0001.json")
    assert sweep.prune(keeper.time.clock.now() + timedelta(days=400)) == 1
