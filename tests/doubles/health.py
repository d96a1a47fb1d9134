"""A replica that is well, as its HTTP server sees it."""

from __future__ import annotations

from watcher.domain.health import HealthSnapshot

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
