"""The figures of one simulated load, as they are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from benchmarks.fleet.load import Load
from benchmarks.fleet.world import Outcome


class Report(BaseModel):
    """See `Outcome`; `wait_half`, `wait_99` and `wait_all` are seconds within which that part of the documents was claimed. `machine_load`: how many
    processes wanted a core before and after.
    """

    model_config = ConfigDict(frozen=True)

    load: Load
    drained_seconds: float
    ideal_seconds: float
    times_ideal: float
    lost_share: float
    refused: int
    vain_looks: int
    read_twice: int
    requests: dict[str, int]
    requests_per_document: float
    wait_half: float
    wait_99: float
    wait_all: float
    simulated_in_seconds: float
    machine_load: tuple[float, float]


def reported(outcome: Outcome, load_before: float, load_after: float) -> Report:
    return Report(
        load=outcome.load,
        drained_seconds=outcome.drained_at,
        ideal_seconds=outcome.load.ideal_seconds,
        times_ideal=outcome.times_ideal,
        lost_share=outcome.lost_share,
        refused=outcome.refused,
        vain_looks=outcome.vain_looks,
        read_twice=outcome.read_twice,
        requests=dict(sorted(outcome.requests.items())),
        requests_per_document=outcome.requests_per_document,
        wait_half=outcome.wait(0.5),
        wait_99=outcome.wait(0.99),
        wait_all=outcome.waits[-1],
        simulated_in_seconds=outcome.real_seconds,
        machine_load=(load_before, load_after),
    )
