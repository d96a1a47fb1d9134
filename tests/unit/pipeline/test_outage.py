"""How often a store in trouble is asked, and how often people are told."""

from __future__ import annotations

import pytest
import structlog
from doubles.clocks import SetClock
from structlog.testing import capture_logs

from watcher.domain.retry import RetryPolicy
from watcher.pipeline.outage import Gate, OutageLog
from watcher.storage.condition import Doing, Kind, Trouble
from watcher.storage.reasons import REASONS, Reason

HOUR = 3600
WRITING = Kind(Doing.WRITING, "claims/")


class Store:
    """A trouble that tests set."""

    def __init__(self) -> None:
        self.time = SetClock()
        self.trouble: Trouble | None = None

    def fail(self, reason: Reason, kind: Kind | None = None) -> None:
        self.trouble = Trouble(reason, kind, self.time.seconds, self.time.seconds, 7)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def log(store: Store) -> OutageLog:
    return OutageLog(lambda: store.trouble, store.time.clock.monotonic, structlog.get_logger(), "s3://bucket at https://store")


def seconds_of(log: OutageLog, store: Store, seconds: int) -> list[tuple[int, str]]:
    """Looks every second; when each line was written, and its event."""
    found = []
    for second in range(seconds):
        with capture_logs() as lines:
            log.look()
        found += [(second, line["event"]) for line in lines]
        store.time.advance(1)
    return found


def test_an_outage_of_a_day_is_told_at_growing_pauses(store: Store, log: OutageLog) -> None:
    store.fail(Reason.WRONG_SECRET)
    told = seconds_of(log, store, 24 * HOUR)
    assert [second for second, _ in told[:7]] == [0, 60, 180, 420, 900, 1860, 3780]
    assert len(told) < 32
    assert {event for _, event in told} == {"store_unreachable"}


def test_a_line_says_where_what_and_how_often(store: Store, log: OutageLog) -> None:
    store.fail(Reason.NO_RIGHTS, WRITING)
    store.time.advance(30)
    with capture_logs() as lines:
        log.look()
    assert lines == [
        {
            "event": "store_restricted",
            "log_level": "error",
            "store": "s3://bucket at https://store",
            "cause": "no_rights",
            "reason": f"{REASONS[Reason.NO_RIGHTS].sentence} (while writing under claims/)",
            "failures": 7,
            "for_seconds": 30,
        }
    ]


def test_two_causes_in_turn_are_told_once_each(store: Store, log: OutageLog) -> None:
    told = []
    for number in range(30):
        store.fail((Reason.NO_CONNECTION, Reason.NO_ANSWER)[number % 2])
        told += seconds_of(log, store, 1)
    assert [event for _, event in told] == ["store_unreachable"] * 2


def test_the_end_is_told_once_it_lasts(store: Store, log: OutageLog) -> None:
    store.fail(Reason.NO_CONNECTION)
    assert seconds_of(log, store, 1) == [(0, "store_unreachable")]
    for _ in range(10):
        store.trouble = None
        assert seconds_of(log, store, 3) == []
        store.fail(Reason.NO_CONNECTION)
        assert seconds_of(log, store, 1) == []
    store.trouble = None
    assert [event for _, event in seconds_of(log, store, 100)] == ["store_recovered"]
    store.fail(Reason.NO_CONNECTION)
    assert seconds_of(log, store, 1) == [(0, "store_unreachable")]


def test_a_gate_opens_after_growing_pauses_and_at_once_when_the_trouble_is_over(store: Store) -> None:
    gate = Gate(lambda: store.trouble, RetryPolicy(0, 5, 60), store.time.clock.monotonic, lambda: 0.0)
    assert gate.opens()
    assert gate.opens()
    store.fail(Reason.NO_CONNECTION)
    opened = []
    for second in range(300):
        if gate.opens():
            opened.append(second)
        store.time.advance(1)
    assert opened == [0, 5, 15, 35, 75, 135, 195, 255]
    store.trouble = None
    assert gate.opens()
