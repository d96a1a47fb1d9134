"""What the daemon costs around the engine: one-page documents through a folder store with the fake engine, which takes no time.

Against it, a loop as a plain script has it: it reads the same documents one after another and writes the very files that the daemon wrote. It
opens no image, keeps no claims and knows no failure. With `durable` it calls fsync for each file, as the folder store does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from PIL import Image, ImageDraw

PAGE = (620, 877)  # A4 at 75 dpi, in pixels


def make_documents(inbox: Path, count: int) -> None:
    inbox.mkdir(parents=True)
    for number in range(count):
        page = Image.new("L", PAGE, 255)
        ImageDraw.Draw(page).text((40, 40), f"document {number}", fill=0)
        page.save(inbox / f"{number:05}.png")


FAKE = {"WATCHER_OCR__ENGINE": "fake"}


def drain(data: Path, python: str | Path = sys.executable, settings: Mapping[str, str] = FAKE) -> float:
    """Runs `watcher run --drain` on the folder `data`; seconds from the first claim to the end of the last document, by its log."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WATCHER_", "CLOUDRU_"))},
        "WATCHER_STORAGE__FOLDER": str(data),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_WATCH__POLL_SECONDS": "0.1",
        "WATCHER_HTTP__HOST": "127.0.0.1",
        "WATCHER_HTTP__PORT": "0",
        "WATCHER_LOG__FORMAT": "json",
        **settings,
    }
    done = subprocess.run([python, "-m", "watcher", "run", "--drain"], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"`watcher run --drain` ended with {done.returncode}:\n{done.stderr}")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    claimed = min(moment(event) for event in events if event["event"] == "document_claimed")
    ended = max(moment(event) for event in events if event["event"] == "document_ended")
    return (ended - claimed).total_seconds()


def moment(event: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))  # Python 3.10 knows no Z


@dataclass
class FolderStore:
    """Measures `documents` at a time under `scratch`."""

    scratch: Path
    documents: int
    rounds: int = 0

    def daemon(self) -> float:
        """Documents per second of one replica."""
        self.rounds += 1
        data = self.scratch / f"{self.rounds}-daemon"
        make_documents(data / "incoming", self.documents)
        seconds = drain(data)
        finished = len(list((data / "processed").glob("*/*/manifest.json")))
        if finished != self.documents:
            raise SystemExit(f"only {finished} of {self.documents} documents were finished")
        return self.documents / seconds

    def loop(self, *, durable: bool) -> float:
        """Documents per second over what `daemon` has just read and written."""
        finished = self.scratch / f"{self.rounds}-daemon" / "processed"
        sources = [next(folder.glob("*/source.*")) for folder in sorted(finished.iterdir())]
        copies = self.scratch / f"{self.rounds}-loop"
        started = perf_counter()
        for source in sources:
            document = source.parents[1]
            for original in document.rglob("*"):
                if original.is_file():
                    copy(original, copies / original.relative_to(finished), durable)
        return len(sources) / (perf_counter() - started)


def copy(source: Path, target: Path, durable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        stream.write(source.read_bytes())
        if durable:
            stream.flush()
            os.fsync(stream.fileno())
