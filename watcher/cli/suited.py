"""The store as replicas write to it: commands that put things into the bucket keep to the same rules."""

from __future__ import annotations

import time

from watcher.app import layout_of, new_nonce, open_store
from watcher.lease.appending import Appender
from watcher.lease.bids import Bids
from watcher.lease.mode import AgreedAppender
from watcher.pipeline.facts import find_out, marker_of, suited
from watcher.settings import Settings
from watcher.storage.port import Store


def open_suited(settings: Settings) -> tuple[Store, Appender]:
    """Finds out what the store keeps, as the daemon does at its start. Raises `StoreError`."""
    layout = layout_of(settings)
    store = open_store(settings)
    facts = find_out(store, layout, new_nonce)
    store = suited(store, facts)
    return store, AgreedAppender(store, marker_of(layout), facts.mode, Bids(time.sleep), lambda reason: None)
