"""Which results are written where the published ones stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.results import read_results
from benchmarks.row import NotMeasuredError, Plan, Result


def quick(plan: Plan) -> list[Result]:
    return [Result(name="quick", figures=(float(plan.pairs),) * plan.pairs)]


def missing(plan: Plan) -> list[Result]:
    raise NotMeasuredError("no store here")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
    return tmp_path / "results.json"


def measure(monkeypatch: pytest.MonkeyPatch, row, *arguments: str) -> None:
    monkeypatch.setattr(bench, "ROWS", {"quick": row})
    monkeypatch.setattr("sys.argv", ["bench", *arguments])
    assert bench.main() == 0


def test_a_row_that_cannot_be_measured_here_leaves_what_was_measured_elsewhere(published: Path, monkeypatch, capsys) -> None:
    measure(monkeypatch, quick)
    measure(monkeypatch, missing)
    assert "no store here" in capsys.readouterr().out
    assert [result.middle for result in read_results(published).rows["quick"].results] == [5.0]
    elsewhere = published.with_name("elsewhere.json")
    measure(monkeypatch, missing, "--results", str(elsewhere))
    assert [result.not_measured for result in read_results(elsewhere).rows["quick"].results] == ["no store here"]


@pytest.mark.parametrize("arguments", [("--pairs", "4"), ("--short",)])
def test_what_was_measured_too_little_is_shown_and_not_published(published: Path, monkeypatch, capsys, arguments: tuple[str, ...]) -> None:
    measure(monkeypatch, quick, *arguments)
    assert "quick" in capsys.readouterr().out
    assert not published.exists()
    elsewhere = published.with_name("elsewhere.json")
    measure(monkeypatch, quick, *arguments, "--results", str(elsewhere))
    assert read_results(elsewhere).rows
