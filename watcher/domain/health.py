"""What the daemon tells the platform about itself, and when the platform should restart it: pure decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

OK, UNAVAILABLE = 200, 503

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\",;)]+")
_PATH = re.compile(r"(?<![\w.)])/[\w.~-][^\s'\":,;)]*")

EnginePhase = Literal["initializing", "ready", "failed"]
StoreState = Literal["unknown", "reachable", "restricted", "unreachable"]


@dataclass(frozen=True)
class HealthSnapshot:
    """A moment's picture. Reasons are safe to show; empty (or None for `stalled`) where nothing is wrong. Ages in seconds."""

    engine_phase: EnginePhase
    engine_reason: str
    devices: Mapping[str, EnginePhase]
    engine: str
    engine_version: str
    s3_configured: bool
    version: str
    replica: str
    claim_mode: str
    counts: Mapping[str, int]
    last_scan_age: float | None  # None before the first scan
    store: StoreState  # unknown before its first answers; restricted: it can be seen, but something that we need of it does not work
    store_cause: str
    store_reason: str
    stalled: str | None


@dataclass(frozen=True)
class Answer:
    """An HTTP status, and the JSON document that goes with it."""

    status: int
    document: dict[str, Any]


def judge(snapshot: HealthSnapshot) -> Answer:
    """/health: 503 where a restart may help. The first three fields are those of the service that this one replaces."""
    fatal = _fatal(snapshot)
    reason = fatal or "; ".join(fault for fault in (_store_fault(snapshot), _engine_wait(snapshot)) if fault)
    document: dict[str, Any] = {
        "status": "unhealthy" if fatal else "healthy",
        "paddleocr": snapshot.engine_phase,
        "s3_storage": "configured" if snapshot.s3_configured else "not_configured",
        **({"reason": reason} if reason else {}),
        "engine": snapshot.engine,
        "engine_version": snapshot.engine_version,
        **({"devices": dict(snapshot.devices)} if len(snapshot.devices) > 1 else {}),
        "version": snapshot.version,
        "replica": snapshot.replica,
        "claim_mode": snapshot.claim_mode,
        "store": snapshot.store,
        **({"store_cause": snapshot.store_cause} if snapshot.store_cause else {}),
        "counts": dict(snapshot.counts),
        "last_scan_age_seconds": None if snapshot.last_scan_age is None else round(snapshot.last_scan_age, 1),
    }
    return Answer(UNAVAILABLE if fatal else OK, document)


def judge_ready(snapshot: HealthSnapshot) -> Answer:
    """/ready: 200 once documents can be read: the engine has loaded, the store answers, nothing is stuck."""
    reason = _fatal(snapshot)
    if not reason and snapshot.engine_phase == "initializing":
        reason = _engine_wait(snapshot) or "the engine is loading"
    reason = reason or _store_fault(snapshot)
    if not reason and snapshot.store == "unknown":
        reason = "the store was not asked yet, or did not answer yet"
    return Answer(UNAVAILABLE, {"status": "not_ready", "reason": reason}) if reason else Answer(OK, {"status": "ready"})


def without_places(reason: str) -> str:
    """The engine's words without addresses and paths, which anybody who asks would learn; the log has them."""
    return _PATH.sub("(a path, see the log)", _ADDRESS.sub("(an address, see the log)", reason))


def stalled(loop_age: float, document_age: float, budget: float) -> str | None:
    """Why the daemon counts as stuck. Ages in seconds: since the watch loop went round, and since the slowest document in progress gained something."""
    if loop_age > budget:
        return f"the watch loop made no progress for {loop_age:.0f} s, {budget:g} s are allowed (http.stall_seconds)"
    if document_age > budget:
        return f"a document in progress gained no page for {document_age:.0f} s, {budget:g} s are allowed (http.stall_seconds)"
    return None


def _fatal(snapshot: HealthSnapshot) -> str:
    if snapshot.stalled:
        return snapshot.stalled
    if snapshot.engine_phase == "failed":
        return f"the engine cannot be started: {without_places(snapshot.engine_reason) or 'see the log'}"
    return ""


def _engine_wait(snapshot: HealthSnapshot) -> str:
    """No restart would help: the engine goes on by itself."""
    waits = snapshot.engine_phase == "initializing" and snapshot.engine_reason
    return f"the engine waits: {without_places(snapshot.engine_reason)}" if waits else ""


def _store_fault(snapshot: HealthSnapshot) -> str:
    if snapshot.store not in ("restricted", "unreachable"):
        return ""
    said = "cannot be reached" if snapshot.store == "unreachable" else "can be reached, but does not do all that it must"
    return f"the store {said}: {snapshot.store_reason}"
