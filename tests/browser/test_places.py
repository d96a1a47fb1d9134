"""Where a result is opened from: the disk, a public link, a presigned one, the folder's `index.html`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from browser.chromium import Browser
from browser.results import block, page, serve, write_result

from watcher.results.latest import Latest, index_html

VERSION = "0123456789ab"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a document, as it stands in the bucket: `index.html` and the folder of one version."""
    figure = block(1, label="image", figure="images/p0001_image_1_2_3_4.jpg")
    write_result(tmp_path / VERSION, [page(1, block(0, "Первая"), figure), page(2, block(0, "Вторая"))])
    latest = Latest(version=VERSION, dropped_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    (tmp_path / "index.html").write_text(index_html(latest), encoding="utf-8")
    return tmp_path


@pytest.fixture
def public(folder: Path) -> Iterator[str]:
    with serve(folder) as address:
        yield address


def names(browser: Browser, address: str) -> set[str]:
    """What was asked for under the address; any request that goes elsewhere stands in it whole."""
    return {url.removeprefix(address) for url in browser.requests() if not url.endswith("/favicon.ico")}  # the browser's own wish


def loaded(browser: Browser) -> bool:
    return bool(browser.script("return document.images.length > 0 && [...document.images].every((image) => image.naturalWidth > 0)"))


def test_a_public_link_shows_everything_and_asks_for_the_results_own_files_alone(browser: Browser, public: str) -> None:
    browser.open(f"{public}{VERSION}/preview.html")
    browser.until(lambda: loaded(browser))
    asked = names(browser, f"{public}{VERSION}/")
    assert asked == {"preview.html", "pages/0001.jpg", "pages/0002.jpg", "images/p0001_image_1_2_3_4.jpg"}
    assert browser.texts("#unreachable, #incomplete") == []
    _forget_favicon(browser)


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_the_index_goes_on_to_the_newest_preview(browser: Browser, folder: Path, public: str, place: str) -> None:
    address = folder.as_uri() + "/" if place == "disk" else public
    browser.open(address + "index.html")
    browser.until(lambda: browser.driver.current_url == f"{address}{VERSION}/preview.html")
    browser.until(lambda: loaded(browser))
    _forget_favicon(browser)


def test_a_presigned_link_shows_text_and_boxes_and_says_why_there_are_no_pictures(browser: Browser, folder: Path) -> None:
    with serve(folder, signed_only=True) as address:
        browser.open(f"{address}{VERSION}/preview.html?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc")
        browser.until(lambda: browser.texts("#unreachable"))
        assert "a link with a signature opens this file alone" in browser.texts("#unreachable")[0]
        browser.until(lambda: browser.script("return document.querySelectorAll('.lost').length") == 3)
        assert browser.texts("img") == [], "broken icons"
        assert browser.texts("#links") == [], "links that would be refused"
        assert browser.texts("#t2-1 .body") == ["Вторая"]
        assert browser.find("#b2-1").rect["height"] > 10
        browser.find("#b2-1").click()
        assert set(browser.ids(".lit")) == {"b2-1", "t2-1"}
    assert all("403" in line or "favicon.ico" in line for line in browser.console())


def test_a_preview_without_its_folder_says_what_belongs_beside_it(browser: Browser, folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "preview.html"
    alone.parent.mkdir()
    alone.write_bytes((folder / VERSION / "preview.html").read_bytes())
    browser.speaks("ru")
    browser.open(alone.as_uri())
    browser.until(lambda: browser.texts("#incomplete"))
    assert "Папки «pages» и «images»" in browser.texts("#incomplete")[0]
    assert all("ERR_FILE_NOT_FOUND" in line for line in browser.console())


def _forget_favicon(browser: Browser) -> None:
    assert [line for line in browser.console() if "favicon.ico" not in line] == []
