"""Creates by a look first, for stores that do not enforce conditions."""

from __future__ import annotations

import pytest
from doubles.stores import HookedStore, once

from watcher.storage.look_first import LookFirstStore
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import AlreadyExistsError, ConditionUnsupportedError, OutcomeUnknownError, UnavailableError


@pytest.fixture
def inner() -> HookedStore:
    return HookedStore(MemoryStore(conditions=Conditions.IGNORED))


def test_a_second_create_is_refused_and_changes_nothing(inner: HookedStore) -> None:
    store = LookFirstStore(inner)
    store.create("a", b"first", "text/plain")
    with pytest.raises(AlreadyExistsError):
        store.create("a", b"second", "text/plain")
    assert store.get("a")[1] == b"first"


def test_a_store_that_has_no_conditional_requests_can_be_written(inner: HookedStore) -> None:
    def unsupported(verb: str, key: str) -> None:
        if verb == "create":
            raise ConditionUnsupportedError("501")

    inner.before.append(unsupported)
    LookFirstStore(inner).create("a", b"first", "text/plain")
    assert inner.inner.get("a")[1] == b"first"


def test_a_put_without_an_answer_leaves_the_outcome_open(inner: HookedStore) -> None:
    inner.after.append(once("put", "a", UnavailableError("no answer")))
    with pytest.raises(OutcomeUnknownError):
        LookFirstStore(inner).create("a", b"first", "text/plain")


def test_a_look_without_an_answer_writes_nothing(inner: HookedStore) -> None:
    inner.before.append(once("head", "a", UnavailableError("down")))
    with pytest.raises(UnavailableError):
        LookFirstStore(inner).create("a", b"first", "text/plain")
    assert list(inner.inner.list("")) == []


def test_everything_else_is_the_store_s_own() -> None:
    store = LookFirstStore(MemoryStore(versioned=True))
    etag = store.put("a", b"x", "text/plain")
    assert store.location == "memory"
    assert store.is_versioned()
    assert store.head("a").etag == etag == store.versions("a")[0].etag
    assert [info.key for info in store.list("")] == ["a"]
    store.delete_version("a", store.versions("a")[0].version_id)
    assert list(store.list("")) == []
    store.put("b", b"x", "text/plain")
    store.delete("b")
    assert list(store.list("")) == []
