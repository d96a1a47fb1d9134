"""Server programs that run for the tests, and end with them."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class ServerError(Exception):
    """The server did not start; the text ends with what the program said."""


@contextmanager
def running_program(name: str, command: Sequence[str], log: Path) -> Iterator[Callable[[], None]]:
    """Runs the program while the block does, and no longer than this process. Yields a check that raises `ServerError` where it has ended."""
    leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with log.open("wb") as out:
        process = subprocess.Popen([*leash, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def check() -> None:
        if process.poll() is not None:
            raise ServerError(f"{name} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}")

    try:
        yield check
    finally:
        process.kill()  # nothing in it outlives the tests
        process.wait(_STOP_SECONDS)


def wait_until(is_up: Callable[[], bool], *checks: Callable[[], None]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_up():
        for check in checks:
            check()
        if time.monotonic() > deadline:
            raise ServerError(f"not up after {START_SECONDS:.0f} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether anything answers there, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
