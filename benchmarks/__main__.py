"""`make bench`: every row is a ratio to a plain alternative that was measured in the same run."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.folder_store import FolderStore
from benchmarks.model_server import AT_ONCE, PYTHON, SECONDS, served_documents
from benchmarks.page_memory import measure_memory
from benchmarks.pairs import measure_pairs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each row (default: 5)")
    parser.add_argument("--documents", type=int, default=100, help="documents in each measurement (default: 100)")
    parser.add_argument("--served", type=int, default=64, help="documents in each measurement with a model server (default: 64)")
    parser.add_argument("--pages", type=int, default=300, help="pages of the long document whose memory is measured (default: 300)")
    parser.add_argument("--rows", choices=("all", "folder", "server", "memory"), default="all", help="what is measured (default: all)")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.rows in ("all", "folder"):
            measure_folder(Path(scratch), arguments.pairs, arguments.documents)
        if arguments.rows in ("all", "server"):
            measure_server(Path(scratch), arguments.pairs, arguments.served)
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.rows in ("all", "memory"):
            measure_pages(Path(scratch), arguments.pages)


def measure_folder(scratch: Path, pairs: int, documents: int) -> None:
    store = FolderStore(scratch, documents)
    for against, durable in (("a loop without fsync", False), ("a loop with fsync", True)):
        name = f"folder store, fake engine of 0 s, against {against}"
        print(measure_pairs(name, "documents/s", pairs, store.daemon, partial(store.loop, durable=durable)))


def measure_server(scratch: Path, pairs: int, documents: int) -> None:
    name = (
        f"PaddleOCR-VL, model server of {SECONDS:g} s and {AT_ONCE} at once, {documents} one-page documents, calls of up to {AT_ONCE} pages,"
        " against one call per document"
    )
    if not PYTHON.exists():
        print(f"{name}: not measured, since {PYTHON} is not there (scripts/paddle.sh makes it)")
        return
    with served_documents(scratch, documents) as served:
        print(measure_pairs(name, "documents/s", pairs, served.together, served.alone))


def measure_pages(scratch: Path, pages: int) -> None:
    if PYTHON.exists():
        print(measure_memory(scratch, pages))
    else:
        print(f"PaddleOCR-VL, peak memory: not measured, since {PYTHON} is not there (scripts/paddle.sh makes it)")


if __name__ == "__main__":
    main()
