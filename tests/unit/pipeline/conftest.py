"""A replica on a store that tests can break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.replica import InProcessReplica, in_process_replica
from doubles.stores import HookedStore

from watcher.storage.memory import MemoryStore


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def replica(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path / "one") as one:
        yield one
