"""A stand-in for the servers that run PaddleOCR-VL's language model (vLLM, SGLang, FastDeploy): their protocol, faults on demand, and no model.

This handle needs the standard library only, so that it also serves tests that run in other virtual environments. The server is a process in
this repository's own one, where Tesseract and RapidOCR are: in mode `ocr` it really reads the crop.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_VENV_PYTHON = _ROOT / ".venv" / "bin" / "python"

MODES = (
    "ocr",  # reads the crop; for the prompts of tables and formulas in the model's own notation
    "const",  # the same text for every crop
    "length",  # as const, cut off: finish_reason "length"
    "null",  # content: null
    "repeat",  # one line 200 times
    "empty",  # no choices
    "close",  # the connection is closed instead of an answer
    "hang",  # never answered
    "die",  # the server's process ends; `start` brings it back as it was at first: in mode `ocr`
    "html",  # the page of a proxy, with status 200
    "cut",  # half of the answer, then the connection is closed
    "huge",  # `huge_bytes` of text
    "deep",  # JSON nested without end
    "types",  # numbers where text belongs
    "surrogate",  # half of a surrogate pair in the text
)
"""What the server does with a request; a number from 300 to 599 is answered as that status."""


@dataclass
class ModelServer:
    """`url` is what `ocr.server.url` takes. It keeps its port through `stop` and `start`."""

    port: int
    arguments: Sequence[str] = ()
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns once it listens."""
        python = str(_VENV_PYTHON) if _VENV_PYTHON.exists() else sys.executable
        self._process = subprocess.Popen(
            [python, "-m", "servers.model_server_process", "--port", str(self.port), "--parent", str(os.getpid()), *self.arguments],
            env={**os.environ, "PYTHONPATH": str(_ROOT / "tests")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the stand-in for a model server did not start (exit code {self._process.wait(30)})")

    def stop(self) -> None:
        """Kills it: whoever asks it from now on is refused the connection."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def freeze(self) -> None:
        """Connections are taken and nothing is answered, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def set(self, mode: str = "ocr", *, rules: Sequence[dict[str, Any]] = (), **options: Any) -> None:
        """Replaces how it behaves. `options`, where they differ from their defaults:

        `delay` (0.0) seconds for a request; `at_once` (1000) requests that are worked on at once, the others wait; `refuse_beyond` (1000) requests in
        flight, further ones are answered 429; `retry_after` ("") header of errors; `key` ("") that is asked for; `model` ("stand-in");
        `huge_bytes` (8 MiB). `rules`: dicts with `mode`, `delay` of the requests that fit all of `prompt` (a part of it), `colour` ([r, g, b] that makes
        up at least a twentieth of the crop) and `times` (only so many of them); the first that fits decides.
        """
        self._ask("/control", {"mode": mode, "rules": list(rules), **options})

    def stats(self) -> dict[str, Any]:
        """`requests` for completions, `most_in_flight`, `broken_off` (the client went away), `prompts` and `statuses` with counts, `models` and
        `keys` that were named, `options` of the last request without its messages."""
        return dict(self._ask("/stats", None))

    def _ask(self, path: str, document: dict[str, Any] | None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data), timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running_model_server(mode: str = "ocr", **options: Any) -> Iterator[ModelServer]:
    """Runs while the block does, and no longer than this process. Arguments as of `ModelServer.set`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = ModelServer(int(probe.getsockname()[1]))
    try:
        server.start()
        server.set(mode, **options)
        yield server
    finally:
        server.stop()
