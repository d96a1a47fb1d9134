"""Every test of the simulation stays on one processor, where passing the baton is cheap."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from simulation.runner import stay_on_one_processor


@pytest.fixture(autouse=True)
def _one_processor() -> Iterator[None]:
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    stay_on_one_processor(0)
    yield
    if before is not None:
        os.sched_setaffinity(0, before)
