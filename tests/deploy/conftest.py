"""One daemon for all tests here that need one: with the fake engine, on a folder, with more documents than it may work on."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from servers.daemon import Daemon, folder_environment, running
from servers.model_server import ModelServer, running_model_server

DROPPED = 4
AT_ONCE = 1


def _long_document() -> bytes:
    """Pages with ink, since others are not given to the engine, for longer than the tests run."""
    page = Image.new("L", (200, 150), 255)
    ImageDraw.Draw(page).rectangle((20, 20, 180, 60), fill=0)
    file = BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[page] * 499)
    return file.getvalue()


@pytest.fixture(scope="session")
def busy_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """It works on one of four documents and does not come to its end."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "data" / "incoming").mkdir(parents=True)
    document = _long_document()
    for number in range(DROPPED):
        (folder / "data" / "incoming" / f"{number}.tif").write_bytes(document)
    settings = {
        **folder_environment(folder / "data"),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__FAKE_PAGE_SECONDS": "1",  # the page that the engine is tried with takes so long too
        "WATCHER_WATCH__DOCUMENTS": str(AT_ONCE),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
    }
    with running(folder / "log", **settings) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def backlog() -> int:
    """Documents that wait there while it works on the others."""
    return DROPPED - AT_ONCE


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    """A stand-in for vLLM: its addresses, no model."""
    with running_model_server("const") as server:
        yield server
