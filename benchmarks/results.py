"""`results.json`: each row as it was measured last, with what a reader needs in order to trust it or not. No names of hosts, no paths."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

from benchmarks.row import Result

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
_MEASURED_CODE = ("watcher", "benchmarks", "tests/servers", "constraints.txt")


class Machine(BaseModel):
    """`cores`: those that this process may use; `memory`: in GB (10^9 bytes)."""

    model_config = ConfigDict(frozen=True)

    system: str
    processor: str
    cores: int
    memory: float
    python: str


class Moment(BaseModel):
    """`load`: how many processes wanted a core over the last 1, 5 and 15 minutes, other people's too."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    load: tuple[float, float, float]


class MeasuredRow(BaseModel):
    """`commit`: what stood in the working copy; `changed`: where it was not just that. `short`: its figures mean nothing."""

    model_config = ConfigDict(frozen=True)

    commit: str
    changed: bool
    pairs: int
    short: bool
    machine: Machine
    started: Moment
    ended: Moment
    results: tuple[Result, ...]


class Results(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    rows: dict[str, MeasuredRow] = {}

    def with_row(self, name: str, row: MeasuredRow) -> Results:
        return Results(rows=dict(sorted({**self.rows, name: row}.items())))


def read_results(path: Path) -> Results:
    return Results.model_validate_json(path.read_bytes()) if path.exists() else Results()


def write_results(path: Path, results: Results) -> None:
    """Whole or not at all: a run that is ended half-way keeps what it had."""
    partial = path.with_suffix(".partial")
    partial.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def this_machine() -> Machine:
    return Machine(
        system=platform.system(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=round(psutil.virtual_memory().total / 1e9, 1),
        python=platform.python_version(),
    )


def now() -> Moment:
    one, five, fifteen = psutil.getloadavg()
    return Moment(at=datetime.now(timezone.utc).replace(microsecond=0), load=(round(one, 2), round(five, 2), round(fifteen, 2)))


def standing_commit() -> tuple[str, bool]:
    """The commit of the working copy, empty where there is none, and whether the code that is measured differs from it."""
    try:
        commit = _git("rev-parse", "HEAD").strip()
        return commit, bool(_git("status", "--porcelain", "--", *_MEASURED_CODE, ":!benchmarks/results.json"))
    except (OSError, subprocess.CalledProcessError):
        return "", True


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _processor() -> str:
    """As the kernel names it; `platform.processor()` is empty or says `x86_64` on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
