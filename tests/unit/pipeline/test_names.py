"""Documents under hostile names, in a store that takes any: each is finished in places of its own."""

from __future__ import annotations

import pytest
from documents.names import IN_A_BUCKET
from doubles.replica import LAYOUT, InProcessReplica, drop, manifest_of
from doubles.stores import HookedStore

from watcher.pipeline.attempt import End

NAMES = [*IN_A_BUCKET, "null\0.pdf", "null\0"]


@pytest.mark.parametrize("text", ["the same in each of them", None], ids=["same-content", "own-content"])
def test_each_is_finished_in_places_of_its_own(store: HookedStore, replica: InProcessReplica, text: str | None) -> None:
    documents = {name: drop(store, name, text or f"page of {number}") for number, name in enumerate(NAMES)}
    for name, document in documents.items():
        assert replica.attempt(document) is End.DONE, name
    assert len({LAYOUT.result(document) for document in documents.values()}) == len(NAMES)
    assert len({LAYOUT.claim_log(document) for document in documents.values()}) == len(NAMES)
    for name, document in documents.items():
        assert manifest_of(store, document).source.key == f"incoming/{name}"
    assert list(store.list("incoming/")) == []
