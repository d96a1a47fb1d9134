"""`browser`: a page in a real Chromium. Whatever a test does with it, nothing but the result's own files is asked for, and no error is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.chromium import Browser, run_chromium
from browser.results import write_result

from watcher.domain.page import Page

Open = Callable[..., Path]


@pytest.fixture(scope="session")
def _chromium(require_program: Callable[[str, str], str]) -> Iterator[Browser]:
    paths = require_program("chromium", "chromium"), require_program("chromedriver", "chromium-driver")
    with run_chromium(*paths) as browser:
        yield browser


@pytest.fixture
def browser(_chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    _chromium.forget()
    yield _chromium
    assert _chromium.console() == []


@pytest.fixture
def open_result(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """`open_result(*pages, name=...)`: its folder, with the preview opened from the disk."""
    folder = tmp_path / "0123456789ab"

    def open_(*pages: Page, name: str = "Отчёт.pdf") -> Path:
        browser.open(write_result(folder, pages, name).as_uri())
        return folder

    yield open_
    assert [url for url in browser.requests() if not url.startswith(folder.as_uri() + "/") and url != "about:blank"] == []
