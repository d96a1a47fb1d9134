"""What memory a long document takes: a PDF of many A4 pages against one of three, through the daemon and through PaddleOCR-VL's pipeline by itself.

The pipeline is the real one; its layout model, which finds one block on each page, and the model server are stand-ins. The daemon is measured with all its
processes, each at its own peak; the pipeline in one process that is given the path of the PDF, as its manual has it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.documents import a4_pages
from benchmarks.model_server import PYTHON, ServedDocuments, require_paddle, served_documents
from benchmarks.pairs import measure_pairs
from benchmarks.peaks import peak_of_children
from benchmarks.replica import FailedRunError, drain, in_folder
from benchmarks.row import Plan, Result

FEW = 3
_PIPELINE = """
import sys
from paddleocr import PaddleOCRVL
layout, url, document = sys.argv[1:]
pipeline = PaddleOCRVL(pipeline_version="v1.6", layout_detection_model_dir=layout, vl_rec_backend="vllm-server", vl_rec_server_url=url,
    vl_rec_api_model_name="stand-in", use_doc_orientation_classify=False, use_doc_unwarping=False, device="cpu")
print(len(pipeline.predict(document)))
"""


def measure(plan: Plan) -> Iterator[Result]:
    require_paddle()
    pages = 6 if plan.short else 300
    with served_documents(plan.scratch, documents=1, seconds=0.0) as served:
        growth = Growth(plan.scratch, pages, served)
        pairs = measure_pairs(plan, f"memory of {pages} pages", growth.ours, growth.plain)
    name = f"PaddleOCR-VL: memory that {pages} A4 pages take beyond {FEW}"
    notes = ("Peaks of all processes together; the layout model and the model server are stand-ins, the pipeline is the real one.",)
    yield pairs.result(name, "the pipeline by itself, given the PDF's path", "MB", notes=notes)


@dataclass
class Growth:
    """By how much the peak is higher with `pages` pages than with few, in MB (10^6 bytes)."""

    scratch: Path
    pages: int
    served: ServedDocuments
    rounds: int = 0

    def ours(self) -> float:
        self.rounds += 1
        return self._peak(self._daemon, self.pages) - self._peak(self._daemon, FEW)

    def plain(self) -> float:
        return self._peak(self._pipeline, self.pages) - self._peak(self._pipeline, FEW)

    def _peak(self, work: Callable[[int], None], pages: int) -> float:
        with peak_of_children() as peak:
            work(pages)
        return peak.megabytes

    def _daemon(self, count: int) -> None:
        data = self.scratch / f"{self.rounds}-{count}-pages"
        (data / "incoming").mkdir(parents=True)
        (data / "incoming" / "pages.pdf").write_bytes(a4_pages(count))
        drain({**in_folder(data), **self.served.settings, "WATCHER_OCR__BATCH_PAGES": "16"}, PYTHON)
        finished = len(list((data / "processed").glob("*/*/pages/*.json")))
        if finished != count:
            raise FailedRunError(f"only {finished} of {count} pages were finished")

    def _pipeline(self, count: int) -> None:
        document = self.scratch / f"{count}-pages.pdf"
        document.write_bytes(a4_pages(count))
        command = [str(PYTHON), "-c", _PIPELINE, str(self.served.models / "PP-DocLayoutV3"), self.served.url, str(document)]
        environ = {**os.environ, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        if done.returncode != 0 or int(done.stdout.split()[-1]) != count:
            raise FailedRunError(f"the pipeline ended with {done.returncode}:\n{done.stderr[-2000:]}")
