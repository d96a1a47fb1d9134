"""A working copy as a person has it in front of them while they read the pages, with the daemon of `make run` in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from documents.pdf import PdfPage, pdf
from servers.daemon import Daemon, environment

from scripts.site_pages import ROOT

READ = ("letter.pdf", "scans/letter.pdf", "scans/contract.pdf")
"""Documents that the pages take for finished."""
FAILED = ("scans/broken.pdf",)
"""And for failed, besides one with a password."""
ENCRYPTED = "secret.pdf"
AT_HAND = ("letter.pdf", "scans/page.png")
"""Files beside the Makefile, which the pages put into the inbox."""
TOKEN = "t0ken-of-the-pages-and-of-nobody-else"

_SAMPLES = {".pdf": "table-two-pages.pdf", ".png": "russian-page.png", ".jpg": "english-scan.jpg"}
_OUR_ADDRESS = re.compile(r"http://(127\.0\.0\.1|localhost):8081\b|https://address-of-the-service\b")
_SECONDS = 60


class WorkingCopy:
    """Settings are the defaults, but for the engine, which is the fake one, and the port, which is any free one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("scripts", "samples", "deploy"):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "config.example.toml", "mkdocs.yml"):
            shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        (folder / ".venv" / ".installed").touch()  # newer than what it is made of
        for name in AT_HAND:
            self._put(folder / name, _sample(name))
        (folder / "watcher.toml").write_text('[watch]\nreplica = "of-a-file"\n', encoding="utf-8")
        self._installed = folder / "installed"  # where `make run` asks which packages there are: all
        self._installed.mkdir()
        (self._installed / "dpkg-query").write_text("#!/bin/sh\nprintf installed\n", encoding="utf-8")
        (self._installed / "dpkg-query").chmod(0o755)

    @contextmanager
    def run(self) -> Iterator[Daemon]:
        """`make run`; its daemon has read the samples and the documents that the pages speak of."""
        log = self.folder.parent / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["make", "run"], cwd=self.folder, env=self._environment(), stdout=file, stderr=file, start_new_session=True
            )
        try:
            daemon = Daemon(process, log)
            daemon.wait_for_event("engine_ready")
            for name in READ:
                self.drop(name, _sample(name))
            for name in FAILED:
                self.drop(name, b"%PDF-1.7 broken off")
            self.drop(ENCRYPTED, pdf([PdfPage()], password="secret"))
            daemon.wait_for(lambda: len(daemon.events("document_ended")) >= len(READ) + len(FAILED) + 1 + len(_SAMPLES))
            yield daemon
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to make as well
            process.wait(_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def drop(self, name: str, body: bytes) -> None:
        """As the daemon expects it: whole from the first moment, by way of another name."""
        self._put(self.folder / "data" / "dropped" / name, body)
        place = self.folder / "data" / "incoming" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "data" / "dropped" / name).rename(place)

    def settled(self) -> bool:
        """Nothing is left to read."""
        return not any(path.is_file() for path in (self.folder / "data" / "incoming").rglob("*"))

    def do(self, text: str, folder: str, port: int, variables: Mapping[str, str]) -> tuple[int, str]:
        """The command in a shell, with the daemon's address in the place of those that the pages have: its exit status and all it said."""
        done = subprocess.run(
            ["bash", "-c", _at(text, port)],
            cwd=self.folder / folder,
            env=self._environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def do_until(self, text: str, port: int, said: str) -> tuple[int, str]:
        """The same for a command without end, at a terminal, with Ctrl-C once it said what matches."""
        ours, its = os.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {_at(text, port)}"],
                cwd=self.folder,
                env=self._environment(),
                stdin=its,
                stdout=its,
                stderr=its,
                start_new_session=True,
            )
            os.close(its)
            heard = b""
            try:
                while not re.search(said, heard.decode(errors="replace")):
                    heard += terminal.read(65536)
                os.killpg(process.pid, signal.SIGINT)
                with suppress(OSError):  # a terminal whose last program ended
                    while more := terminal.read(65536):
                        heard += more
                return process.wait(_SECONDS), heard.decode(errors="replace")
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(error, OSError):
                    raise AssertionError(f"it ended before it said {said!r}: {heard.decode(errors='replace')}") from error
                raise

    def _environment(self) -> dict[str, str]:
        ours = {"WATCHER_OCR__ENGINE": "fake", "WATCHER_STORAGE__SETTLE_SECONDS": "0", "WATCHER_HTTP__EVENTS_TOKEN": TOKEN}
        path = f"{self._installed}:{self.folder / '.venv' / 'bin'}:{os.environ['PATH']}"
        return environment({**ours, "PATH": path, "PYTHONUNBUFFERED": "1", "COLUMNS": "160"})

    @staticmethod
    def _put(path: Path, body: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def _sample(name: str) -> bytes:
    return (ROOT / "samples" / _SAMPLES[Path(name).suffix]).read_bytes() + name.encode()  # no two alike


def _at(text: str, port: int) -> str:
    return _OUR_ADDRESS.sub(f"http://127.0.0.1:{port}", text)
