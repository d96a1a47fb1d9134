"""What follows from what a store is found to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from doubles.stores import HookedStore

from watcher.domain.document import Layout
from watcher.lease.mode import Mode
from watcher.pipeline.facts import choose_mode, find_out, marker_of, suited
from watcher.pipeline.retain import RemovalMode
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import AlreadyExistsError, ObjectInfo, Store
from watcher.storage.probe import ClaimMode

LAYOUT = Layout()


class Forgetful(MemoryStore):
    """A store whose listings lag: each shows what the one before should have shown."""

    shown: tuple[ObjectInfo, ...] = ()

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        before, self.shown = self.shown, tuple(super().list("", after))
        return iter([info for info in before if info.key.startswith(prefix)])


def mode(store: Store) -> Mode:
    numbers = count()
    return find_out(store, LAYOUT, lambda: f"nonce-{next(numbers):06d}").mode


def keys(store: MemoryStore) -> list[str]:
    return [info.key for info in MemoryStore.list(store, "")]


@pytest.mark.parametrize(
    ("conditions", "expected", "left"),
    [
        (Conditions.ATOMIC, Mode.CONDITIONAL, []),
        (Conditions.SEQUENTIAL, Mode.BIDS, [marker_of(LAYOUT)]),
        (Conditions.IGNORED, Mode.BIDS, [marker_of(LAYOUT)]),
    ],
)
def test_a_store_that_does_not_keep_creates_apart_gets_bids_and_all_are_told(
    conditions: Conditions, expected: Mode, left: list[str]
) -> None:
    store = MemoryStore(conditions=conditions)
    assert mode(store) is expected
    assert keys(store) == left


def test_a_replica_that_starts_later_obeys_though_its_own_races_showed_nothing() -> None:
    store = MemoryStore()
    store.put(marker_of(LAYOUT), b"{}", "application/json")
    assert mode(store) is Mode.BIDS


@pytest.mark.parametrize(("conditions", "expected"), [(Conditions.ATOMIC, Mode.CONDITIONAL), (Conditions.IGNORED, Mode.SINGLE)])
def test_bids_need_listings_that_show_at_once_what_was_put(conditions: Conditions, expected: Mode) -> None:
    store = Forgetful(conditions=conditions)
    assert mode(store) is expected
    assert keys(store) == []


@pytest.mark.parametrize(
    ("verdict", "asked", "listing", "expected"),
    [
        (ClaimMode.CONDITIONAL, False, False, Mode.CONDITIONAL),
        (ClaimMode.CONDITIONAL, True, True, Mode.BIDS),
        (ClaimMode.CONDITIONAL, True, False, Mode.SINGLE),
        (ClaimMode.RACY, False, True, Mode.BIDS),
        (ClaimMode.IGNORED, True, False, Mode.SINGLE),
    ],
)
def test_the_mode_follows_from_three_facts(verdict: ClaimMode, asked: bool, listing: bool, expected: Mode) -> None:
    assert choose_mode(verdict, asked, listing) is expected


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (MemoryStore(versioned=True), RemovalMode.VERSIONED),
        (MemoryStore(honours_delete_conditions=True), RemovalMode.CONDITIONAL),
        (MemoryStore(), RemovalMode.CHECKED),
    ],
)
def test_how_a_source_is_removed_follows_from_the_store(store: MemoryStore, expected: RemovalMode) -> None:
    assert find_out(store, LAYOUT, iter(map(str, count())).__next__).removal is expected


@pytest.mark.parametrize("conditions", list(Conditions))
def test_results_that_stand_are_never_overwritten_in_turn(conditions: Conditions) -> None:
    store = MemoryStore(conditions=conditions)
    ours = suited(store, find_out(store, LAYOUT, iter(map(str, count())).__next__))
    ours.create("processed/a", b"first", "text/plain")
    with pytest.raises(AlreadyExistsError):
        ours.create("processed/a", b"second", "text/plain")
    assert store.get("processed/a")[1] == b"first"


def test_the_mode_is_known_before_anything_is_claimed() -> None:
    store = HookedStore(MemoryStore(conditions=Conditions.IGNORED))
    mode(store)
    assert {key.split("/")[1] for _, key in store.requests} == {".probe", ".bids"}
