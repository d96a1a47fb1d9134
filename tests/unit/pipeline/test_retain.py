"""A source leaves the inbox, and nothing else does."""

from __future__ import annotations

from contextlib import suppress

import pytest
from doubles.stores import HookedStore, once

from watcher.pipeline.retain import RemovalMode, SourceRemover
from watcher.storage.memory import MemoryStore
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError

KEY = "incoming/a.pdf"


def store_for(mode: RemovalMode) -> HookedStore:
    return HookedStore(MemoryStore(versioned=mode is RemovalMode.VERSIONED, honours_delete_conditions=mode is RemovalMode.CONDITIONAL))


def remove(store: HookedStore, mode: RemovalMode, etag: str) -> None:
    SourceRemover(store, mode).remove(KEY, etag, lambda: None)


@pytest.mark.parametrize("mode", RemovalMode)
def test_the_version_that_was_read_leaves(mode: RemovalMode) -> None:
    store = store_for(mode)
    remove(store, mode, store.put(KEY, b"first", ""))
    with pytest.raises(NotFoundError):
        store.head(KEY)


@pytest.mark.parametrize("mode", [RemovalMode.VERSIONED, RemovalMode.CONDITIONAL])
@pytest.mark.parametrize("dies", [False, True])
def test_a_replacement_that_lands_just_before_the_removal_stays_even_where_the_remover_then_dies(mode: RemovalMode, dies: bool) -> None:
    class KilledError(BaseException):
        pass

    store = store_for(mode)
    first = store.put(KEY, b"first", "")
    removals: list[str] = []

    def replace(verb: str, key: str) -> None:
        if verb.startswith("delete") and not removals:
            removals.append(verb)
            store.inner.put(KEY, b"second", "")

    def die(verb: str, key: str) -> None:
        if dies and removals:
            raise KilledError

    store.before.append(replace)
    store.after.append(die)
    with suppress(KilledError):
        remove(store, mode, first)
    assert removals
    assert store.inner.get(KEY)[1] == b"second"


def test_a_removal_that_arrives_late_leaves_what_was_dropped_since() -> None:
    store = store_for(RemovalMode.VERSIONED)
    first = store.put(KEY, b"first", "")
    late: list[tuple[str, str]] = []
    original = store.inner.delete_version
    store.inner.delete_version = lambda key, version_id: late.append((key, version_id))  # type: ignore[method-assign]
    remove(store, RemovalMode.VERSIONED, first)
    store.put(KEY, b"second", "")
    for key, version_id in late:
        original(key, version_id)
    assert len(late) == 1
    assert store.get(KEY)[1] == b"second"


def test_all_versions_with_the_content_that_was_read_leave_and_others_stay() -> None:
    store = store_for(RemovalMode.VERSIONED)
    for body in (b"other", b"first", b"first"):
        etag = store.put(KEY, body, "")
    remove(store, RemovalMode.VERSIONED, etag)
    assert [version.etag for version in store.versions(KEY)] == [store.put("x", b"other", "")]


@pytest.mark.parametrize("refusal", [AlreadyExistsError("409"), OutcomeUnknownError("no answer")])
def test_a_refused_removal_of_a_source_that_still_stands_is_told(refusal: Exception) -> None:
    store = store_for(RemovalMode.CONDITIONAL)
    etag = store.put(KEY, b"first", "")
    store.before.append(once("delete_matching", KEY, refusal))
    with pytest.raises(OutcomeUnknownError):
        remove(store, RemovalMode.CONDITIONAL, etag)


def test_a_removal_without_an_answer_that_was_applied_is_fine() -> None:
    store = store_for(RemovalMode.CHECKED)
    etag = store.put(KEY, b"first", "")
    store.after.append(once("delete", KEY, OutcomeUnknownError("no answer")))
    remove(store, RemovalMode.CHECKED, etag)
    with pytest.raises(NotFoundError):
        store.head(KEY)


def test_a_source_leaves_also_where_versioning_was_ended_since_the_start() -> None:
    store = HookedStore(MemoryStore(versioned=False))
    remove(store, RemovalMode.VERSIONED, store.put(KEY, b"first", ""))
    with pytest.raises(NotFoundError):
        store.head(KEY)


@pytest.mark.parametrize("standing", [True, False])
def test_what_is_dropped_after_the_versions_were_listed_is_left_for_its_own_turn(standing: bool) -> None:
    """The same content again, and then other content over it: nothing may lay a delete marker."""
    store = store_for(RemovalMode.VERSIONED)
    etag = store.inner.put(KEY, b"first", "")
    if not standing:
        store.inner.delete_version(KEY, store.inner.versions(KEY)[0].version_id)

    def drop_again(verb: str, key: str) -> None:
        store.inner.put(KEY, b"first" if verb != "delete" else b"second", "")

    store.before.append(drop_again)
    remove(store, RemovalMode.VERSIONED, etag)
    store.before.clear()
    assert "delete" not in [verb for verb, _ in store.requests]
