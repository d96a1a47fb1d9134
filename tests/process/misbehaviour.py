"""What children do to their parents; importable by name, so that it can be sent to a spawned process."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil


class UnpicklableError(Exception):
    """Pickles, but cannot be built again from its text alone."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def pid() -> int:
    return os.getpid()


def double(number: int) -> int:
    return 2 * number


def hang_for_good(mark: str | None = None) -> None:
    """Ignores SIGTERM; `mark` is a file made once it hangs."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mark is not None:
        Path(mark).write_text(str(os.getpid()))
    while True:
        time.sleep(3600)


def wait_for(path: str) -> int:
    while not Path(path).exists():
        time.sleep(0.01)
    return os.getpid()


def segfault() -> None:
    ctypes.string_at(0)


def abort() -> None:
    """As a library does that finds its own state broken."""
    os.abort()


def exit_with(code: int) -> None:
    os._exit(code)


def system_exit() -> None:
    sys.exit(4)


def kill_myself_soon() -> int:
    """Answers, and dies idle."""
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return os.getpid()


def exit_with_0_soon() -> int:
    threading.Timer(0.2, os._exit, (0,)).start()
    return os.getpid()


def raise_value_error(text: str) -> None:
    raise ValueError(text)


def raise_timeout_error() -> None:
    raise TimeoutError("of its own")


def raise_unpicklable() -> None:
    raise UnpicklableError("one", "two")


def loop_for_good() -> None:
    """Uses all the processor time there is."""
    while True:
        pass


def write_file(path: str, size: int) -> int:
    return Path(path).write_bytes(bytes(size))


def open_many(count: int) -> int:
    with ExitStack() as files:
        for _ in range(count):
            files.enter_context(Path(os.devnull).open("rb"))
    return count


def use_processor(seconds: float) -> float:
    """The processor time that this process has used once it has used `seconds` more."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return end


def limits() -> dict[str, tuple[int, int]]:
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in ("AS", "CORE", "CPU", "FSIZE", "NOFILE")}


def allocate(size: int) -> int:
    return len(bytearray(size))


def environment_of_process(prefix: str) -> list[str]:
    """Every line with `prefix` in what the process and the kernel know of its environment."""
    kernel = Path("/proc/self/environ").read_bytes().decode(errors="replace").split("\0")
    return [f"{name}={value}" for name, value in os.environ.items() if prefix in name] + [line for line in kernel if prefix in line]


def sigint_is_ignored_or_blocked() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN and signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def send_me_sigint() -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def failing_initializer(reason: str) -> None:
    raise FileNotFoundError(reason)


STARTED: list[str] = []


def initializer(word: str) -> None:
    STARTED.append(word)


def started() -> list[str]:
    return STARTED


def in_thread(function: Callable[[], object]) -> object:
    """Runs `function` in a thread that has ended when this returns."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def readable_secrets(of: int, name: str) -> list[str]:
    """What of process `of` and of those that it started lets itself be read: "environ" with a value of `name`, or "memory"."""
    found = []
    for process in (psutil.Process(of), *psutil.Process(of).children(recursive=True)):
        folder = Path("/proc") / str(process.pid)
        with suppress(OSError):
            lines = (folder / "environ").read_bytes().split(b"\0")
            found += ["environ" for line in lines if line.startswith(f"{name}=".encode()) and line.strip(b"\0") != f"{name}=".encode()]
    with suppress(OSError):
        folder = Path("/proc") / str(of)
        address = int((folder / "maps").read_text().partition("-")[0], 16)
        with (folder / "mem").open("rb") as memory:
            memory.seek(address)
            found += ["memory"] * bool(memory.read(16))
    return found
