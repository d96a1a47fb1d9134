"""Who checks all finished results, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica
from doubles.stores import HookedStore, once
from structlog.testing import capture_logs

from watcher.domain.verification import Verification
from watcher.pipeline.turns import MOST_LOOK_SECONDS, Turns
from watcher.pipeline.verify import Verifier
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError

KEY = "claims/.verified.json"
WEEK = 7 * 86400.0
RESULTS = 6


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def replica(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path / "one") as one:
        for number in range(RESULTS):
            one.attempt(drop(store, f"{number}.pdf", f"text {number}"))
        yield one


def turns(replica: InProcessReplica, name: str = "one", every_seconds: float = WEEK) -> Turns:
    verifier = Verifier(replica.store, LAYOUT, replica.bench.log)
    return Turns(replica.store, LAYOUT, verifier, name, every_seconds, replica.bench.clock, replica.bench.log)


def told(store: HookedStore) -> Verification:
    return Verification.model_validate_json(store.inner.get(KEY)[1])


def manifests_read(store: HookedStore) -> int:
    return sum(verb == "get" and key.endswith("manifest.json") for verb, key in store.requests)


def run(*checks: Turns) -> list[str]:
    with capture_logs() as events:
        for one in checks:
            one.run()
    return [event["event"] for event in events]


def test_one_checks_for_all_and_not_again_before_it_is_due(store: HookedStore, replica: InProcessReplica) -> None:
    store.requests.clear()
    assert run(turns(replica, "one"), turns(replica, "two"), turns(replica, "three")) == ["results_verified"]
    assert manifests_read(store) == RESULTS
    assert (told(store).replica, told(store).ended, told(store).progress.results) == ("one", True, RESULTS)
    replica.time.advance(WEEK - 1)
    assert run(turns(replica, "two")) == []
    replica.time.advance(1)
    assert run(turns(replica, "two"), turns(replica, "one")) == ["results_verified"]
    assert told(store).replica == "two"


def test_a_look_that_is_in_vain_is_one_request(store: HookedStore, replica: InProcessReplica) -> None:
    run(turns(replica))
    store.requests.clear()
    run(turns(replica))
    assert store.requests == [("get", KEY)]


def test_another_goes_on_where_one_fell_silent_and_not_before(store: HookedStore, replica: InProcessReplica) -> None:
    """What it last told of is four looks old at most; what came after that is looked at twice."""
    one = turns(replica, "one")
    seen = 0

    def pass_time(verb: str, key: str) -> None:
        nonlocal seen
        if verb == "get" and key.endswith("manifest.json"):
            seen += 1
            replica.time.advance(one.look_seconds / 4)
            if seen == 4:
                raise UnavailableError("the store is down")

    store.before.append(pass_time)
    assert run(one)[-1] == "verification_failed"
    store.before.remove(pass_time)
    left = told(store)
    assert (left.ended, left.progress.results) == (False, 3)
    assert run(turns(replica, "two")) == []
    replica.time.advance(MOST_LOOK_SECONDS)
    store.requests.clear()
    assert run(turns(replica, "two")) == ["results_verified"]
    assert manifests_read(store) == RESULTS - 3
    assert (told(store).replica, told(store).began_at, told(store).progress.results) == ("two", left.began_at, RESULTS)


def test_while_one_is_at_it_it_tells_so_and_others_leave_it_alone(store: HookedStore, replica: InProcessReplica) -> None:
    one, two = turns(replica, "one"), turns(replica, "two")
    told_of: list[int] = []

    def look(verb: str, key: str) -> None:
        if verb == "get" and key.endswith("manifest.json"):
            replica.time.advance(one.look_seconds / 4)
            told_of.append(told(store).progress.results)
            assert run(two) == []

    store.before.append(look)
    assert run(one)[-1] == "results_verified"
    assert told_of == list(range(RESULTS))


def test_one_that_is_stopped_leaves_it_unended(store: HookedStore, replica: InProcessReplica) -> None:
    one = turns(replica)
    one._verifier.stopping.set()
    assert run(one) == []
    assert not told(store).ended


@pytest.mark.parametrize("spoilt", [b"", b"{}", b'{"replica": "x", "began_at": "yesterday", "at": "2026-01-01"}'])
def test_what_somebody_spoilt_is_begun_anew(store: HookedStore, replica: InProcessReplica, spoilt: bytes) -> None:
    store.inner.put(KEY, spoilt, "application/json")
    assert run(turns(replica)) == ["results_verified"]


def test_a_clock_that_ran_far_ahead_puts_it_off_no_longer_than_one_that_is_right(store: HookedStore, replica: InProcessReplica) -> None:
    run(turns(replica))
    ahead = told(store).model_copy(update={"began_at": told(store).began_at.replace(year=2099)})
    store.inner.put(KEY, ahead.model_dump_json().encode(), "application/json")
    assert run(turns(replica)) == ["results_verified"]


def test_a_store_that_does_not_answer_is_told_of_and_asked_again_at_the_next_look(store: HookedStore, replica: InProcessReplica) -> None:
    store.before.append(once("get", KEY, UnavailableError("down")))
    assert run(turns(replica), turns(replica)) == ["verification_failed", "results_verified"]


def test_looks_come_at_least_once_an_hour(replica: InProcessReplica) -> None:
    assert turns(replica, every_seconds=60).look_seconds == 60
    assert turns(replica, every_seconds=WEEK).look_seconds == MOST_LOOK_SECONDS
