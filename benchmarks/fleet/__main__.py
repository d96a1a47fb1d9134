"""`python -m benchmarks.fleet`: many replicas on one inbox, in virtual time: claims lost, requests, time to drain, against the ideal.

The dispatcher, the inbox and the claims are the daemon's own, over a bucket in memory; a document is a while during which it is held. A million
documents take a processor for minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from simulation.runner import stay_on_one_processor

from benchmarks.fleet.load import Load, Names
from benchmarks.fleet.report import Report, reported
from benchmarks.fleet.world import simulate

_WIDTH = 140  # of the table in a file


def main() -> int:
    defaults = Load()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 100_000], help="one run for each (default: 10000 100000)")
    parser.add_argument("--names", choices=get_args(Names), default=defaults.names, help="whether keys rise with the time of the drop")
    parser.add_argument("--json", type=Path, help="file for the figures")
    for name, field in Load.model_fields.items():
        if name not in ("documents", "names"):
            parser.add_argument(
                f"--{name.replace('_', '-')}", type=type(field.default), default=field.default, help=f"(default: {field.default})"
            )
    arguments = vars(parser.parse_args())
    sizes, target = arguments.pop("documents"), arguments.pop("json")
    stay_on_one_processor(0)
    reports: list[Report] = []
    for documents in sizes:
        before = os.getloadavg()[0]
        report = reported(simulate(Load(documents=documents, **arguments)), before, os.getloadavg()[0])
        reports.append(report)
        print(f"{report.load.replicas} replicas, {documents:,} documents: {report.simulated_in_seconds:.0f} s", file=sys.stderr, flush=True)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table_of(reports))
    if target:
        target.write_bytes(TypeAdapter(list[Report]).dump_json(reports, indent=1) + b"\n")
    return 0


def table_of(reports: Sequence[Report]) -> Table:
    """A column for each load."""
    table = Table("", *(f"{report.load.replicas} replicas, {report.load.documents:,} documents" for report in reports))
    for name, cell in ROWS.items():
        table.add_row(name, *map(cell, reports))
    return table


def _lists(report: Report) -> int:
    return sum(count for name, count in report.requests.items() if name.startswith("LIST"))


ROWS: Mapping[str, Callable[[Report], str]] = {
    "drained after, s": lambda report: f"{report.drained_seconds:,.0f}",
    "of the ideal": lambda report: f"{report.times_ideal:.3f}",
    "claim attempts lost": lambda report: f"{report.lost_share:.2%}",
    "looks in vain, per document": lambda report: f"{report.vain_looks / report.load.documents:.2f}",
    "documents held by two": lambda report: f"{report.read_twice}",
    "requests per document": lambda report: f"{report.requests_per_document:.2f}",
    "of these LIST": lambda report: f"{_lists(report) / report.load.documents:.2f}",
    "half were claimed within, s": lambda report: f"{report.wait_half:,.1f}",
    "99 % were claimed within, s": lambda report: f"{report.wait_99:,.1f}",
    "all were claimed within, s": lambda report: f"{report.wait_all:,.1f}",
    "simulated in, s": lambda report: f"{report.simulated_in_seconds:.0f}",
}


if __name__ == "__main__":
    sys.exit(main())
