"""Fixtures of the tests that run real children."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from doubles.recognising import Bench, stand_ins


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(limits: dict[str, float] | None = None, devices: Mapping[str, dict[str, object]] | None = None, **options: object) -> Bench:
        benches.append(Bench(tmp_path, limits or {}, stand_ins(devices, options)))
        return benches[-1]

    yield make
    for bench in benches:
        bench.recogniser.close()
