"""Whether the engine is ever left waiting: real documents from a store that is 20 ms away, by RapidOCR.

Against it, the same engine in a bare loop on local files: it draws a page and reads it, then the next, and stores nothing. That it has to write each
page where the engine takes it from is not counted, and its engine has read a document before, as the daemon's has read a page.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers.s3_server import S3Server

from benchmarks.buckets import bucket_with
from benchmarks.network import Network, slow_network
from benchmarks.pairs import measure_pairs
from benchmarks.replica import drain, environment, in_bucket
from benchmarks.results import ROOT
from benchmarks.row import NotMeasuredError, Plan, Result, at_most

CORPUS = ROOT.parent / "shared" / "corpus"
LATENCY, ENGINE, DPI = 0.02, "rapidocr", 200
MOST_PAGES = 2
SHORT = ("img/tesstest-phototest.tif",)
_EMPTY = {"blank", "no-text", "all-black", "large-page"}
"""Tags of documents that the daemon does not hand to the engine, or draws smaller than the loop would."""


def measure(plan: Plan) -> Iterator[Result]:
    if not CORPUS.is_dir():
        raise NotMeasuredError("the corpus is not there (../shared/corpus beside the checkout)")
    files = [CORPUS / name for name in (SHORT if plan.short else documents())]
    with slow_network(plan.ceph().endpoint, LATENCY, plan.scratch / "requests") as network:
        busy = Busy(plan.ceph(), network, files, plan.scratch)
        pairs = measure_pairs(plan, "engine kept busy", busy.daemon, busy.loop)
    name = f"engine kept busy: {len(files)} documents of the corpus, of 1 or 2 pages, with {ENGINE}, {LATENCY * 1000:.0f} ms per request"
    notes = (f"Engine kept busy: those documents of the corpus that have text and at most {MOST_PAGES} pages; seconds of wall time.",)
    yield pairs.result(name, "the same engine in a bare loop on local files", "s", at_most(1.05), notes=notes)


def documents() -> list[str]:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["expected"] == "ok" and int(row["pages"]) <= MOST_PAGES]
    return [row["path"] for row in rows if not _EMPTY & set(row["tags"].split(","))]


@dataclass(frozen=True)
class Busy:
    """Measures seconds."""

    server: S3Server
    network: Network
    files: list[Path]
    scratch: Path

    def daemon(self) -> float:
        with bucket_with(self.server, {file.name: file.read_bytes() for file in self.files}) as config:
            run = drain({**in_bucket(config, self.network.endpoint), "WATCHER_OCR__ENGINE": ENGINE, "WATCHER_RENDER__DPI": str(DPI)})
            run.require(len(self.files))
            return run.seconds

    def loop(self) -> float:
        command = [sys.executable, "-m", "benchmarks.bare_engine", str(self.scratch), str(DPI), ENGINE, *map(str, self.files)]
        done = subprocess.run(command, env=environment({}), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout)
