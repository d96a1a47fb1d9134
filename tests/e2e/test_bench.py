"""`make bench` measures what it says it measures; how fast that is, no test asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.ceph import PACKAGES, PROGRAMS

from benchmarks.busy import CORPUS
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
    assert all(figure >= 0 for result in row.results for figure in result.figures)
    assert all(result.figures for result in row.results)
    return list(row.results)


def test_the_folder_store_is_measured_against_each_alternative(bench) -> None:
    against = [result.against for result in measured(bench("folder"), "folder")]
    assert against == ["a loop without fsync that writes the same files", "a loop with fsync that writes the same files"]


@pytest.fixture
def over_the_store(bench, require_program: Callable[[str, str], str]):
    for program in PROGRAMS:
        require_program(program, PACKAGES)
    return bench


def test_the_daemon_is_measured_over_a_real_store(over_the_store) -> None:
    results = over_the_store("script", "coordination", "replicas", "finished", "drop", "long", "start", "idle")
    names = {row: [result.name for result in measured(results, row)] for row in results.rows}
    assert {row: len(lines) for row, lines in names.items()} == {
        "script": 1,
        "coordination": 3,
        "replicas": 3,
        "finished": 3,
        "drop": 2,
        "long": 3,
        "start": 6,
        "idle": 3,
    }
    (script,) = results.rows["script"].results
    assert script.measured.keys() == {"ours, documents/s", "plain, documents/s"}
    requests = results.rows["coordination"].results[2]
    assert requests.middle == sum(figures[0] for figures in requests.measured.values()) > 4
    _, polls, sweep = results.rows["finished"].results
    assert polls.measured == {"ours, requests": (1,), "plain, requests": (1,)}
    assert sweep.measured["the first of a process, requests"][0] > sweep.middle >= 1


def test_a_backlog_is_listed_from_a_stand_in_and_claimed_from_its_first_page(bench) -> None:
    look, memory, pages = measured(bench("backlog"), "backlog")
    assert look.measured.keys() == {"ours, s", "plain, s"}
    assert memory.unit == "MB"
    assert pages.figures == (1,)


@pytest.mark.corpus
def test_the_engine_is_measured_against_itself_in_a_bare_loop(over_the_store) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside this checkout")
    (result,) = measured(over_the_store("busy"), "busy")
    assert result.measured.keys() == {"ours, s", "plain, s"}


@pytest.mark.skipif(not PYTHON.exists(), reason="build/paddle-3.7 is not there: scripts/paddle.sh")
def test_the_real_pipeline_is_measured_with_a_model_server(bench) -> None:
    (result,) = measured(bench("server"), "server")
    assert result.measured.keys() == {"ours, documents/s", "plain, documents/s"}
