"""What the requests to a store tell of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.clocks import SetClock
from doubles.stores import HookedStore

from watcher.storage.condition import StoreCondition
from watcher.storage.memory import MemoryStore
from watcher.storage.port import (
    AlreadyExistsError,
    ConditionUnsupportedError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    Store,
    StoreError,
    TooLargeError,
    UnavailableError,
    UnstorableKeyError,
)
from watcher.storage.reasons import Reason
from watcher.storage.watched import WatchedStore

PREFIXES = ("incoming/", "claims/", "processed/", "failed/")
CALLS: dict[str, Callable[[Store, Path], object]] = {
    "list": lambda store, path: list(store.list("incoming/")),
    "head": lambda store, path: store.head("incoming/a"),
    "get": lambda store, path: store.get("incoming/a"),
    "download": lambda store, path: store.download("incoming/a", path, 100),
    "create": lambda store, path: store.create("incoming/b", b"x", "text/plain"),
    "put": lambda store, path: store.put("incoming/a", b"x", "text/plain"),
    "copy": lambda store, path: store.copy("incoming/a", "9dd4e461268c8034f5c8564e155c67a6", "incoming/c", "text/plain"),
    "delete": lambda store, path: store.delete("incoming/a"),
    "delete_matching": lambda store, path: store.delete_matching("incoming/a", "0"),
}


class Watched:
    def __init__(self) -> None:
        self.time = SetClock()
        self.hooked = HookedStore(MemoryStore())
        self.condition = StoreCondition(self.time.clock.monotonic, 10, 3600)
        self.store = WatchedStore(self.hooked, self.condition, PREFIXES, dispensable=("failed/",))
        self.hooked.inner.put("incoming/a", b"x", "text/plain")

    def answer(self, error: StoreError) -> None:
        def fail(verb: str, key: str) -> None:
            raise error

        self.hooked.before.append(fail)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("kind", [UnavailableError, RefusedError, OutcomeUnknownError])
def test_every_request_tells_of_its_failure_and_of_its_success(
    watched: Watched, tmp_path: Path, call: Callable[[Store, Path], object], kind: type[StoreError]
) -> None:
    watched.answer(kind("", Reason.NO_RIGHTS))
    with pytest.raises(kind):
        call(watched.store, tmp_path / "target")
    trouble = watched.condition.trouble
    assert trouble is not None
    assert trouble.kind is not None
    assert (trouble.reason, trouble.kind.prefix) == (Reason.NO_RIGHTS, "incoming/")
    watched.hooked.before.clear()
    call(watched.store, tmp_path / "target")
    assert watched.condition.trouble is None


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError(),
        AlreadyExistsError(),
        ConditionUnsupportedError("", Reason.OBJECT_TOO_LARGE),
        TooLargeError(),
        UnstorableKeyError(),
        RefusedError("", Reason.OBJECT_TOO_LARGE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_about_an_object_is_no_trouble_of_the_store(watched: Watched, error: StoreError) -> None:
    watched.answer(error)
    with pytest.raises(type(error)):
        watched.store.get("incoming/a")
    assert watched.condition.trouble is None


@pytest.mark.parametrize(
    ("call", "stops"),
    [
        (lambda store: store.put("claims/a", b"", ""), True),
        (lambda store: store.put("processed/a", b"", ""), True),
        (lambda store: store.put("failed/a", b"", ""), False),
        (lambda store: store.delete("incoming/a"), False),
        (lambda store: list(store.list("incoming/")), True),
    ],
)
def test_documents_are_read_on_without_what_can_be_done_later(watched: Watched, call: Callable[[Store], object], stops: bool) -> None:
    watched.answer(RefusedError("", Reason.NO_RIGHTS))
    with pytest.raises(RefusedError):
        call(watched.store)
    trouble = watched.condition.trouble
    assert trouble is not None
    assert trouble.stops_reading is stops


@pytest.mark.parametrize(("call", "waits"), [("get", True), ("list", True), ("create", True), ("download", False)])
def test_only_a_small_request_must_be_answered_soon(watched: Watched, tmp_path: Path, call: str, waits: bool) -> None:
    seen = []

    def take_long(verb: str, key: str) -> None:
        watched.time.advance(11)
        trouble = watched.condition.trouble
        seen.append(trouble.reason if trouble else None)

    watched.hooked.before.append(take_long)
    CALLS[call](watched.store, tmp_path / "target")
    assert seen == [Reason.NO_ANSWER if waits else None]
    assert watched.condition.trouble is None


def test_what_is_done_between_two_keys_of_a_listing_is_not_waited_for(watched: Watched) -> None:
    watched.hooked.inner.put("incoming/b", b"x", "text/plain")
    for _ in watched.store.list("incoming/"):
        watched.time.advance(100)
        assert watched.condition.trouble is None
