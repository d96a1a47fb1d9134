"""`make bench`: what is measured against a plain alternative, in the same run; see docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which

from rich.console import Console
from servers.ceph import PACKAGES, PROGRAMS, run_ceph
from servers.s3_server import S3Server

from benchmarks import (
    backlog,
    busy,
    coordination,
    drop,
    finished,
    folder_store,
    idle,
    long_document,
    model_server,
    page_memory,
    replicas,
    script,
    start,
)
from benchmarks.results import RESULTS, MeasuredRow, now, read_results, standing_commit, this_machine, write_results
from benchmarks.row import Measure, NotMeasuredError, Plan, Result
from benchmarks.table import notes, rich_table

ROWS: Mapping[str, Measure] = {
    "busy": busy.measure,
    "script": script.measure,
    "coordination": coordination.measure,
    "replicas": replicas.measure,
    "backlog": backlog.measure,
    "finished": finished.measure,
    "drop": drop.measure,
    "long": long_document.measure,
    "server": model_server.measure,
    "start": start.measure,
    "idle": idle.measure,
    "folder": folder_store.measure,
    "memory": page_memory.measure,
}
"""In the order of the table."""
_WIDTH = 140  # of the table in a file
_PAIRS = 5  # fewer are not published


def main() -> int:
    """The exit code: 1 where a row failed. That one is slower than it is to be is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help=f"of {', '.join(ROWS)} (default: all)")
    parser.add_argument("--pairs", type=int, default=_PAIRS, help=f"measurements of each row (default: {_PAIRS})")
    parser.add_argument("--short", action="store_true", help="once each and as little as possible, for a test of the rows themselves")
    parser.add_argument("--results", type=Path, help=f"file for the results (default: {RESULTS.name} here; none with --short or few pairs)")
    arguments = parser.parse_args()
    target = arguments.results or (None if arguments.short or arguments.pairs < _PAIRS else RESULTS)
    told, shown = Console(stderr=True), Console(width=None if sys.stdout.isatty() else _WIDTH)
    measured: list[Result] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, _ceph(Path(scratch)) as ceph, told.status("") as status:

        def tell(text: str) -> None:
            if told.is_terminal:
                status.update(text)
            else:
                print(text, file=sys.stderr, flush=True)

        for name in arguments.rows:
            place = Path(scratch) / name
            place.mkdir()
            plan = Plan(1 if arguments.short else arguments.pairs, arguments.short, place, tell, ceph)
            try:
                row = _measure(name, ROWS[name], plan)
            except Exception:  # the rows that follow are not to be lost by it
                traceback.print_exc()
                failed = True
                continue
            measured += row.results
            kept = target == RESULTS and any(result.not_measured for result in row.results)  # what was measured elsewhere
            if target and not kept:
                write_results(target, read_results(target).with_row(name, row))
    shown.print(rich_table(measured))
    for note in notes(measured):
        shown.print(f"- {note}", highlight=False, markup=False)
    return int(failed)


def _measure(name: str, measure: Measure, plan: Plan) -> MeasuredRow:
    started, standing = now(), standing_commit()
    try:
        results = tuple(measure(plan))
    except NotMeasuredError as reason:
        results = (Result(name=name, not_measured=str(reason)),)
    return MeasuredRow(
        commit=standing[0],
        changed=standing[1] or standing_commit() != standing,
        pairs=plan.pairs,
        short=plan.short,
        machine=this_machine(),
        started=started,
        ended=now(),
        results=results,
    )


@contextmanager
def _ceph(scratch: Path) -> Iterator[Callable[[], S3Server]]:
    """Started when it is first asked for; the rows share it, each with buckets of its own."""
    with ExitStack() as running:
        servers: list[S3Server] = []

        def ceph() -> S3Server:
            if missing := [program for program in PROGRAMS if which(program) is None]:
                raise NotMeasuredError(f"{', '.join(missing)} not installed: apt-get install {PACKAGES}")
            if not servers:
                root = scratch / "ceph"
                root.mkdir()
                servers.append(running.enter_context(run_ceph(root)))
            return servers[0]

        yield ceph


if __name__ == "__main__":
    sys.exit(main())
