"""How long one waits for a process of ours: for the daemon's first answer on /health, and for `watcher status` on an empty bucket.

Beside it, what Python itself takes to start and to import the same packages: less is not to be had without needing fewer.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import packages_distributions, requires
from time import perf_counter
from urllib.error import URLError
from urllib.request import urlopen

from servers.s3_server import free_port

from benchmarks.buckets import bucket_with
from benchmarks.pairs import measure_pairs
from benchmarks.replica import FailedRunError, environment, in_bucket
from benchmarks.row import Plan, Result, at_most

OCR = {"paddle", "paddleocr", "paddlex", "rapidocr", "onnxruntime", "tesserocr", "cv2", "torch"}
_DISTRIBUTION = "paddleocr-watcher"
_MOST_SECONDS = 1.5
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.005
_IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s*([\w.]+)$", re.MULTILINE)
_STATUS = ("-m", "watcher", "status")
_RUN = ("-m", "watcher", "run")


def measure(plan: Plan) -> Iterator[Result]:
    with bucket_with(plan.ceph(), {}) as config:
        process = Process(environment(in_bucket(config)))
        for name, ours, imported in (
            ("start: process to the first answer on /health", process.health, process.imported_by_daemon()),
            ("start: `watcher status` on an empty bucket", process.status, process.imported_by_status()),
        ):
            packages = sorted({module.partition(".")[0] for module in imported} & our_packages())
            pairs = measure_pairs(plan, name, ours, partial(process.imports, packages))
            notes = (f"{name} imports {', '.join(packages)}.",)
            yield Result(name=name, figures=pairs.ours, unit="s", goal=at_most(_MOST_SECONDS), notes=notes)
            yield pairs.result(name, "`python -c` with the same imports", "s")
            ocr = {module.partition(".")[0] for module in imported} & OCR
            yield Result(name=f"{name}: OCR packages imported", figures=(float(len(ocr)),), unit="packages", goal=at_most(0))


def our_packages() -> set[str]:
    """Those that the daemon needs at run time, by the names they are imported by."""
    wanted = {_normal(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in requires(_DISTRIBUTION) or () if "extra ==" not in text}
    return {package for package, of in packages_distributions().items() if wanted & {_normal(distribution) for distribution in of}}


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True)
class Process:
    """Each measurement starts one and returns seconds."""

    environment: Mapping[str, str]

    def health(self) -> float:
        port = free_port()
        started = perf_counter()
        process = subprocess.Popen(
            [sys.executable, *_RUN],
            env={**self.environment, "WATCHER_HTTP__PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not _answers(f"http://127.0.0.1:{port}/health"):
                if perf_counter() - started > _PATIENCE_SECONDS:
                    raise FailedRunError("no answer on /health")
                time.sleep(_LOOK_SECONDS)
            return perf_counter() - started
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)

    def status(self) -> float:
        return self._run(*_STATUS)

    def imports(self, packages: list[str]) -> float:
        return self._run("-c", f"import {', '.join(packages)}")

    def _run(self, *arguments: str) -> float:
        started = perf_counter()
        subprocess.run([sys.executable, *arguments], env=self.environment, capture_output=True, check=True)
        return perf_counter() - started

    def imported_by_status(self) -> list[str]:
        command = [sys.executable, "-X", "importtime", *_STATUS]
        return _IMPORTED.findall(subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stderr)

    def imported_by_daemon(self) -> list[str]:
        """Up to the moment when it answers: its children write to the same stream, and begin later."""
        command = [sys.executable, "-X", "importtime", *_RUN]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                if '"daemon_started"' in line:
                    break
                lines.append(line)
            process.terminate()
            process.stderr.read()
        return _IMPORTED.findall("".join(lines))


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=_PATIENCE_SECONDS) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False
