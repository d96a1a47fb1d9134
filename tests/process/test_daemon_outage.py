"""The daemon while what its engine depends on is down: documents are let go, none is claimed, none is charged, and all are read afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bucket import Bucket
from doubles.daemon import drop, running, wait_for
from doubles.recognising import begin

from watcher.app import utc_now
from watcher.domain.claim import Phase
from watcher.domain.health import judge, judge_ready
from watcher.engines import child
from watcher.engines.port import EngineSpec
from watcher.storage.folder import FolderStore
from watcher.workers.pool import ChildPool

REASON = "the model server at 127.0.0.1:8080 refuses connections"
DOCUMENTS = 12


def test_an_outage_costs_no_attempt_and_all_documents_are_read_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []
    call = ChildPool.call

    def counted(pool: ChildPool, function: Callable[..., object], *arguments: object, seconds: float) -> object:
        tries.append(function)
        return call(pool, function, *arguments, seconds=seconds)

    monkeypatch.setattr(ChildPool, "call", counted)
    folder, outage = tmp_path / "data", tmp_path / "outage"
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    for number in range(DOCUMENTS):
        drop(folder, f"{number}.png")
    with running(folder, EngineSpec("fake", {"page_seconds": 0.3, "waits": str(outage)}), monkeypatch) as daemon:
        wait_for(lambda: bucket.manifests())
        assert judge_ready(daemon.health()).status == 200
        begin(outage, REASON)
        wait_for(lambda: daemon.health().engine_phase == "initializing" and daemon.health().counts["in_progress"] == 0)

        health, ready = judge(daemon.health()), judge_ready(daemon.health())
        assert (health.status, health.document["status"], health.document["paddleocr"]) == (200, "healthy", "initializing")
        assert REASON in health.document["reason"]
        assert ready.status == 503
        assert REASON in ready.document["reason"]
        left = {log: entry for log, entry in bucket.last_entries().items() if entry.phase is not Phase.CLOSED}
        assert left
        assert {(entry.phase, entry.attempts) for entry in left.values()} == {(Phase.WAITING, 0)}

        standing = bucket.keys("claims/")
        drop(folder, "late.png")
        tried = tries.count(child.try_out)
        wait_for(lambda: tries.count(child.try_out) > tried + 10)  # 2 s, in which all that waits becomes due
        assert bucket.keys("claims/") == standing

        outage.unlink()
        wait_for(lambda: len(bucket.manifests()) == DOCUMENTS + 1 and not bucket.keys("incoming/"))
        assert judge_ready(daemon.health()).status == 200
    assert {manifest.attempt for manifest in bucket.manifests().values()} == {1}
    assert bucket.errors() == {}
    assert bucket.check_closed() == DOCUMENTS + 1
    bucket.check_finished()


def test_a_server_that_is_down_at_the_start_holds_nothing_up_but_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outage = tmp_path / "data", tmp_path / "outage"
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    begin(outage, REASON)
    drop(folder, "page.png")
    with running(folder, EngineSpec("fake", {"waits": str(outage)}), monkeypatch) as daemon:
        wait_for(lambda: daemon.health().engine_reason == REASON)
        assert judge(daemon.health()).status == 200
        assert bucket.last_entries() == {}
        outage.unlink()
        wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
