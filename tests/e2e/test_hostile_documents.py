"""Hostile documents through the daemon, among sound ones: each leaves the inbox, with a result or with a reason that helps, and none delays the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from bucket import Bucket
from documents import hostile_images as images
from documents import hostile_pdf as pdfs
from documents.drawn import FONT, FONT_PACKAGE, drawn_page
from documents.pdf import PdfPage, pdf
from servers.daemon import command, folder_environment, running

from watcher.app import utc_now
from watcher.domain.errors import ErrorCode
from watcher.storage.folder import FolderStore

LIMITS = {
    "WATCHER_STORAGE__SETTLE_SECONDS": "0",
    "WATCHER_LIMITS__PARSE_SECONDS": "3",
    "WATCHER_LIMITS__PARSE_MEMORY_BYTES": "512 MiB",
    "WATCHER_CLAIMS__MAX_ATTEMPTS": "2",
    "WATCHER_CLAIMS__BACKOFF_SECONDS": "0",
    "WATCHER_OCR__ENGINE": "fake",
}
HOSTILE: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "huge.png": (partial(images.one_colour_png, 30_000, 30_000), {"too_many_pixels"}),
    "many.tiff": (images.tiff_of_many_pages, {"too_many_pages"}),
    "million.pdf": (pdfs.million_pages, {"too_many_pages"}),
    "forms.pdf": (pdfs.forms_that_multiply, {"parser_crashed", "parser_timeout", "parser_memory"}),
    "tiles.pdf": (pdfs.tiny_tiles, {"parser_crashed", "parser_timeout", "parser_memory"}),
    "loop.pdf": (pdfs.looping_pages, {"page_unreadable", "corrupt_pdf"}),
    "no-image.pdf": (pdfs.image_with_no_data, {"page_unreadable"}),
    "locked.pdf": (partial(pdf, [PdfPage()], password="secret", cipher="AES-128"), {"encrypted_pdf"}),
    "empty.pdf": (bytes, {"empty_file"}),
}
SOUND = {
    "a-sound.pdf": lambda: pdf([PdfPage()] * 3),
    "unlocked.pdf": lambda: pdf([PdfPage()], password="", cipher="AES-256"),
    "z.png": lambda: images.encoded(images.small(), "PNG"),
}


def dropped(folder: Path, documents: dict[str, Callable[[], bytes]]) -> Bucket:
    for name, make in documents.items():
        (folder / "incoming").mkdir(parents=True, exist_ok=True)
        (folder / "incoming" / name).write_bytes(make())
    return Bucket(FolderStore(folder, None, 0, utc_now))


def test_each_ends_with_its_code_and_the_sound_ones_are_read(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "data", tmp_path / "scratch"
    bucket = dropped(folder, {**{name: make for name, (make, _) in HOSTILE.items()}, **SOUND})
    run = command("run", "--drain", seconds=280, **folder_environment(folder), **LIMITS, WATCHER_WATCH__SCRATCH=str(scratch))
    assert run.returncode == 3, run.stderr[-3000:]
    assert bucket.keys("incoming/") == []
    errors = {key.removeprefix("incoming/"): report for key, report in bucket.errors().items()}
    assert errors.keys() == HOSTILE.keys()
    for name, (make, codes) in HOSTILE.items():
        report = errors[name]
        assert report.code in codes, name
        assert report.code in {code.value for code in ErrorCode}
        assert len(report.message.split(". ")) > 1, "tells what is wrong, but not what to do"
        (original,) = [key for key in bucket.keys("failed/") if f"/{name}/" in key and key.endswith(f"/{report.original}")]
        assert bucket.store.get(original)[1] == make()
    assert {manifest.source.key.removeprefix("incoming/") for manifest in bucket.manifests().values()} == SOUND.keys()
    bucket.check_finished()
    assert list(scratch.iterdir()) == []
    assert not list(tmp_path.rglob("core*"))


@pytest.mark.skipif(not FONT.exists(), reason=f"no {FONT}: apt-get install {FONT_PACKAGE}")
def test_what_a_document_says_is_text_wherever_it_is_shown_and_in_no_log_or_health_answer(require_program, tmp_path: Path) -> None:
    require_program("tesseract", "tesseract-ocr tesseract-ocr-rus")
    lines = "<script>alert(12345)</script>\n\n[press here](javascript:alert(12345))\n\n<img src=x onerror=alert(12345)>\n\n# Heading alert(12345)"
    folder = tmp_path / "data"
    bucket = dropped(folder, {"said.png": lambda: images.encoded(drawn_page((100, 200, lines), font_size=36), "PNG")})
    environment = {**folder_environment(folder), **LIMITS, "WATCHER_OCR__ENGINE": "tesseract", "WATCHER_OCR__LANGUAGES": "eng"}
    with running(tmp_path / "log", **environment) as daemon:
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
        answers = [daemon.get(path)[1] for path in ("/health", "/ready", "/metrics")]
        daemon.end()
    (result,) = bucket.manifests()
    said = [block["text"] for page in json.loads(bucket.text(result + "document.json"))["pages"] for block in page["blocks"]]
    assert any("12345" in text for text in said), said
    assert "javascript" in " ".join(said)
    markdown, preview = bucket.markdown(result), bucket.text(result + "preview.html")
    assert "<script" not in markdown
    assert "<img" not in markdown.replace("![", "")
    assert "](javascript" not in markdown
    assert preview.count("<script") == 1
    assert "<img src=x" not in preview
    for shown in (*answers, daemon.log.read_text(encoding="utf-8"), bucket.text(result + "manifest.json")):
        assert "12345" not in shown
    assert not any("said.png" in answer for answer in answers)
