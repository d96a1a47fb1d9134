"""Documents under hostile names, through the daemon: each ends in a folder of its own, and no name acts where it is shown."""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bucket import Bucket
from documents.names import IN_A_BUCKET, ON_A_DISK
from PIL import Image
from servers.daemon import command, folder_environment, s3_environment
from servers.s3_server import S3Server

from watcher.app import utc_now
from watcher.storage.folder import FolderStore
from watcher.storage.port import Store
from watcher.storage.s3 import S3Store

SAME_CONTENT = ("Case.png", "case.png", unicodedata.normalize("NFC", "йёé.png"), unicodedata.normalize("NFD", "йёé.png"))
DAMAGED = ("escape \x1b[2J\x1b]0;title\x07.png", "<script>alert(1)</script>.png", "new\nline.png", "right-to-left \u202egnp.exe")
"""These hold a damaged image, so that they end in failed/."""
NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NOT_FOR_MOTO = ("new\nline.png",)
"""moto's routes end at a line break."""
PLACEHOLDER = "incoming/a folder/"
"""What storage consoles make of a folder: not a document, so it stays."""
FAKE = {"WATCHER_OCR__ENGINE": "fake", "WATCHER_WATCH__IGNORE": "*.part"}
"""By default names that begin with a dot are passed over, among them `..`."""


def picture(name: str) -> bytes:
    """Of a colour of its own for each name, but for those that are to hold the same."""
    seed = hashlib.sha256(b"same" if name in SAME_CONTENT else name.encode()).digest()
    out = io.BytesIO()
    Image.frombytes("RGB", (4, 2), seed[:24]).resize((40, 20)).save(out, "PNG")
    return out.getvalue()[:60] if name in DAMAGED else out.getvalue()


def check(store: Store, names: list[str], environment: dict[str, str]) -> None:
    run = command("run", "--drain", seconds=250, **environment)
    assert run.returncode == 3, run.stderr[-3000:]
    bucket = Bucket(store)
    assert set(bucket.keys("incoming/")) <= {PLACEHOLDER}
    bucket.check_finished()
    _check_places(bucket, names)
    _check_files(bucket)
    _check_log(run.stdout + run.stderr, names)
    status = command("status", **environment)
    assert status.returncode == 0, status.stderr
    assert not NO_TEXT.search(status.stdout), "it could drive the terminal"
    again = command("run", "--drain", seconds=120, **environment, WATCHER_LOG__FORMAT="console")
    assert (again.returncode, NO_TEXT.search(again.stdout + again.stderr)) == (0, None)


def _check_places(bucket: Bucket, names: list[str]) -> None:
    """Each finished document has its own result, with what was dropped under its name; each damaged one has its own report."""
    finished = {manifest.source.key.removeprefix("incoming/"): (folder, manifest) for folder, manifest in bucket.manifests().items()}
    assert finished.keys() == set(names) - set(DAMAGED)
    assert len({folder for folder, _ in finished.values()}) == len(finished)
    for name, (folder, manifest) in finished.items():
        assert manifest.source.sha256 == hashlib.sha256(picture(name)).hexdigest(), name
        (source,) = [output.name for output in manifest.outputs if output.name.startswith("source")]
        assert bucket.store.get(folder + source)[1] == picture(name), name
        assert all(part not in ("", ".", "..") and not NO_TEXT.search(part) for part in folder.removesuffix("/").split("/"))
        assert len(folder.encode()) < 1024
    errors = {key.removeprefix("incoming/"): report for key, report in bucket.errors().items()}
    assert errors.keys() == set(DAMAGED) & set(names)
    assert {report.code for report in errors.values()} == {"corrupt_image"}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))


def _check_files(bucket: Bucket) -> None:
    """What people open: no name became an element, a script or a link; and files for programs are whole."""
    plain: set[tuple[str, ...]] = set()
    for key in bucket.keys("processed/"):
        if key.endswith(("/preview.html", "/index.html")) and "/images/" not in key:
            tags = _Tags()
            tags.feed(bucket.text(key))
            assert not any(name.startswith("on") for _, attributes in tags.seen for name, _ in attributes), key
            assert not any((value or "").lower().startswith("javascript:") for _, attributes in tags.seen for _, value in attributes), key
            if key.endswith("/preview.html"):
                plain.add(tuple(tag for tag, _ in tags.seen))
        elif key.endswith(".json"):
            json.loads(bucket.text(key))
            assert not (key.endswith("/manifest.json") and NO_TEXT.search(bucket.text(key)))
        elif key.endswith("/document.md"):
            assert not NO_TEXT.search(bucket.text(key)), key
    assert len(plain) == 1, "the previews of all these documents differ in text alone"
    for key in bucket.keys("failed/"):
        if key.endswith("/error.json"):
            assert not NO_TEXT.search(bucket.text(key))


def _check_log(log: str, names: list[str]) -> None:
    lines = log.splitlines()
    assert len(lines) == len(log.split("\n")) - 1, "a name has broken a line"
    told = {event.get("document", "").removeprefix("incoming/") for event in map(json.loads, lines)}
    assert {name for name in names if "test" not in name} <= told  # moto's secret is "test", which no log line shows, "latest" or not
    assert not NO_TEXT.search(log.replace("\n", ""))


@pytest.mark.parametrize("server", ["ceph", "moto_server"])
def test_in_a_bucket(request: pytest.FixtureRequest, server: str) -> None:
    running: S3Server = request.getfixturevalue(server)
    config = running.new_bucket()
    store, names = S3Store(config), [name for name in IN_A_BUCKET if server == "ceph" or name not in NOT_FOR_MOTO]
    for name in names:
        store.put(f"incoming/{name}", picture(name), "image/png")
    store.put(PLACEHOLDER, b"", "application/x-directory")
    check(store, names, {**s3_environment(config), **FAKE})
    assert store.head(PLACEHOLDER).size == 0


def test_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in ON_A_DISK:
        path = folder / "incoming" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(name))
    environment = {**folder_environment(folder), **FAKE, "WATCHER_STORAGE__SETTLE_SECONDS": "0"}
    check(FolderStore(folder, None, 0, utc_now), ON_A_DISK, environment)
