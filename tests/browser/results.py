"""Results to open: `preview.html` with its pictures, on the disk or on a server of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from PIL import Image

from watcher.domain.page import Block, Page, PageStatus
from watcher.results.preview import preview_html

OMITTED = ("header", "number")
WIDTH, HEIGHT = 600, 800


def block(order: int, text: str = "", **fields: Any) -> Block:
    return Block(**{"label": "text", "box": (50, 50 + 70 * order, 550, 110 + 70 * order), "order": order, "text": text, **fields})


def page(number: int, *blocks: Block, **fields: Any) -> Page:
    base = {"number": number, "width": WIDTH, "height": HEIGHT, "dpi": 72, "status": PageStatus.OK, "image": f"pages/{number:04d}.jpg"}
    return Page(**{**base, "blocks": list(blocks), **fields})


def write_result(folder: Path, pages: Sequence[Page], name: str = "Отчёт.pdf") -> Path:
    """The path of its preview."""
    for place in ("pages", "images"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for one in pages:
        if one.image:
            Image.new("RGB", (one.width, one.height), "white").save(folder / one.image)
        for figure in (found.figure for found in one.blocks if found.figure):
            Image.new("RGB", (80, 60), "navy").save(folder / figure)
    preview = folder / "preview.html"
    preview.write_text("".join(preview_html(pages, name, len(pages), OMITTED)), encoding="utf-8", newline="")
    return preview


class _Files(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, signed_only: bool, **options: Any) -> None:
        self._signed_only = signed_only
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path.endswith("/favicon.ico"):
            self.send_error(404)
        elif self._signed_only and "X-Amz-Signature=" not in self.path:
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(folder: Path, *, signed_only: bool = False) -> Iterator[str]:
    """Its address, with a slash at the end. `signed_only`: like a private bucket, it answers to addresses with a signature alone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder), signed_only=signed_only)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
