"""What many pages of one document cost against few: memory, and time for each page. PDFs of A4 pages, a fake engine, the real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.buckets import bucket_with
from benchmarks.documents import a4_pages
from benchmarks.pairs import Pairs, measure_pairs
from benchmarks.peaks import peak_of_children
from benchmarks.replica import FAKE, FailedRunError, drain, in_bucket, moment
from benchmarks.row import Plan, Result, at_most

FEW, MANY, DPI = 20, 2000, 50


def measure(plan: Plan) -> Iterator[Result]:
    many = 40 if plan.short else MANY
    ours, plain = LongDocument(plan, many), LongDocument(plan, FEW)
    memory = measure_pairs(plan, f"{many:,} pages", ours.peak, plain.peak)
    name, against = f"document of {many:,} pages at {DPI} dpi", f"{FEW} pages"
    notes = (
        f"Long document: peaks of all processes of the daemon that lived at the same time, memory that they share counted in each. Time from the claim to"
        f" the end, by page; of {FEW} pages half of it is the claim and what ends a document, so that the second half of the pages is measured against"
        " the first, too.",
    )
    yield memory.result(f"{name}: peak memory", against, "MB", at_most(1.1), notes=notes)
    yield Pairs(tuple(ours.seconds), tuple(plain.seconds)).result(f"{name}: time per page", against, "s", at_most(1.05))
    halves = Pairs(tuple(second for _, second in ours.halves), tuple(first for first, _ in ours.halves))
    yield halves.result(f"{name}: time of the second half of the pages", "the first half", "s", at_most(1.05))


@dataclass
class LongDocument:
    """`seconds` by page, of each run; `halves`: those of all of the first half of its pages, and of the second."""

    plan: Plan
    pages: int
    seconds: list[float] = field(default_factory=list)
    halves: list[tuple[float, float]] = field(default_factory=list)

    def peak(self) -> float:
        """In MB (10^6 bytes)."""
        with bucket_with(self.plan.ceph(), {"long.pdf": a4_pages(self.pages)}) as config, peak_of_children() as peak:
            run = drain({**in_bucket(config), **FAKE, "WATCHER_RENDER__DPI": str(DPI)})
        run.require(1)
        written = sorted(map(moment, run.named("page_written")))
        if len(written) != self.pages:
            raise FailedRunError(f"{len(written)} of {self.pages} pages were read")
        first, middle, last = written[0], written[self.pages // 2], written[-1]
        self.halves.append(((middle - first).total_seconds(), (last - middle).total_seconds()))
        self.seconds.append(run.seconds / self.pages)
        return peak.megabytes
