"""The way to a store that is far: the tests' proxy with a delay, in a process of its own, so that it takes no time from the programs it delays.

It sees every request, whoever sends it, and so counts what no program counts of itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.programs import ServerError
from servers.proxy import Exchange, run_proxy
from servers.weather import Weather


@dataclass(frozen=True)
class Request:
    """Times are of the machine's monotonic clock. `status` is 0 where nothing was answered; `key` is unquoted and without its bucket."""

    method: str
    key: str
    query: str
    status: int
    sent_at: float
    answered_at: float


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
    command = [sys.executable, "-m", "benchmarks.network", upstream, str(seconds), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            endpoint = process.stdout.readline().strip()
            if not endpoint:
                raise ServerError("the proxy did not start; what it said stands above")
            yield Network(endpoint, log)
        finally:
            process.kill()


def main() -> None:
    """Runs until its standard input ends, as it does with the process that started it."""
    upstream, seconds, log = sys.argv[1:]
    lock = threading.Lock()
    with Path(log).open("a", encoding="utf-8", buffering=1) as file:

        def note(seen: Exchange) -> None:
            line = json.dumps([seen.method, seen.key, seen.query, seen.status or 0, seen.sent_at, seen.answered_at])
            with lock:
                file.write(line + "\n")

        with run_proxy("network", upstream, note, seed=0) as proxy:
            proxy.weather = Weather(latency_seconds=float(seconds))
            print(proxy.endpoint, flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
