"""A replica that is well, as its HTTP server sees it."""

from __future__ import annotations

from watcher.domain.health import HealthSnapshot
from watcher.pipeline.vitals import Pulse, Work

WELL = HealthSnapshot(
    engine_phase="ready",
    engine_reason="",
    devices={"cpu": "ready"},
    engine="fake",
    engine_version="1",
    s3_configured=False,
    version="2.0.0",
    replica="replica",
    claim_mode="conditional",
    counts={},
    last_scan_age=0.0,
    store="reachable",
    store_cause="",
    store_reason="",
    stalled=None,
)

RESTING = Pulse(ended={}, in_progress=0, works=(), pages=0, uptime=5.0, in_inbox=0, loop_age=0.0, scan_age=0.0, idle_age=0.0)


def work(number: int, done: int, total: int, *, key: str = "", gained: int | None = None, age: float = 60.0) -> Work:
    return Work(number, key or f"incoming/{number}.pdf", 1_234_567 * number, done, total, done if gained is None else gained, age)
