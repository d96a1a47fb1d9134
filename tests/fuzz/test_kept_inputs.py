"""Inputs of the fuzzer: those that once found something, and those that it starts from, are tried in every test run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from fuzz.__main__ import KEPT, NO_FUZZER, fuzz
from fuzz.targets import TARGETS

INPUTS = sorted(path.relative_to(KEPT).as_posix() for path in KEPT.glob("*/*"))


def test_every_target_has_inputs_to_start_from() -> None:
    assert {Path(name).parent.name for name in INPUTS} == set(TARGETS)


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_that_was_kept_breaks_nothing(name: str) -> None:
    TARGETS[Path(name).parent.name]((KEPT / name).read_bytes())


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason=NO_FUZZER)
@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_runs_and_finds_nothing_near_the_inputs_that_are_kept(target: str, tmp_path: Path) -> None:
    status, said = fuzz(target, ["-runs=300", "-seed=1"], tmp_path / "found")
    assert status == 0, said
    assert re.search(r"Done \d+ runs", said), said
