"""The way to a store that is far: a proxy with a delay, in a process of its own, so that it takes no time from the programs it delays.

It sees every request, whoever sends it, and so counts what no program counts of itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.programs import ServerError

from benchmarks.delay import Request


@dataclass(frozen=True)
class Network:
    endpoint: str
    log: Path

    def requests(self) -> list[Request]:
        """Those that were answered so far."""
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [Request(*json.loads(line)) for line in lines if line.endswith("\n")]

    def forget(self) -> None:
        """What was seen so far counts no more. The proxy appends, so that it writes at the new end."""
        self.log.write_bytes(b"")


@contextmanager
def slow_network(upstream: str, seconds: float, log: Path) -> Iterator[Network]:
    """In front of the store `upstream` (http://host:port); each request takes `seconds` more. `log` is a file that is not there yet."""
    command = [sys.executable, "-m", "benchmarks.delay", upstream, str(seconds), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            endpoint = process.stdout.readline().strip()
            if not endpoint:
                raise ServerError("the proxy did not start; what it said stands above")
            yield Network(endpoint, log)
        finally:
            process.kill()
