"""The daemon and its other commands as a person runs them: processes of the installed console script."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from watcher.storage.s3 import S3Config

WATCHER = str(Path(sys.executable).with_name("watcher"))
Environment = Mapping[str, str]


def folder_environment(folder: Path) -> dict[str, str]:
    return {"WATCHER_STORAGE__FOLDER": str(folder)}


def drop(folder: Path, name: str, body: bytes) -> None:
    """Into the inbox of a store on a folder, whole at once."""
    path = folder / "incoming" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    partial.write_bytes(body)
    partial.rename(path)


def s3_environment(config: S3Config) -> dict[str, str]:
    return {
        "CLOUDRU_S3_ENDPOINT": config.endpoint,
        "CLOUDRU_S3_BUCKET": config.bucket,
        "CLOUDRU_S3_ACCESS_KEY": config.access_key,
        "CLOUDRU_S3_SECRET_KEY": config.secret_key,
    }


def environment(changes: Environment) -> dict[str, str]:
    """This process's environment without settings of ours, quick to poll, any free port, JSON logs; then `changes`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WATCHER_", "CLOUDRU_"))}
    ours = {
        "WATCHER_HTTP__PORT": "0",
        "WATCHER_HTTP__HOST": "127.0.0.1",
        "WATCHER_WATCH__POLL_SECONDS": "0.5",
        "WATCHER_LOG__FORMAT": "json",
    }
    return {**inherited, **ours, **changes}


def command(*arguments: str | Path, seconds: float = 120, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs `watcher ARGUMENTS` to its end; `changes` go to the environment."""
    return subprocess.run(
        [WATCHER, *map(str, arguments)], env=environment(changes), capture_output=True, text=True, timeout=seconds, check=False
    )


@dataclass(frozen=True)
class Daemon:
    """A running `watcher run`; everything that it writes goes to `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str = "") -> list[dict[str, Any]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in events if not name or event["event"] == name]

    def wait_for(self, happened: Callable[[], Any], seconds: float = 60) -> Any:
        """What `happened` returns once that is true. Fails with the log where the daemon ends or the time does."""
        pause, deadline = threading.Event(), time.monotonic() + seconds
        while not (found := happened()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                if found := happened():
                    return found
                raise AssertionError(
                    f"it did not happen (exit code {self.process.poll()}):\n{self.log.read_text(encoding='utf-8')[-6000:]}"
                )
            pause.wait(0.05)
        return found

    def wait_for_event(self, name: str, seconds: float = 60) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.wait_for(lambda: self.events(name), seconds)
        return found[0]

    @property
    def port(self) -> int:
        return int(self.wait_for_event("daemon_started")["port"])

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Signals it and returns its exit code."""
        self.send(number)
        return self.process.wait(seconds)


@contextmanager
def running(log: Path, *arguments: str, before: Callable[[], None] | None = None, **changes: str) -> Iterator[Daemon]:
    """`watcher run ARGUMENTS`, killed at the end where it still runs. `before` is called in its process first."""
    with log.open("ab") as file:
        process = subprocess.Popen([WATCHER, "run", *arguments], env=environment(changes), stdout=file, stderr=file, preexec_fn=before)
    try:
        yield Daemon(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
