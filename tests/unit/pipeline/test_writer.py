"""What a store that does not answer a create costs."""

from __future__ import annotations

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, names
from doubles.stores import HookedStore, once

from watcher.domain.claim import Entry
from watcher.pipeline.attempt import End
from watcher.storage.port import OutcomeUnknownError

FILES = ["pages/0001.jpg", "pages/0001.json", "document.md", "source.pdf", "manifest.json"]


def creates(store: HookedStore, name: str) -> int:
    return sum(verb == "create" and key.endswith(name) for verb, key in store.requests)


@pytest.mark.parametrize("name", FILES)
def test_a_create_that_was_lost_on_its_way_is_sent_again(store: HookedStore, replica: InProcessReplica, name: str) -> None:
    store.before.append(once("create", name, OutcomeUnknownError("503 SlowDown")))
    assert replica.attempt(drop(store, "a.pdf", "one")) is End.DONE
    assert creates(store, name) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_create_that_is_lost_each_time_is_left_to_a_later_attempt(store: HookedStore, replica: InProcessReplica, name: str) -> None:
    def lose(verb: str, key: str) -> None:
        if verb == "create" and key.endswith(name):
            raise OutcomeUnknownError("503 SlowDown")

    store.before.append(lose)
    document = drop(store, "a.pdf", "one")
    assert replica.attempt(document) is End.WAITING
    assert creates(store, name) == 3
    log = LAYOUT.claim_log(document)
    assert Entry.model_validate_json(store.get(log + max(names(store, log)))[1]).attempts == 0
