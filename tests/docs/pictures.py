"""Makes the pictures of the pages anew: `make pictures`. All show real runs, on nothing but the samples of this repository.

docs/pictures/preview.webp   the preview of samples/russian-page.png as Tesseract reads it, in Chromium, with the mouse on one of its blocks
docs/pictures/status.svg     what `watcher status` prints while two replicas with the fake engine work on a folder
docs/pictures/doctor.svg     what `watcher doctor` prints of a bucket on Ceph, in whose claims/ nothing may be deleted
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from io import BytesIO, StringIO
from pathlib import Path

import pypdfium2
from browser.chromium import run_chromium
from PIL import Image
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from servers.ceph import run_ceph
from servers.daemon import WATCHER, command, drop, environment, folder_environment, running, s3_environment

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SAMPLES = ROOT / "samples"

WINDOW = (1280, 836)
COLUMNS = 118
NARROW = 80
PAGES = {"Договор аренды.pdf": 96, "scans/акты-2025.pdf": 240}
"""Documents in progress, and how many pages they have."""
FINISHED = ("Приказ 214.png", "letter.jpg", "прайс-лист.pdf", "scans/001.png", "scans/002.png", "scans/003.png")
FAILED = {"scans/обрыв.pdf": b"%PDF-1.7 broken off", "пусто.png": b""}
WAITING = "накладные.pdf"
PENDING = ("scans/004.png", "scans/005.png", "scans/006.png")


def preview(folder: Path) -> None:
    """Drops the Russian sample into a fresh folder, reads it, and takes the picture of its preview."""
    drop(folder, "russian-page.png", (SAMPLES / "russian-page.png").read_bytes())
    done = command("run", "--drain", **folder_environment(folder), WATCHER_OCR__ENGINE="tesseract", WATCHER_STORAGE__SETTLE_SECONDS="0")
    if done.returncode:
        raise SystemExit(f"make pictures: the sample could not be read:\n{done.stderr}")
    (page,) = folder.glob("processed/*/*/preview.html")
    with run_chromium(program("chromium"), program("chromedriver")) as browser:
        browser.window(*WINDOW)
        browser.prefers("light")
        browser.speaks("ru")
        browser.open(page.as_uri())
        browser.until(lambda: browser.script("return [...document.images].every((image) => image.naturalWidth > 0)"))
        browser.hover("#t1-5")
        shot = Image.open(BytesIO(browser.driver.get_screenshot_as_png()))
        shot.convert("RGB").save(PICTURES / "preview.webp", quality=82, method=6)


def status(folder: Path, logs: Path) -> None:
    """Two replicas at work, one document handed back by a third that was stopped, some finished, failed and pending."""
    for name in FINISHED:
        drop(folder, name, sample(name))
    for name, body in FAILED.items():
        drop(folder, name, body)
    quick = {**folder_environment(folder), "WATCHER_OCR__ENGINE": "fake", "WATCHER_STORAGE__SETTLE_SECONDS": "0"}
    command("run", "--drain", **quick)
    slow = {
        **quick,
        "WATCHER_OCR__FAKE_PAGE_SECONDS": "2",
        "WATCHER_OCR__BATCH_PAGES": "1",
        "WATCHER_WATCH__DOCUMENTS": "1",
        "WATCHER_WATCH__GRACE_SECONDS": "0",
        "WATCHER_WATCH__PRESENCE_SECONDS": "1",
        "WATCHER_CLAIMS__LEASE_SECONDS": "3",
    }
    with ExitStack() as replicas:
        for number, (name, pages) in enumerate(PAGES.items(), start=1):
            drop(folder, name, long_document(pages))
            one = replicas.enter_context(running(logs / f"replica-{number}", **slow, WATCHER_WATCH__REPLICA=f"replica-{number}"))
            one.wait_for(lambda name=name: read(folder, name, 3))  # type: ignore[misc]
        drop(folder, WAITING, long_document(12))
        with running(logs / "replica-3", **slow, WATCHER_WATCH__REPLICA="replica-3") as third:
            third.wait_for(lambda: read(folder, WAITING, 1))
            third.end(signal.SIGTERM)
        for name in PENDING:
            drop(folder, name, sample(name))
        one.wait_for(lambda: read(folder, next(iter(PAGES)), 9))
        said = subprocess.run(
            [WATCHER, "status"],
            env=environment({**quick, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    said = re.sub(r".*\x1b\[2K", "", said, flags=re.DOTALL)  # what it showed while it counted, and erased
    save("status", said.replace(str(folder), "/srv/documents"), COLUMNS)


def doctor(folder: Path) -> None:
    """With one fault, and what hangs on it; without the policy below the table."""
    with run_ceph(folder) as server:
        config = server.config("documents")
        server.client.create_bucket(Bucket=config.bucket)
        place = f"arn:aws:s3:::{config.bucket}/claims/*"
        denial = {"Effect": "Deny", "Principal": "*", "Action": ["s3:DeleteObject"], "Resource": [place]}
        server.client.put_bucket_policy(Bucket=config.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]}))
        quick = {**s3_environment(config), "WATCHER_OCR__ENGINE": "tesseract", "COLUMNS": str(NARROW), "FORCE_COLOR": "1"}
        said = subprocess.run([WATCHER, "doctor"], env=environment(quick), capture_output=True, text=True, check=False).stdout
        save("doctor", said.partition("\nThe smallest policy")[0].replace(server.endpoint, "http://127.0.0.1:7480"), NARROW)


def save(command: str, said: str, columns: int) -> None:
    """What `watcher COMMAND` said, as a picture of a terminal of so many columns."""
    console = Console(record=True, width=columns, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(said.strip("\n")))
    console.print()  # rich cuts the last line of a picture off at its foot
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # they would be fetched from elsewhere
    console.save_svg(str(PICTURES / f"{command}.svg"), title=f"watcher {command}", code_format=without_fonts)


def read(folder: Path, name: str, pages: int) -> bool:
    """Whether so many pages of the document stand."""
    return len(list(folder.glob(f"processed/{name}/*/pages/*.json"))) >= pages


def sample(name: str) -> bytes:
    """Of the name's type; no two alike."""
    (path,) = [path for path in SAMPLES.iterdir() if path.suffix == Path(name).suffix]
    return path.read_bytes() + name.encode()


def long_document(pages: int) -> bytes:
    """The sample's two pages, again and again."""
    made, original = pypdfium2.PdfDocument.new(), pypdfium2.PdfDocument(SAMPLES / "table-two-pages.pdf")
    for number in range(pages):
        made.import_pages(original, [number % 2])
    body = BytesIO()
    made.save(body)
    return body.getvalue()


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"make pictures needs {name}: make deps")
    return path


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "logs").mkdir()
        preview(Path(made) / "read")
        status(Path(made) / "documents", Path(made) / "logs")
        (Path(made) / "ceph").mkdir()
        doctor(Path(made) / "ceph")
