"""A program of its own between us and a server that we run: it ends the server with all processes that this started, and ends with us.

`python -m watcher.workers.leash PARENT STOP_SECONDS PROGRAM [ARGUMENT...]`. On SIGTERM, which the kernel also sends when the process
PARENT dies, however it dies, the program's group is told to end, and after STOP_SECONDS killed. Processes that left the group come under this one when
their parents die (PR_SET_CHILD_SUBREAPER) and are ended too. Exits as the program did, with 128 + N for signal N.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

CANNOT_RUN = 126  # as shells say it

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.1
_KILL_SECONDS = 10.0  # a process that the kernel cannot kill for so long hangs in a device; nobody can end it


def main(parent: int, stop_seconds: float, command: list[str]) -> int:
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: told.append(received))
    _set(_PR_SET_CHILD_SUBREAPER, 1)
    _set(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return 1
    try:
        process = subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_leash)  # noqa: S603 - the command is a setting
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", flush=True)
        return CANNOT_RUN
    code = None
    while code is None and not told:
        time.sleep(_LOOK_SECONDS)
        code = _reap(process.pid)
    ended = _end_all(process.pid, stop_seconds)
    code = code if code is not None else ended
    process.returncode = code or 0  # it was reaped here, behind the object's back
    return 128 + signal.SIGKILL if code is None else code if code >= 0 else 128 - code


def _end_all(group: int, stop_seconds: float) -> int | None:
    """SIGTERM, then SIGKILL. The exit code of the program where it was still running."""
    code = None
    for number, seconds in ((signal.SIGTERM, stop_seconds), (signal.SIGKILL, _KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        with suppress(ProcessLookupError):
            os.killpg(group, number)
        signalled: set[int] = set()
        while family := psutil.Process().children(recursive=True):
            for member in family:
                if number == signal.SIGKILL or member.pid not in signalled:
                    signalled.add(member.pid)
                    with suppress(psutil.NoSuchProcess):
                        member.send_signal(number)
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK_SECONDS / 2)
            code = _first(code, _reap(group))
        code = _first(code, _reap(group))
    return code


def _first(known: int | None, found: int | None) -> int | None:
    return found if known is None else known


def _reap(program: int) -> int | None:
    """Takes in all children that have ended, adopted ones too. The program's exit code, if it is among them."""
    code = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == program:
                code = os.waitstatus_to_exitcode(status)
    return code


def _die_with_leash() -> None:
    _set(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _set(option: int, value: int) -> None:
    """Only Linux has these; elsewhere the group is all that is ended."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
