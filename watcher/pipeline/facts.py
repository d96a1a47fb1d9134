"""What a replica finds out about its store before it claims anything, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.domain.document import Layout
from watcher.lease.mode import MARKER, Mode, ask_for_bids, asks_for_bids
from watcher.pipeline.retain import RemovalMode
from watcher.storage.look_first import LookFirstStore
from watcher.storage.port import Store
from watcher.storage.probe import ClaimMode, ProbeResult, probe_conditions, probe_delete_condition, probe_listing


@dataclass(frozen=True)
class StoreFacts:
    """`mode` is how claims are appended; `removal` how a source leaves the inbox."""

    probe: ProbeResult
    mode: Mode
    removal: RemovalMode


def marker_of(layout: Layout) -> str:
    return layout.claims + MARKER


def find_out(store: Store, layout: Layout, nonce: Callable[[], str]) -> StoreFacts:
    """Races creates on scratch keys, looks for `.bids` and how a source can be removed. Raises `StoreError` where the store does not answer.

    Where the races disprove the conditions, all replicas are asked for bids: a replica that saw no torn race must not go on creating.
    """
    scratch, marker = f"{layout.claims}.probe/", marker_of(layout)
    asked = asks_for_bids(store, marker)  # first, since it is one request: a store that is away is not asked many times
    conditions = probe_conditions(store, scratch, nonce)
    mode = choose_mode(conditions.verdict, asked, probe_listing(store, scratch, nonce))
    if mode is Mode.BIDS and not asked:
        ask_for_bids(store, marker, conditions.detail)
    return StoreFacts(conditions, mode, _removal(store, scratch, nonce))


def suited(store: Store, facts: StoreFacts) -> Store:
    """The store as results and claims are written to it."""
    return LookFirstStore(store) if facts.probe.verdict is ClaimMode.IGNORED else store


def choose_mode(verdict: ClaimMode, asked_for_bids: bool, consistent_listing: bool) -> Mode:
    if verdict is ClaimMode.CONDITIONAL and not asked_for_bids:
        return Mode.CONDITIONAL
    return Mode.BIDS if consistent_listing else Mode.SINGLE


def _removal(store: Store, scratch: str, nonce: Callable[[], str]) -> RemovalMode:
    if store.is_versioned():
        return RemovalMode.VERSIONED
    return RemovalMode.CONDITIONAL if probe_delete_condition(store, scratch, nonce) else RemovalMode.CHECKED
