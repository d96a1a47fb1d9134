"""A short run of what `make chaos` does at length."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.rampage import Plan, rampage
from servers.s3_server import S3Server
from servers.weather import Fault

FATES = {"killed", "frozen", "terminated", "cut_off"}


@pytest.mark.timeout(900)
def test_every_promise_holds_while_replicas_die_and_the_network_lies(ceph: S3Server, tmp_path: Path) -> None:
    report = rampage(ceph, Plan(seconds=45, documents=60, seed=1, versioned=False), tmp_path)
    print(report)
    assert report.broken == ()
    # what it proves is what it went through
    assert set(report.fates) == FATES, report
    assert set(report.faults) == {fault.value for fault in Fault}, report
    assert report.takeovers > 0, report
    assert report.verdict.finished > 40, report
    assert report.verdict.failed > 0, report
