"""What becomes of a page's writes, whenever they end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from doubles.replica import LAYOUT, drop, in_process_replica, names
from doubles.stores import HookedStore, once

from watcher.domain.claim import Entry
from watcher.engines.recogniser import EngineUnavailableError
from watcher.pipeline.attempt import End
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError


class LateFuture(Future[Any]):
    """Does its work only when somebody waits for it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        self._begin()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._begin()
        return super().exception(timeout)

    def _begin(self) -> None:
        if not self.done():
            try:
                self.set_result(self._work())
            except Exception as error:
                self.set_exception(error)


class LateUploads(Executor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        return LateFuture(partial(fn, *args, **named))


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_write_that_fails_after_the_last_page_was_read_is_noticed_and_not_charged(tmp_path: Path, page: int) -> None:
    store = HookedStore(MemoryStore())
    store.before.append(once("create", f"pages/{page:04}.json", UnavailableError("it is down")))
    document = drop(store, "a.pdf", "one\ntwo\nthree")
    with in_process_replica("one", store, tmp_path) as replica:
        late = replace(replica, bench=replace(replica.bench, uploads=LateUploads()))
        assert late.attempt(document) is End.WAITING
    log = LAYOUT.claim_log(document)
    last = Entry.model_validate_json(store.get(log + max(names(store, log)))[1])
    assert (last.attempts, last.error) == (0, None)


def test_a_document_is_given_back_only_when_no_write_of_it_is_under_way(tmp_path: Path) -> None:
    """Also not that of the picture of a page whose reading was given up."""
    store = HookedStore(MemoryStore())
    document = drop(store, "a.pdf", "one")
    with in_process_replica("one", store, tmp_path) as replica:
        replica.recogniser.faults["one"] = EngineUnavailableError("the engine is restarting")
        late = replace(replica, bench=replace(replica.bench, uploads=LateUploads()))
        assert late.attempt(document) is End.WAITING
    created = [key for verb, key in store.requests if verb == "create"]
    picture, given_back = f"{LAYOUT.result(document)}pages/0001.jpg", f"{LAYOUT.claim_log(document)}000002"
    assert created[-2:] == [picture, given_back]
