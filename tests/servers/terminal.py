"""A shell on a terminal of its own, as somebody sits before it who presses keys."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROMPT = "ready> "
_SECONDS = 30


@dataclass(frozen=True)
class Terminal:
    """`keyboard` is the descriptor at which keys are pressed and the screen is read."""

    keyboard: int

    def press(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def read_until(self, text: str) -> str:
        """What appears on the screen up to and with `text`. Fails where it does not come in time."""
        screen, deadline = b"", time.monotonic() + _SECONDS
        while text.encode() not in screen:
            ready, _, _ = select.select([self.keyboard], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{text!r} did not appear: {screen.decode(errors='replace')!r}"
            screen += os.read(self.keyboard, 65536)
        return screen.decode(errors="replace")


@contextmanager
def bash(script: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """An interactive bash in `folder` that has read `script` and nothing of the person's own; it shows `PROMPT`."""
    ours, its = pty.openpty()
    command = ["bash", "--noprofile", "--rcfile", str(script), "-i"]
    changed = {"TERM": "dumb", **environment, "INPUTRC": "/dev/null"}
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, cwd=folder, env=changed, start_new_session=True)
    os.close(its)
    try:
        terminal = Terminal(ours)
        terminal.read_until(PROMPT)
        yield terminal
    finally:
        process.kill()
        process.wait()
        os.close(ours)
