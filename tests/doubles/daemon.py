"""The daemon in this process, on a folder, with real children that run the stand-in engine: it is told which, as no setting could."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from PIL import Image

from watcher.daemon import Daemon
from watcher.engines.choose import Choice
from watcher.engines.port import EngineSpec
from watcher.settings import Claims, Http, Ocr, Settings, Storage, Watch


@contextmanager
def running(
    folder: Path, spec: EngineSpec, monkeypatch: pytest.MonkeyPatch, ocr: Ocr | None = None, max_attempts: int = 3
) -> Iterator[Daemon]:
    monkeypatch.setattr("watcher.daemon.chosen_engine", lambda settings: Choice(spec))
    settings = Settings(
        storage=Storage(folder=str(folder), settle_seconds=0),
        watch=Watch(poll_seconds=0.1, scratch=str(folder.parent / "scratch"), grace_seconds=0),
        claims=Claims(backoff_seconds=0.5, backoff_max_seconds=1, max_attempts=max_attempts),
        ocr=ocr or Ocr(engine="fake", restart_seconds=0.05, restart_max_seconds=0.2),
        http=Http(host="127.0.0.1", port=0),
    )
    daemon = Daemon(settings, structlog.get_logger())
    thread = threading.Thread(target=daemon.run, kwargs={"drain": False})
    thread.start()
    try:
        yield daemon
    finally:
        daemon.stop()
        thread.join(60)
        assert not thread.is_alive()


def wait_for(happened: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def drop(folder: Path, name: str, mark: tuple[int, int, int] = (250, 250, 250)) -> None:
    """A page with ink, whose content differs with its name; `mark` is the colour of its top left pixel."""
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    page = Image.frombytes("L", (60, 40), (name.encode() * 2400)[:2400]).convert("RGB")
    page.putpixel((0, 0), mark)
    page.save(incoming / f".{name}", "PNG")
    (incoming / f".{name}").rename(incoming / name)
