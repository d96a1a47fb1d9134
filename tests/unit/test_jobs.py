"""Which jobs run."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from watcher.jobs import Jobs


@pytest.mark.parametrize(("verify_seconds", "verified"), [(0.01, True), (0, False)])
def test_results_are_checked_unless_the_interval_is_zero(verify_seconds: float, verified: bool) -> None:
    scans, checked = threading.Semaphore(0), threading.Event()
    dispatcher = SimpleNamespace(scan=scans.release, sweep=lambda: None)
    jobs = Jobs(dispatcher, SimpleNamespace(run=checked.set), 0.02, 600, verify_seconds)  # type: ignore[arg-type]
    jobs.start()
    try:
        assert all(scans.acquire(timeout=30) for _ in range(10))
        assert checked.wait(30 if verified else 0) is verified
    finally:
        jobs.stop()
