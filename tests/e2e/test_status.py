"""The fleet as `watcher status` shows it: two real daemons on one folder, the JSON that programs read, and a terminal that a person watches."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bucket import Bucket
from jsonschema import Draft202012Validator, FormatChecker
from servers.daemon import WATCHER, command, environment, folder_environment, running, s3_environment
from servers.s3_server import S3Server

from watcher.app import utc_now
from watcher.domain.fleet import Fleet
from watcher.domain.presence import Presence
from watcher.storage.folder import FolderStore
from watcher.storage.s3 import S3Store

SAMPLES = Path(__file__).parents[2] / "samples"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "status.schema.json").read_text(encoding="utf-8"))
KEYS = {"enter alternate screen": b"\x1b[?1049h", "leave alternate screen": b"\x1b[?1049l", "show cursor": b"\x1b[?25h"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def changes(folder: Path) -> dict[str, str]:
    return {
        **folder_environment(folder),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__BATCH_PAGES": "1",
        "WATCHER_WATCH__DOCUMENTS": "1",
        "WATCHER_CLAIMS__LEASE_SECONDS": "3",
        "WATCHER_WATCH__PRESENCE_SECONDS": "0.5",
        "WATCHER_WATCH__GRACE_SECONDS": "0",
    }


def drop(folder: Path, name: str, sample: str) -> None:
    path = folder / "incoming" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f".{path.name}").write_bytes((SAMPLES / sample).read_bytes())
    path.with_name(f".{path.name}").rename(path)


def look(changes: dict[str, str]) -> Fleet:
    shown = command("status", "--json", **changes)
    assert shown.returncode == 0, shown.stderr
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(json.loads(shown.stdout))
    return Fleet.model_validate_json(shown.stdout)


def test_two_daemons_are_seen_at_work_and_idle_and_one_that_was_killed_is_silent(
    folder: Path, changes: dict[str, str], tmp_path: Path
) -> None:
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    drop(folder, "Договоры/длинный.pdf", "table-two-pages.pdf")
    busy = {**changes, "WATCHER_WATCH__REPLICA": "читатель-1", "WATCHER_OCR__FAKE_PAGE_SECONDS": "4"}
    with running(tmp_path / "one", **busy) as one:
        one.wait_for_event("document_opened")
        with running(tmp_path / "two", **changes, WATCHER_WATCH__REPLICA="idle-2") as two:

            def both() -> Fleet | None:
                fleet = look(changes)
                states = {(one.name, one.phase, one.in_progress) for one in fleet.replicas if not one.silent}
                known = [one.pages_total for one in fleet.in_progress] == [2]
                return fleet if known and states == {("читатель-1", "ready", 1), ("idle-2", "ready", 0)} else None

            (document,) = two.wait_for(both).in_progress
            one.end(signal.SIGKILL)
            assert (document.key, document.replica, document.silent) == ("incoming/Договоры/длинный.pdf", "читатель-1", False)
            assert {presence.replica for presence in presences(bucket)} == {"читатель-1", "idle-2"}

            # The other takes over what it held and finishes it; the silent one stays on show.
            two.wait_for(lambda: (ended := look(changes)).finished and ended.finished.last_hour == 1 and not ended.in_progress)
            two.wait_for(lambda: {(one.name, one.silent) for one in look(changes).replicas} == {("читатель-1", True), ("idle-2", False)})
            assert two.end(signal.SIGTERM) == 0
    assert [presence.replica for presence in presences(bucket)] == ["читатель-1"], "who ends in order takes its sign down"
    assert bucket.check_closed() == 1


def presences(bucket: Bucket) -> list[Presence]:
    return [Presence.model_validate_json(bucket.text(key)) for key in bucket.keys("claims/.replicas/")]


def test_a_picture_of_a_bucket_says_what_it_cost_and_changes_nothing(moto_server: S3Server) -> None:
    config = moto_server.new_bucket()
    store = S3Store(config)
    names = ["Договоры/2024/Договор № 1.pdf", "a\x1b[2J.pdf"]
    for name in names:
        store.put(f"incoming/{name}", b"%PDF", "application/pdf")
    before = list(store.list(""))
    fleet = look(s3_environment(config))
    assert (fleet.inbox.pending, fleet.requests, fleet.store) == (2, 4, store.location)
    assert fleet.inbox.oldest_key in {f"incoming/{name}" for name in names}
    assert list(store.list("")) == before


def test_without_an_interval_nothing_is_told(folder: Path, changes: dict[str, str]) -> None:
    drop(folder, "page.png", "russian-page.png")
    assert command("run", "--drain", **{**changes, "WATCHER_WATCH__PRESENCE_SECONDS": "0"}).returncode == 0
    assert not (folder / "claims" / ".replicas").exists()


def test_a_sign_of_life_that_cannot_be_given_is_told_once_and_hurts_nothing(folder: Path, changes: dict[str, str], tmp_path: Path) -> None:
    (folder / "claims").mkdir(parents=True)
    (folder / "claims" / ".replicas").write_bytes(b"in the way")
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    with running(tmp_path / "log", **{**changes, "WATCHER_WATCH__PRESENCE_SECONDS": "0.1"}) as daemon:
        daemon.wait_for_event("presence_not_told")
        drop(folder, "page.png", "russian-page.png")
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
        health = json.loads(daemon.get("/health")[1])
        assert (health["status"], health["store"]) == ("healthy", "reachable")
        assert daemon.end(signal.SIGTERM) == 0
        assert len(daemon.events("presence_not_told")) == 1
        assert daemon.events("store_restricted") == daemon.events("store_unreachable") == []


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--watch"], "--watch draws on a terminal"), (["--watch", "--json"], "not both"), (["--every", "0"], "0.5")]
)
def test_what_cannot_be_shown_is_told(changes: dict[str, str], arguments: list[str], words: str) -> None:
    run = command("status", *arguments, **changes)
    assert run.returncode == 2
    assert words in " ".join(run.stderr.replace("│", " ").split())


class Screen:
    """`watcher status --watch` on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self.written = b""
        self._terminal = terminal

    def wait_for(self, shown: Callable[[bytes], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not shown(self.written):
            assert time.monotonic() < deadline, self.written[-3000:].decode(errors="replace")
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.written += self._read()

    def end(self, key: bytes) -> int:
        """The exit code after that key was pressed."""
        os.write(self._terminal, key)
        return self._ended()

    def kill(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self._ended()

    def _ended(self) -> int:
        reader = threading.Thread(target=self._read_to_the_end)
        reader.start()
        code = self.process.wait(60)
        reader.join(60)
        return code

    def _read_to_the_end(self) -> None:
        while some := self._read():
            self.written += some

    def _read(self) -> bytes:
        try:
            return os.read(self._terminal, 65536)
        except OSError:  # the other end was closed
            return b""


@contextmanager
def watching(columns: int = 100, lines: int = 30, **changes: str) -> Iterator[Screen]:
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def own_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    variables = {**environment(changes), "TERM": "xterm-256color"}
    variables.pop("COLUMNS", None)
    process = subprocess.Popen(
        [WATCHER, "status", "--watch", "--every", "0.5"],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=variables,
        preexec_fn=own_the_terminal,
    )
    os.close(inner)
    try:
        yield Screen(process, terminal)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(terminal)


def counts(screen: bytes, state: str) -> list[int]:
    """What the terminal was told of it, one number for each picture."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.decode(errors="replace"))
    return [int(number) for number in re.findall(rf"{state} +([0-9]+)", plain)]


def test_a_watched_fleet_is_drawn_again_and_ends_with_ctrl_c_and_a_screen_as_it_was(folder: Path, changes: dict[str, str]) -> None:
    drop(folder, "a\x1b[2J.pdf", "russian-page.png")
    with watching(**changes) as screen:
        screen.wait_for(lambda written: counts(written, "pending")[-1:] == [1])
        drop(folder, "b.pdf", "russian-page.png")
        screen.wait_for(lambda written: counts(written, "pending")[-1:] == [2])
        assert screen.end(b"\x03") == 0
    assert KEYS["enter alternate screen"] in screen.written
    assert screen.written.rindex(KEYS["leave alternate screen"]) > screen.written.rindex(b"pending")
    assert KEYS["show cursor"] in screen.written
    assert b"Traceback" not in screen.written
    assert b"a\x1b[2J" not in screen.written, "a name drove the terminal"


def test_a_watched_fleet_that_is_terminated_gives_the_screen_back(folder: Path, changes: dict[str, str]) -> None:
    with watching(**changes) as screen:
        screen.wait_for(lambda written: counts(written, "pending"))
        assert screen.kill(signal.SIGTERM) == 128 + signal.SIGTERM
    assert KEYS["leave alternate screen"] in screen.written
    assert b"Traceback" not in screen.written
