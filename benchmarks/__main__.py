"""`make bench`: every row is a ratio to a plain alternative that was measured in the same run."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.folder_store import FolderStore
from benchmarks.pairs import measure_pairs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each row (default: 5)")
    parser.add_argument("--documents", type=int, default=100, help="documents in each measurement (default: 100)")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as scratch:
        store = FolderStore(Path(scratch), arguments.documents)
        for against, durable in (("a loop without fsync", False), ("a loop with fsync", True)):
            name = f"folder store, fake engine of 0 s, against {against}"
            print(measure_pairs(name, "documents/s", arguments.pairs, store.daemon, partial(store.loop, durable=durable)))


if __name__ == "__main__":
    main()
