"""What `results.json` keeps of each row."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from benchmarks.results import MeasuredRow, Results, now, read_results, this_machine, write_results
from benchmarks.row import Result, at_most


def row(name: str) -> MeasuredRow:
    results = (Result(name=name, figures=(1.0, 1.2), goal=at_most(1.5), measured={"ours, s": (1.0, 1.2)}),)
    return MeasuredRow(
        commit="0" * 40, changed=False, pairs=2, short=False, machine=this_machine(), started=now(), ended=now(), results=results
    )


def test_a_row_that_was_measured_anew_takes_the_place_of_its_former_self_and_of_no_other(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    first, second, anew = row("first"), row("second"), row("anew")
    for name, measured in (("a", first), ("b", second), ("a", anew)):
        write_results(path, read_results(path).with_row(name, measured))
    assert read_results(path) == Results(rows={"a": anew, "b": second})
    assert json.loads(path.read_text())["schema_version"] == 1


def test_the_machine_is_told_by_what_it_is_and_not_by_its_name() -> None:
    text = this_machine().model_dump_json()
    assert this_machine().cores >= 1
    assert socket.gethostname() not in text
    assert str(Path.cwd()) not in text
