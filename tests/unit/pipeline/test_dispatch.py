"""Rounds over the inbox: what is handed to threads, what is left alone, what a sweep finds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from doubles.replica import LAYOUT, LEASE, InProcessReplica, drop, names
from doubles.stores import HookedStore
from structlog.testing import capture_logs

from watcher.domain.claim import Phase
from watcher.domain.retry import RetryPolicy
from watcher.engines.recogniser import EngineState
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim
from watcher.lease.log import ClaimLog
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.outage import Gate
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.vitals import Vitals
from watcher.storage.condition import Doing, Kind, Trouble
from watcher.storage.port import RefusedError, UnavailableError
from watcher.storage.reasons import Reason


class Watch:
    """A dispatcher with its parts, one document at a time unless told otherwise."""

    def __init__(self, replica: InProcessReplica, documents: int = 1, finishing: int = 0) -> None:
        monotonic = replica.bench.clock.monotonic
        keeps = replica.bench.rules.retention == "keep"
        acquirer = Acquirer(replica.store, replica.acquirer._identity, replica.bench.rules.policy, keeps_source=keeps)
        self.vitals = Vitals(monotonic)
        self.trouble: Trouble | None = None
        self.gate = Gate(lambda: self.trouble, RetryPolicy(0, 5, 60), monotonic, lambda: 0.0)
        inbox = Inbox(replica.store, LAYOUT, (), monotonic, lambda: 0.0, 30)
        sweep = Sweep(replica.store, LAYOUT)
        self.dispatcher = Dispatcher(replica.bench, acquirer, inbox, sweep, self.vitals, documents, self.gate, finishing)
        self.time = replica.time

    def round(self) -> None:
        self.time.advance(1)
        self.dispatcher.scan()
        assert self.dispatcher.wait(30)

    @property
    def ended(self) -> dict[str, int]:
        return self.vitals.pulse.ended


@pytest.fixture
def watch(replica: InProcessReplica) -> Iterator[Watch]:
    watch = Watch(replica)
    yield watch
    watch.dispatcher.stop()


def test_a_round_reads_everything(store: HookedStore, watch: Watch) -> None:
    for number in range(5):
        drop(store, f"{number}.pdf", f"text {number}")
    watch.round()
    assert watch.ended == {"done": 5}
    assert names(store, "incoming/") == []


def test_nothing_is_claimed_before_the_engine_is_loaded(store: HookedStore, replica: InProcessReplica, watch: Watch) -> None:
    drop(store, "a.pdf", "one")
    replica.recogniser.state = EngineState()
    watch.round()
    assert names(store, "claims/") == []


def test_drained_needs_a_sweep_and_an_empty_inbox(store: HookedStore, watch: Watch) -> None:
    drop(store, "a.pdf", "one")
    watch.round()
    watch.round()
    assert not watch.dispatcher.drained.is_set()
    watch.dispatcher.sweep()
    watch.round()
    assert watch.dispatcher.drained.is_set()


def test_a_waiting_document_keeps_the_inbox_from_being_drained(store: HookedStore, replica: InProcessReplica, watch: Watch) -> None:
    watch.dispatcher.sweep()
    document = drop(store, "a.pdf", "one")
    replica.acquire(document).wait(100, None, charged=True)
    watch.round()
    assert not watch.dispatcher.drained.is_set()
    watch.time.advance(100)
    watch.round()
    watch.round()
    assert watch.ended == {"done": 1}
    assert watch.dispatcher.drained.is_set()


def test_a_document_that_another_holds_is_looked_at_only_when_something_may_follow(
    store: HookedStore, replica: InProcessReplica, watch: Watch
) -> None:
    """Once it is known, by one listing of its log with each third of a lease; and as soon as a lease has passed, it is taken over."""
    held = replica.acquire(drop(store, "a.pdf", "one"))
    watch.round()
    store.requests.clear()
    looks = []
    while watch.ended == {}:
        watch.round()
        looks += [watch.time.seconds] if ("list", held.log.prefix) in store.requests else []
        assert {verb for verb, key in store.requests if key.startswith("claims/")} <= {"list"} or watch.ended
        store.requests.clear()
    assert [after - before for before, after in pairwise([1, *looks])] == [LEASE / 3] * 3
    assert watch.ended == {"done": 1}


def test_a_waiting_document_is_looked_at_when_it_is_due_and_once_a_lease(
    store: HookedStore, replica: InProcessReplica, watch: Watch
) -> None:
    claim = replica.acquire(drop(store, "a.pdf", "one"))
    claim.wait(2.5 * LEASE, None, charged=True)
    looks = []
    while watch.ended == {}:
        watch.round()
        looks += [watch.time.seconds] if ("list", claim.log.prefix) in store.requests else []
        store.requests.clear()
    assert looks == [1, 1 + LEASE, 1 + 2 * LEASE, 2.5 * LEASE]


def test_where_others_are_about_a_document_is_looked_at_before_it_is_claimed(
    store: HookedStore, replica: InProcessReplica, watch: Watch
) -> None:
    held, free = drop(store, "a.pdf", "one"), drop(store, "b.pdf", "two")
    replica.acquire(held)
    store.requests.clear()
    watch.round()
    claimed = [key for verb, key in store.requests if verb == "create" and key.endswith("000001")]
    assert claimed == [f"{LAYOUT.claim_log(free)}000001"]
    assert watch.ended == {"done": 1}


def test_a_log_left_open_after_its_source_went_is_closed(store: HookedStore, replica: InProcessReplica, watch: Watch) -> None:
    document = drop(store, "a.pdf", "one")
    assert isinstance(replica.acquire(document), Claim)
    store.inner.delete(document.key)
    watch.dispatcher.sweep()
    watch.round()
    assert not watch.dispatcher.drained.is_set()
    watch.time.advance(LEASE)
    watch.round()
    watch.round()
    log = ClaimLog(store, LAYOUT.claim_log(document))
    assert log.read(log.tail().entries).phase is Phase.CLOSED
    assert watch.dispatcher.drained.is_set()


def test_a_sweep_reads_a_closed_log_once(store: HookedStore, watch: Watch) -> None:
    drop(store, "a.pdf", "one")
    watch.round()
    watch.dispatcher.sweep()
    store.requests.clear()
    watch.dispatcher.sweep()
    assert store.requests == [("list", "claims/")]


def test_with_keep_a_finished_document_costs_no_request_beyond_the_listing(store: HookedStore, replica: InProcessReplica) -> None:
    keeper = replica.with_rules(retention="keep")
    first = Watch(keeper)
    drop(store, "a.pdf", "one")
    first.round()
    first.round()
    store.requests.clear()
    first.round()
    assert store.requests == [("list", "incoming/")]
    restarted = Watch(keeper)
    restarted.dispatcher.sweep()
    store.requests.clear()
    restarted.round()
    assert store.requests == [("list", "incoming/")]
    for watch in (first, restarted):
        watch.dispatcher.stop()


def test_an_idle_poll_with_archive_costs_one_listing_however_much_is_finished(store: HookedStore, watch: Watch) -> None:
    for number in range(20):
        drop(store, f"{number}.pdf", f"text {number}")
    watch.round()
    store.requests.clear()
    watch.round()
    assert store.requests == [("list", "incoming/")]


def test_a_store_that_fails_ends_the_round_and_the_next_goes_on(store: HookedStore, watch: Watch) -> None:
    drop(store, "a.pdf", "one")
    down = [True]

    def fail(verb: str, key: str) -> None:
        if down[0]:
            raise UnavailableError("the store is away")

    store.before.append(fail)
    watch.round()
    assert watch.ended == {}
    down[0] = False
    watch.round()
    assert watch.ended == {"done": 1}


def test_a_store_in_trouble_is_tried_with_one_document_after_growing_pauses(store: HookedStore, watch: Watch) -> None:
    for number in range(20):
        drop(store, f"{number:02}.pdf", "one")
    watch.trouble = Trouble(Reason.NO_RIGHTS, Kind(Doing.WRITING, "processed/"), 0, 0, 1)
    began, tried = watch.time.seconds, []
    for _ in range(200):
        before = watch.ended.get("done", 0)
        watch.round()
        if watch.ended.get("done", 0) > before:
            assert watch.ended["done"] == before + 1
            tried.append(watch.time.seconds - began)
    assert tried == [1, 6, 16, 36, 76, 136, 196]
    watch.trouble = None
    watch.round()
    assert watch.ended == {"done": 20}


def test_where_others_are_about_a_claim_that_fails_ends_the_round(store: HookedStore, watch: Watch) -> None:
    """Else each document of a backlog would be asked for, one after the other, at a store that is away."""
    for number in range(20):
        drop(store, f"{number:02}.pdf", "one")
    tried: list[str] = []

    def refuse(verb: str, key: str) -> None:
        if verb == "create":
            tried.append(key)
            watch.trouble = Trouble(Reason.NO_RIGHTS, Kind(Doing.WRITING, "claims/"), 0, 0, 1)
            raise RefusedError("no", Reason.NO_RIGHTS)

    store.before.append(refuse)
    watch.round()
    assert len(tried) == 1


def test_where_others_are_about_a_store_in_trouble_is_tried_with_a_document_that_they_leave(
    store: HookedStore, replica: InProcessReplica, watch: Watch
) -> None:
    for number in range(3):
        replica.acquire(drop(store, f"{number}.pdf", "one"))
    drop(store, "free.pdf", "one")
    watch.trouble = Trouble(Reason.NO_RIGHTS, Kind(Doing.WRITING, "processed/"), 0, 0, 1)
    watch.round()
    assert watch.ended == {"done": 1}


def test_where_others_are_about_nothing_more_is_tried_once_the_daemon_ends(
    store: HookedStore, replica: InProcessReplica, watch: Watch
) -> None:
    for number in range(5):
        replica.acquire(drop(store, f"{number}.pdf", "one"))
    looks: list[str] = []

    def stop(verb: str, key: str) -> None:
        if verb == "list" and key.startswith("claims/"):
            looks.append(key)
            watch.dispatcher.stop()

    store.before.append(stop)
    watch.round()
    assert len(looks) == 1


def test_what_documents_can_be_read_without_keeps_nobody_waiting(store: HookedStore, watch: Watch) -> None:
    for number in range(5):
        drop(store, f"{number}.pdf", "one")
    watch.trouble = Trouble(Reason.NO_RIGHTS, Kind(Doing.WRITING, "failed/", needed=False), 0, 0, 1)
    watch.round()
    assert watch.ended == {"done": 5}


def test_no_more_documents_at_once_than_there_are_slots(store: HookedStore, replica: InProcessReplica) -> None:
    together, peak, lock, both = [0], [0], threading.Lock(), threading.Barrier(2)

    def enter(text: str) -> None:
        with lock:
            together[0] += 1
            peak[0] = max(peak[0], together[0])
        both.wait(20)
        with lock:
            together[0] -= 1

    replica.recogniser.before = enter
    for number in range(6):
        drop(store, f"{number}.pdf", f"text {number}")
    watch = Watch(replica, documents=2)
    watch.round()
    watch.dispatcher.stop()
    assert (watch.ended, peak[0]) == ({"done": 6}, 2)


@pytest.mark.parametrize("finishing", [0, 1, 2])
def test_documents_that_are_read_through_leave_their_slots_to_as_many_others(
    store: HookedStore, replica: InProcessReplica, finishing: int
) -> None:
    read: list[str] = []
    held_up, go_on = threading.Semaphore(0), threading.Event()

    def hold_up(operation: str, key: str) -> None:
        if (operation, key.rpartition("/")[2]) == ("create", "manifest.json"):
            held_up.release()
            assert go_on.wait(20)

    for number in range(5):
        drop(store, f"{number}.pdf", f"text {number}")
    store.before.append(hold_up)
    replica.recogniser.before = read.append
    watch = Watch(replica, finishing=finishing)
    scan = threading.Thread(target=watch.round)
    scan.start()
    assert all(held_up.acquire(timeout=20) for _ in range(finishing + 1))
    assert len(read) == finishing + 1
    go_on.set()
    scan.join(20)
    watch.dispatcher.stop()
    assert watch.ended == {"done": 5}


@pytest.mark.parametrize(
    "trouble", [{"phase": "failed", "reason": "no memory"}, {"phase": "initializing", "reason": "the server is down", "waits": True}]
)
def test_nothing_is_claimed_while_the_engine_cannot_read(
    store: HookedStore, replica: InProcessReplica, watch: Watch, trouble: dict[str, Any]
) -> None:
    ready = replica.recogniser.state
    drop(store, "a.pdf", "one")
    replica.recogniser.state = replace(ready, **trouble)
    watch.round()
    assert names(store, "claims/") == []
    replica.recogniser.state = ready
    watch.round()
    assert watch.ended == {"done": 1}


def test_an_attempt_that_ends_in_an_exception_is_in_progress_no_more(
    store: HookedStore, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.pipeline.attempt.Attempt.run", lambda self: 1 / 0)
    drop(store, "a.pdf", "one")
    watch.round()
    assert watch.vitals.pulse.in_progress == 0


def test_an_entry_that_nobody_can_read_does_not_stop_the_sweep(store: HookedStore, replica: InProcessReplica, watch: Watch) -> None:
    rubbish, orphan = drop(store, "a.pdf", "one"), drop(store, "b.pdf", "two")
    store.inner.put(LAYOUT.claim_log(rubbish) + "000001", b"rubbish", "")
    replica.acquire(orphan)
    store.inner.delete(orphan.key)
    with capture_logs() as events:
        watch.dispatcher.sweep()
    assert [event["claims"] for event in events if event["event"] == "claims_unreadable"] == [LAYOUT.claim_log(rubbish)]
    watch.round()
    watch.time.advance(LEASE)
    watch.round()
    assert watch.ended == {"gone": 1}


def test_a_defect_in_an_attempt_does_not_end_the_watch(store: HookedStore, replica: InProcessReplica) -> None:
    class Broken:
        def inspect(self, path: Path) -> None:
            raise ZeroDivisionError

    broken = replace(replica, bench=replace(replica.bench, parser=Broken()))
    drop(store, "a.pdf", "one")
    watch = Watch(broken)
    watch.round()
    assert watch.ended == {"waiting": 1}
    for _ in range(2):
        watch.time.advance(3600)
        watch.round()
    watch.dispatcher.stop()
    assert watch.ended == {"waiting": 2, "failed": 1}
    assert any(name.endswith("error.json") for name in names(store, "failed/"))


def test_until_it_is_certain_to_be_alone_a_replica_tries_one_document_at_a_time(store: HookedStore, replica: InProcessReplica) -> None:
    """Where one is another's, those next to it probably are, too."""
    on_their_way: set[str] = set()
    most = 0

    def begin(verb: str, key: str) -> None:
        nonlocal most
        if verb == "create" and key.endswith("/000001"):
            on_their_way.add(key)
            most = max(most, len(on_their_way))

    def end(verb: str, key: str) -> None:
        on_their_way.discard(key)

    store.before.append(begin)
    store.after.append(end)
    for number in range(20):
        drop(store, f"{number:02}.pdf", f"text {number}")
    watch = Watch(replica, documents=8)
    watch.round()
    watch.dispatcher.stop()
    assert watch.ended == {"done": 20}
    assert most <= 2  # that of the round itself, and one of a document's thread
