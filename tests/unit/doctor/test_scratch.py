"""Scratch objects: no daemon reads them, and nothing stays."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest
from doubles.stores import HookedStore

from watcher.doctor.scratch import ABANDONED, ScratchStore, remove_abandoned, scratch_prefix
from watcher.domain.document import Layout
from watcher.pipeline.inbox import Inbox, is_document
from watcher.storage.memory import MemoryStore
from watcher.storage.port import RefusedError, UnavailableError
from watcher.storage.probe import remove_scratch
from watcher.storage.reasons import Reason

LAYOUT = Layout("incoming/", "claims/", "processed/", "failed/")
KEY = scratch_prefix("incoming/") + "nonce Счёт + 100%.txt"


def test_scratch_is_no_document_even_where_nothing_is_ignored() -> None:
    assert not is_document(KEY, "incoming/", ())
    assert is_document("incoming/Счёт + 100%.txt", "incoming/", ())


def test_a_daemon_neither_deals_it_nor_warns_of_it() -> None:
    store, told = MemoryStore(), []
    store.put(KEY, b"x", "text/plain")
    store.put("incoming/.hidden", b"x", "text/plain")
    inbox = Inbox(store, LAYOUT, (".*",), lambda: 0.0, lambda: 0.0, 60.0, lambda key, reason: told.append(key))
    assert list(inbox.deal()) == []
    assert told == ["incoming/.hidden"]


@pytest.mark.parametrize("versioned", [False, True])
def test_what_a_check_left_is_removed_with_all_its_versions(versioned: bool) -> None:
    inner = MemoryStore(versioned=versioned)
    store = ScratchStore(inner)
    store.put(KEY, b"one", "text/plain")
    store.put(KEY, b"two", "text/plain")
    store.create("claims/.watcher-doctor-b", b"x", "text/plain")
    store.put("claims/.watcher-doctor-c", b"x", "text/plain")
    store.delete("claims/.watcher-doctor-c")
    inner.put("incoming/a.pdf", b"a document", "application/pdf")
    assert store.clear(0.0) == ()
    assert [info.key for info in inner.list("")] == ["incoming/a.pdf"]
    assert [inner.versions(key) for key in (KEY, "claims/.watcher-doctor-b", "claims/.watcher-doctor-c")] == [()] * 3


def test_what_was_removed_costs_no_request_at_the_end() -> None:
    inner = HookedStore(MemoryStore())
    store = ScratchStore(inner)
    store.put(KEY, b"x", "text/plain")
    remove_scratch(store, KEY)
    inner.requests.clear()
    assert store.clear(0.0) == ()
    assert inner.requests == []


def test_what_cannot_be_removed_is_named() -> None:
    inner = HookedStore(MemoryStore())

    def deny(verb: str, key: str) -> None:
        if verb == "delete":
            raise RefusedError("denied", Reason.NO_RIGHTS)

    inner.before.append(deny)
    store = ScratchStore(inner)
    store.put(KEY, b"x", "text/plain")
    with pytest.raises(RefusedError):
        store.delete("claims/.watcher-doctor-never-put")
    assert store.clear(0.0) == (KEY,)


def test_a_check_that_goes_on_after_the_end_writes_nothing_more() -> None:
    inner = MemoryStore()
    store = ScratchStore(inner)
    store.clear(0.0)
    with pytest.raises(UnavailableError, match="have ended"):
        store.put(KEY, b"x", "text/plain")
    assert list(inner.list("")) == []


def test_a_write_that_is_under_way_is_waited_for_and_removed() -> None:
    inner = HookedStore(MemoryStore())
    under_way, go_on = threading.Event(), threading.Event()

    def wait(verb: str, key: str) -> None:
        if verb == "put":
            under_way.set()
            go_on.wait()

    inner.before.append(wait)
    store = ScratchStore(inner)
    writer = threading.Thread(target=store.put, args=(KEY, b"x", "text/plain"))
    writer.start()
    under_way.wait()
    threading.Timer(0.05, go_on.set).start()
    assert store.clear(30.0) == ()
    writer.join()
    assert list(inner.inner.list("")) == []


def test_only_what_a_killed_doctor_left_long_ago_is_removed() -> None:
    now = [datetime(2026, 1, 1, tzinfo=timezone.utc)]
    store = MemoryStore(clock=lambda: now[0])
    old, recent, fresh = (scratch_prefix("claims/") + name for name in ("old", "recent", "fresh"))
    store.put(old, b"x", "text/plain")
    store.put("claims/.bids", b"{}", "application/json")
    now[0] += ABANDONED
    store.put(recent, b"x", "text/plain")
    now[0] += timedelta(seconds=1)
    store.put(fresh, b"x", "text/plain")
    remove_abandoned(store, "claims/", fresh)
    assert [info.key for info in store.list("")] == ["claims/.bids", fresh, recent]
