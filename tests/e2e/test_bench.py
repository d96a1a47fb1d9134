"""`make bench` measures what it says it measures; how fast that is, no test asks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.model_server import PYTHON
from benchmarks.pairs import Row, measure_pairs

ROOT = Path(__file__).parents[2]


def test_each_pair_is_measured_one_right_after_the_other() -> None:
    order: list[str] = []
    ours, plain = iter([10.0, 30.0]), iter([5.0, 10.0])

    def measure_ours() -> float:
        order.append("ours")
        return next(ours)

    def measure_plain() -> float:
        order.append("plain")
        return next(plain)

    row = measure_pairs("name", "unit", 2, measure_ours, measure_plain)
    assert order == ["ours", "plain"] * 2
    assert row.ratios == (2.0, 3.0)


def test_a_row_shows_medians_and_the_spread_of_the_ratios() -> None:
    row = Row("folder", "documents/s", ours=(10.0, 30.0, 20.0), plain=(10.0, 10.0, 10.0))
    assert str(row) == "folder: 20.0 documents/s, plain 10.0 documents/s; ratio 2.000 (1.000 to 3.000, 3 pairs)"


def test_bench_runs_the_daemon_and_prints_a_row_for_each_alternative() -> None:
    assert rows("--rows", "folder", "--documents", "3") == ["a loop without fsync", "a loop with fsync"]


@pytest.mark.skipif(not PYTHON.exists(), reason="build/paddle-3.7 is not there: scripts/paddle.sh")
def test_bench_runs_the_daemon_with_the_real_pipeline() -> None:
    assert rows("--rows", "server", "--served", "2") == ["one call per document"]


def rows(*arguments: str) -> list[str]:
    """What was measured against, by the rows that are printed."""
    command = [sys.executable, "-m", "benchmarks", "--pairs", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return re.findall(r"against (.*): [\d.]+ documents/s, plain [\d.]+ documents/s; ratio [\d.]+", done.stdout)
