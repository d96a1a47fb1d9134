"""What calls of many pages gain with a model server: one-page documents through the daemon, with the real pipeline of PaddleOCR-VL.

The server is a stand-in that takes half a second for a request and works on 64 at once; so is the layout model, which finds one block on each
page. Against it, the same daemon that reads one page a call.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.model_server import running_model_server

from benchmarks.folder_store import make_documents
from benchmarks.pairs import measure_pairs
from benchmarks.replica import drain, in_folder
from benchmarks.row import NotMeasuredError, Plan, Result, at_least

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / "build" / "paddle-3.7" / "bin" / "python"
"""Of the environment that has the daemon and PaddleOCR, as scripts/paddle.sh makes it."""
SECONDS, AT_ONCE = 0.5, 64

_BLOCK = '[["text", 0.1, 0.1, 0.9, 0.3]]'


def require_paddle() -> None:
    """Raises `NotMeasuredError`."""
    if not PYTHON.exists():
        raise NotMeasuredError(f"{PYTHON.relative_to(ROOT)} is not there (scripts/paddle.sh makes it)")


def measure(plan: Plan) -> Iterator[Result]:
    require_paddle()
    with served_documents(plan.scratch, 2 if plan.short else 64) as served:
        pairs = measure_pairs(plan, "batches across documents", served.together, served.alone)
    stand_in = (
        f"The model server is a stand-in that takes {SECONDS:g} s for a request and works on {AT_ONCE} at once; so is the layout model."
    )
    name = f"batches across documents: calls of up to {AT_ONCE} pages to a model server"
    yield pairs.result(name, "one call per document", "documents/s", at_least(10), notes=(stand_in,))


@dataclass
class ServedDocuments:
    """Measures `documents` at a time under `scratch`. `models` holds the layout model, `url` is the server's."""

    scratch: Path
    documents: int
    models: Path
    url: str
    rounds: int = 0

    def together(self) -> float:
        """Documents per second where pages of several documents share a call."""
        return self._measure(str(AT_ONCE))

    def alone(self) -> float:
        """Documents per second with a call for each."""
        return self._measure("1")

    @property
    def settings(self) -> dict[str, str]:
        return {
            "WATCHER_OCR__ENGINE": "paddleocr-vl",
            "WATCHER_OCR__BACKEND": "vllm-server",
            "WATCHER_OCR__SERVER__URL": self.url,
            "WATCHER_OCR__SERVER__CONCURRENCY": str(AT_ONCE),
            "WATCHER_OCR__MODELS": str(self.models),
            "WATCHER_OCR__DEVICES": "cpu",
            "WATCHER_WATCH__DOCUMENTS": str(AT_ONCE),
            "WATCHER_RENDER__PROCESSES": "2",  # as docs/engines.md says: one process draws fewer pages than such a server reads
        }

    def _measure(self, pages_per_call: str) -> float:
        self.rounds += 1
        data = self.scratch / f"{self.rounds}-served"
        make_documents(data / "incoming", self.documents)
        run = drain({**in_folder(data), **self.settings, "WATCHER_OCR__BATCH_PAGES": pages_per_call}, PYTHON)
        run.require(self.documents)
        return self.documents / run.seconds


@contextmanager
def served_documents(scratch: Path, documents: int, seconds: float = SECONDS) -> Iterator[ServedDocuments]:
    models = scratch / "models"
    program, folder = ROOT / "tests" / "paddle" / "stand_ins" / "layout.py", models / "PP-DocLayoutV3"
    layout = [str(PYTHON), str(program), str(folder), folder.name, _BLOCK]
    models.mkdir()
    subprocess.run(layout, check=True, capture_output=True, env={**os.environ, "GLOG_minloglevel": "2"})
    with running_model_server("const", delay=seconds, at_once=AT_ONCE) as server:
        yield ServedDocuments(scratch, documents, models, server.url)
