"""`make bench` measures what it says it measures; how fast that is, no test asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.model_server import PYTHON
from benchmarks.results import Results, read_results
from benchmarks.row import Result

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(tmp_path: Path):
    def measure(*names: str) -> Results:
        command = [sys.executable, "-m", "benchmarks", "--short", "--results", str(tmp_path / "results.json"), "--rows", *names]
        env = {**os.environ, "PYTHONPATH": "tests:."}
        done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return read_results(tmp_path / "results.json")

    return measure


def measured(results: Results, name: str) -> list[Result]:
    row = results.rows[name]
    assert row.short
    assert not [result.not_measured for result in row.results if result.not_measured]
    assert all(figure > 0 for result in row.results for figure in result.figures)
    return list(row.results)


def test_the_folder_store_is_measured_against_each_alternative(bench) -> None:
    against = [result.against for result in measured(bench("folder"), "folder")]
    assert against == ["a loop without fsync that writes the same files", "a loop with fsync that writes the same files"]


@pytest.mark.skipif(not PYTHON.exists(), reason="build/paddle-3.7 is not there: scripts/paddle.sh")
def test_the_real_pipeline_is_measured_with_a_model_server(bench) -> None:
    (result,) = measured(bench("server"), "server")
    assert result.measured.keys() == {"ours, documents/s", "plain, documents/s"}
