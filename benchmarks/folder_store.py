"""What the daemon costs around the engine: one-page documents through a folder store with the fake engine, which takes no time.

Against it, a loop as a plain script has it: it reads the same documents one after another and writes the very files that the daemon wrote. It
opens no image, keeps no claims and knows no failure. With `durable` it calls fsync for each file, as the folder store does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.documents import one_page
from benchmarks.pairs import measure_pairs
from benchmarks.replica import FAKE, drain, in_folder
from benchmarks.row import Plan, Result


def measure(plan: Plan) -> Iterator[Result]:
    store = FolderStore(plan.scratch, 3 if plan.short else 100)
    for against, durable in (("a loop without fsync", False), ("a loop with fsync", True)):
        pairs = measure_pairs(plan, f"folder store against {against}", store.daemon, partial(store.loop, durable=durable))
        yield pairs.result("folder store, engine of 0 s", f"{against} that writes the same files", "documents/s")


def make_documents(inbox: Path, count: int) -> None:
    inbox.mkdir(parents=True)
    for number in range(count):
        (inbox / f"{number:05}.png").write_bytes(one_page(number))


@dataclass
class FolderStore:
    """Measures `documents` at a time under `scratch`."""

    scratch: Path
    documents: int
    rounds: int = 0

    def daemon(self) -> float:
        """Documents per second of one replica."""
        self.rounds += 1
        data = self.scratch / f"{self.rounds}-daemon"
        make_documents(data / "incoming", self.documents)
        run = drain({**in_folder(data), **FAKE})
        run.require(self.documents)
        return self.documents / run.seconds

    def loop(self, *, durable: bool) -> float:
        """Documents per second over what `daemon` has just read and written."""
        finished = self.scratch / f"{self.rounds}-daemon" / "processed"
        sources = [next(folder.glob("*/source.*")) for folder in sorted(finished.iterdir())]
        copies = self.scratch / f"{self.rounds}-loop"
        started = perf_counter()
        for source in sources:
            document = source.parents[1]
            for original in document.rglob("*"):
                if original.is_file():
                    copy(original, copies / original.relative_to(finished), durable)
        return len(sources) / (perf_counter() - started)


def copy(source: Path, target: Path, durable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        stream.write(source.read_bytes())
        if durable:
            stream.flush()
            os.fsync(stream.fileno())
