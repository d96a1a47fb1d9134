"""Memory of processes that come and go."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.peaks import peak_of_children

HOLD = "import sys; held = bytearray({megabytes} * 10**6); sys.stdout.write('held'); sys.stdout.flush(); sys.stdin.read()"


def holding(megabytes: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD.format(megabytes=megabytes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(4) == b"held"
    return process


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: peaks of memory are told by Linux only")
def test_processes_that_live_at_once_are_added_up_and_those_that_follow_are_not() -> None:
    peaks = []
    for at_once in (False, True):
        with peak_of_children() as peak:
            first = holding(60)
            if not at_once:
                wait_seen(peak, 60)
                first.communicate()
            second = holding(60)
            wait_seen(peak, 120 if at_once else 60)
            for process in (first, second):
                if process.poll() is None:
                    process.communicate()
        peaks.append(peak.megabytes)
    follow, together = peaks
    assert 60 < follow < 120 < together


def wait_seen(peak, megabytes: int) -> None:
    pause = threading.Event()
    while peak.megabytes < megabytes:
        pause.wait(0.05)
