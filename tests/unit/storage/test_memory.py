"""The weaknesses that the memory store can be told to have."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import AlreadyExistsError

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def test_times_are_those_of_the_clock() -> None:
    now = START
    store = MemoryStore(clock=lambda: now)
    store.put("a", b"x", "text/plain")
    now += timedelta(days=1)
    store.put("b", b"x", "text/plain")
    assert [info.modified for info in store.list("")] == [START, now]


@pytest.mark.parametrize("conditions", [Conditions.ATOMIC, Conditions.SEQUENTIAL])
def test_conditions_are_enforced_in_turn(conditions: Conditions) -> None:
    store = MemoryStore(conditions=conditions)
    store.create("a", b"first", "text/plain")
    with pytest.raises(AlreadyExistsError):
        store.create("a", b"second", "text/plain")
    assert store.get("a")[1] == b"first"


def test_an_ignored_condition_overwrites() -> None:
    store = MemoryStore(conditions=Conditions.IGNORED)
    store.create("a", b"first", "text/plain")
    store.create("a", b"second", "text/plain")
    assert store.get("a")[1] == b"second"


def test_a_conditional_delete_is_blind_unless_it_is_honoured() -> None:
    for honoured in (False, True):
        store = MemoryStore(honours_delete_conditions=honoured)
        old = store.put("a", b"old", "text/plain")
        store.put("a", b"new", "text/plain")
        if honoured:
            with pytest.raises(AlreadyExistsError):
                store.delete_matching("a", old)
        else:
            store.delete_matching("a", old)
        assert [info.key for info in store.list("")] == (["a"] if honoured else [])


def test_version_names_are_the_same_in_every_run() -> None:
    def run() -> list[str]:
        store = MemoryStore(versioned=True)
        store.put("a", b"x", "text/plain")
        store.delete("a")
        return [version.version_id for version in store.versions("a")]

    assert run() == run()
