"""Which jobs run, and when."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from watcher.jobs import Jobs


@pytest.mark.parametrize("checks", [True, False])
def test_results_are_checked_when_it_is_our_turn_if_they_are_to_be(checks: bool) -> None:
    scans, checked = threading.Semaphore(0), threading.Event()
    dispatcher = SimpleNamespace(scan=scans.release, sweep=lambda: None)
    turns = SimpleNamespace(look_seconds=0.01, run=checked.set) if checks else None
    jobs = Jobs(dispatcher, 0.02, 600, turns)  # type: ignore[arg-type]
    jobs.start()
    try:
        assert all(scans.acquire(timeout=30) for _ in range(10))
        assert checked.wait(30 if checks else 0) is checks
    finally:
        jobs.stop()


def test_wake_ups_are_not_lost_however_they_fall(caplog: pytest.LogCaptureFixture) -> None:
    """Also those during a round, which APScheduler alone would drop, and right at its end."""
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def scan() -> None:
        begun.release()
        assert go_on.acquire(timeout=30)

    jobs = Jobs(SimpleNamespace(scan=scan, sweep=lambda: None), 3600, 3600)  # type: ignore[arg-type]
    jobs.wake()  # before the start too
    jobs.start()
    try:
        for _ in range(5):
            assert begun.acquire(timeout=30)
            jobs.wake()
            go_on.release()
            jobs.wake()
        assert begun.acquire(timeout=30)
        go_on.release()
    finally:
        go_on.release(2)
        jobs.stop()
    jobs.wake()  # after the end it is nothing
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


@pytest.mark.parametrize("shown", [True, False])
def test_a_replica_shows_that_it_is_there_from_the_start_if_it_is_to(shown: bool) -> None:
    scans, signs = threading.Semaphore(0), threading.Semaphore(0)
    beacon = SimpleNamespace(every_seconds=0.01, tell=signs.release, sweep=lambda: None) if shown else None
    dispatcher = SimpleNamespace(scan=scans.release, sweep=lambda: None)
    jobs = Jobs(dispatcher, 0.02, 600, None, beacon)  # type: ignore[arg-type]
    jobs.start()
    try:
        assert all(scans.acquire(timeout=30) for _ in range(10))
        assert all(signs.acquire(timeout=30 if shown else 0) for _ in range(2)) is shown
    finally:
        jobs.stop()


def test_a_replica_shows_what_became_of_it_without_waiting_for_its_turn() -> None:
    signs = threading.Semaphore(0)
    beacon = SimpleNamespace(every_seconds=3600, tell=signs.release, sweep=lambda: None)
    jobs = Jobs(SimpleNamespace(scan=lambda: None, sweep=lambda: None), 3600, 3600, None, beacon)  # type: ignore[arg-type]
    jobs.start()
    try:
        assert signs.acquire(timeout=30)  # at the start
        jobs.show()
        assert signs.acquire(timeout=30)
    finally:
        jobs.stop()
