"""When the daemon calls itself healthy and ready, and why not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from watcher.domain.health import HealthSnapshot, judge, judge_ready, stalled

WELL = HealthSnapshot(
    engine_phase="ready",
    engine_reason="",
    devices={"cpu": "ready"},
    engine="tesseract",
    engine_version="5.5.0",
    s3_configured=True,
    version="2.0.0",
    replica="watcher-1",
    claim_mode="conditional",
    counts={"done": 3, "failed": 1},
    last_scan_age=1.26,
    store="reachable",
    store_cause="",
    store_reason="",
    stalled=None,
)
LOADING = replace(WELL, engine_phase="initializing", last_scan_age=None)
WAITING = replace(WELL, engine_phase="initializing", engine_reason="the model server refuses connections")
BROKEN = replace(WELL, engine_phase="failed", engine_reason="no models are there")
CUT_OFF = replace(WELL, store="unreachable", store_cause="no_connection", store_reason="connection refused")
RESTRICTED = replace(WELL, store="restricted", store_cause="no_rights", store_reason="no rights (while writing under claims/)")
UNASKED = replace(WELL, store="unknown")
STUCK = replace(WELL, stalled="the watch loop made no progress for 901 s")


def test_first_three_fields_are_those_of_the_former_service() -> None:
    assert list(judge(WELL).document.items())[:3] == [("status", "healthy"), ("paddleocr", "ready"), ("s3_storage", "configured")]
    assert judge(replace(WELL, s3_configured=False)).document["s3_storage"] == "not_configured"


def test_the_rest_tells_who_and_how() -> None:
    document = judge(WELL).document
    assert {name: document[name] for name in list(document)[3:]} == {
        "engine": "tesseract",
        "engine_version": "5.5.0",
        "version": "2.0.0",
        "replica": "watcher-1",
        "claim_mode": "conditional",
        "store": "reachable",
        "counts": {"done": 3, "failed": 1},
        "last_scan_age_seconds": 1.3,
    }
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("snapshot", "status", "said", "reason"),
    [
        (WELL, 200, "healthy", None),
        (LOADING, 200, "healthy", None),
        (WAITING, 200, "healthy", "the engine waits: the model server refuses connections"),
        (BROKEN, 503, "unhealthy", "no models are there"),
        (STUCK, 503, "unhealthy", "the watch loop made no progress for 901 s"),
        (CUT_OFF, 200, "healthy", "connection refused"),
        (replace(CUT_OFF, stalled=STUCK.stalled), 503, "unhealthy", "the watch loop made no progress for 901 s"),
    ],
    ids=["well", "loading", "engine waits", "engine broken", "stuck", "store unreachable", "store unreachable and stuck"],
)
def test_health_is_503_only_where_a_restart_may_help(snapshot: HealthSnapshot, status: int, said: str, reason: str | None) -> None:
    answer = judge(snapshot)
    assert (answer.status, answer.document["status"]) == (status, said)
    assert answer.document["paddleocr"] == snapshot.engine_phase
    if reason is None:
        assert "reason" not in answer.document
    else:
        assert reason in answer.document["reason"]


def test_devices_are_told_where_there_are_several() -> None:
    assert "devices" not in judge(WELL).document
    two = replace(WELL, devices={"gpu:0": "failed", "gpu:1": "ready"})
    assert judge(two).document["devices"] == {"gpu:0": "failed", "gpu:1": "ready"}
    assert judge(two).status == 200


@pytest.mark.parametrize("snapshot", [CUT_OFF, RESTRICTED])
def test_a_store_in_trouble_is_said_though_healthy(snapshot: HealthSnapshot) -> None:
    document = judge(snapshot).document
    assert (document["store"], document["store_cause"]) == (snapshot.store, snapshot.store_cause)
    assert snapshot.store_reason in document["reason"]


def test_a_store_that_was_not_asked_yet_is_no_fault() -> None:
    document = judge(UNASKED).document
    assert document["store"] == "unknown"
    assert "reason" not in document


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (LOADING, "the engine is loading"),
        (WAITING, "the engine waits: the model server refuses connections"),
        (BROKEN, "no models are there"),
        (CUT_OFF, "connection refused"),
        (RESTRICTED, "no rights"),
        (UNASKED, "not asked yet"),
        (STUCK, "no progress"),
    ],
    ids=["loading", "engine waits", "engine broken", "store unreachable", "store restricted", "store not asked", "stuck"],
)
def test_not_ready_says_why(snapshot: HealthSnapshot, reason: str) -> None:
    answer = judge_ready(snapshot)
    assert (answer.status, answer.document["status"]) == (503, "not_ready")
    assert reason in answer.document["reason"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "no models in /models/official_models, /home/paddleocr/.paddlex: mount them",
            "no models in (a path, see the log), (a path, see the log): mount them",
        ),
        ("http://10.0.0.7:8118/v1 does not answer", "(an address, see the log) does not answer"),
        (
            "[Errno 2] No such file or directory: '/opt/secret place/x'",
            "[Errno 2] No such file or directory: '(a path, see the log) place/x'",
        ),
        ("it takes 3/4 of the memory and/or more (ocr.devices)", "it takes 3/4 of the memory and/or more (ocr.devices)"),
    ],
)
def test_neither_paths_nor_addresses_are_given_away(reason: str, told: str) -> None:
    for phase in ("failed", "initializing"):
        snapshot = replace(WELL, engine_phase=phase, engine_reason=reason)
        assert told in judge(snapshot).document["reason"]
        assert told in judge_ready(snapshot).document["reason"]


def test_ready_with_engine_and_store() -> None:
    answer = judge_ready(WELL)
    assert (answer.status, answer.document) == (200, {"status": "ready"})


@pytest.mark.parametrize(
    ("loop_age", "document_age", "said"),
    [(900, 900, None), (900.5, 0, "watch loop"), (0, 900.5, "document in progress"), (901, 901, "watch loop")],
)
def test_stalled_past_the_budget(loop_age: float, document_age: float, said: str | None) -> None:
    reason = stalled(loop_age, document_age, budget=900)
    if said is None:
        assert reason is None
    else:
        assert reason is not None
        assert said in reason
        assert "http.stall_seconds" in reason
