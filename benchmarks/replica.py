"""The daemon as a process of its own, as it is measured: what it was told by variables, and what its log says of when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from watcher.storage.s3 import S3Config

FAKE = {"WATCHER_OCR__ENGINE": "fake"}
_LOOK_SECONDS, _END_SECONDS = 0.02, 30.0
_NOT_INHERITED = (
    "WATCHER_",
    "CLOUDRU_",
    "PYTHONPATH",
)  # the folders of the tests are not for the daemon: it would take tests/paddle for PaddlePaddle


class FailedRunError(Exception):
    """The daemon did not do what was to be measured. The text ends with what it wrote."""


def in_folder(folder: Path) -> dict[str, str]:
    return {"WATCHER_STORAGE__FOLDER": str(folder), "WATCHER_STORAGE__SETTLE_SECONDS": "0"}


def in_bucket(config: S3Config, endpoint: str = "") -> dict[str, str]:
    """`endpoint`: where a proxy in front of the store answers."""
    return {
        "CLOUDRU_S3_ENDPOINT": endpoint or config.endpoint,
        "CLOUDRU_S3_BUCKET": config.bucket,
        "CLOUDRU_S3_ACCESS_KEY": config.access_key,
        "CLOUDRU_S3_SECRET_KEY": config.secret_key,
    }


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's without variables of ours, soon at its end, on any free port of the loopback; then `settings`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)},
        "WATCHER_WATCH__POLL_SECONDS": "1",
        "WATCHER_HTTP__HOST": "127.0.0.1",
        "WATCHER_HTTP__PORT": "0",
        "WATCHER_LOG__FORMAT": "json",
        **settings,
    }


@dataclass(frozen=True)
class Run:
    """What a daemon told of itself in its log."""

    events: tuple[Mapping[str, Any], ...]

    def named(self, name: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    @property
    def seconds(self) -> float:
        """From the first claim to the end of the last document: neither the start of Python nor the loading of models counts."""
        return (max(map(moment, self.named("document_ended"))) - min(map(moment, self.named("document_claimed")))).total_seconds()

    def require(self, documents: int) -> None:
        """Raises `FailedRunError` where not just so many documents were read."""
        done = sum(event["outcome"] == "done" for event in self.named("document_ended"))
        if done != documents:
            raise FailedRunError(f"{done} of {documents} documents were finished")


def drain(settings: Mapping[str, str], python: str | Path = sys.executable) -> Run:
    """Runs `watcher run --drain` with these variables to its end. Raises `FailedRunError`."""
    command = [python, "-m", "watcher", "run", "--drain"]
    done = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FailedRunError(f"`watcher run --drain` ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return Run(events(done.stderr))


@dataclass(frozen=True)
class Replica:
    """A daemon that runs until the block that started it ends."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def run(self) -> Run:
        """What it has told so far."""
        return Run(events(self.log.read_text(encoding="utf-8")))

    def wait_until(self, happened: Callable[[], Any], seconds: float = 600.0, look_seconds: float = _LOOK_SECONDS) -> None:
        """Raises `FailedRunError` where the daemon or the time ends before. Reading long logs often takes time from what is measured."""
        deadline = time.monotonic() + seconds
        while not happened():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise FailedRunError(
                    f"it did not happen (exit code {self.process.poll()}):\n{self.log.read_text(encoding='utf-8')[-4000:]}"
                )
            time.sleep(look_seconds)

    def wait_until_ready(self) -> None:
        """Its engine is loaded, and the inbox was looked into."""
        self.wait_until(lambda: self._health()["last_scan_age_seconds"] is not None and self._health()["paddleocr"] == "ready")

    @property
    def url(self) -> str:
        self.wait_until(lambda: self.run.named("daemon_started"))
        return f"http://127.0.0.1:{self.run.named('daemon_started')[0]['port']}"

    def _health(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/health", timeout=10) as answer:
            health: dict[str, Any] = json.load(answer)
        return health


@contextmanager
def replica(log: Path, settings: Mapping[str, str]) -> Iterator[Replica]:
    """`watcher run` with these variables; ended by SIGTERM, so that what it says last can still be read."""
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "watcher", "run"], env=environment(settings), stdout=file, stderr=file)
    try:
        yield Replica(process, log)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def events(log: str) -> tuple[Mapping[str, Any], ...]:
    """Of a log in JSON; a line that is being written is left out."""
    return tuple(json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}"))


def moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))  # Python 3.10 knows no Z
