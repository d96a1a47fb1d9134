"""The newest failed documents, as `watcher status` shows them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from doubles.clocks import START, SetClock
from doubles.failed import fail
from doubles.stores import HookedStore

from watcher.domain.document import Layout
from watcher.pipeline.failures import Failure, Failures, newest_failures
from watcher.storage.memory import MemoryStore
from watcher.storage.port import NotFoundError

LAYOUT = Layout()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(clock: SetClock) -> HookedStore:
    return HookedStore(MemoryStore(clock.clock.now))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_newest_come_first_and_the_others_are_counted_and_not_fetched(store: HookedStore, clock: SetClock) -> None:
    for name in ("b.pdf", "c.pdf", "a.pdf", "d.pdf"):
        fail(store, LAYOUT, name, "PAGE_UNREADABLE", after(0))
        clock.advance(1)
    store.requests.clear()
    assert newest_failures(store, LAYOUT, 2) == Failures(
        (Failure("incoming/d.pdf", "PAGE_UNREADABLE", after(3)), Failure("incoming/a.pdf", "PAGE_UNREADABLE", after(2))), more=2
    )
    assert [verb for verb, _ in store.requests] == ["list", "get", "get"]


def test_a_document_under_its_hash_goes_by_the_name_that_it_was_dropped_under(store: HookedStore) -> None:
    key = fail(store, LAYOUT, "a\\b.pdf", "CORRUPT_PDF", after(0))
    assert key.startswith("failed/~")
    assert [failure.key for failure in newest_failures(store, LAYOUT, 10).newest] == ["incoming/a\\b.pdf"]


def test_a_report_that_is_not_ours_goes_by_its_own_key(store: HookedStore) -> None:
    store.put("failed/x/error.json", b"{}", "application/json")
    assert newest_failures(store, LAYOUT, 10).newest == (Failure("failed/x/error.json", "", after(0)),)


def test_one_that_is_taken_out_meanwhile_is_left_out(store: HookedStore) -> None:
    gone = fail(store, LAYOUT, "a.pdf", "CORRUPT_PDF", after(0))
    fail(store, LAYOUT, "b.pdf", "CORRUPT_PDF", after(0))

    def remove(verb: str, key: str) -> None:
        if (verb, key) == ("get", gone):
            raise NotFoundError(key)

    store.before.append(remove)
    assert [failure.key for failure in newest_failures(store, LAYOUT, 10).newest] == ["incoming/b.pdf"]


def test_without_failures_there_is_nothing(store: HookedStore) -> None:
    store.put("failed/a.pdf/0123456789ab/source.json", b"{}", "application/json")
    assert newest_failures(store, LAYOUT, 10) == Failures((), 0)
