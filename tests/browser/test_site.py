"""The site of the pages in a real Chromium: it shows and searches with nothing from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from browser.chromium import Browser
from browser.results import serve
from docs.site import build_site

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Material for MkDocs wants Python 3.11 or newer")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    with serve(folder / "site") as address:
        yield address


def elsewhere(browser: Browser, site: str) -> list[str]:
    return [url for url in browser.requests() if not url.startswith((site, "data:", "blob:", "about:"))]


@pytest.mark.parametrize("page", ["index.html", "README.ru.html", "docs/settings.html", "docs/quick-fixes.ru.html", "deploy/cloudru.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_asks_nobody_else_for_anything(browser: Browser, site: str, page: str, scheme: str, width: int) -> None:
    browser.prefers(scheme)
    browser.window(width, 800)
    browser.open(site + page)
    browser.until(lambda: browser.script("return document.readyState === 'complete'"))
    assert browser.texts("h1")
    assert browser.script("return [...document.images].every((image) => image.naturalWidth > 0)")
    assert browser.script("return document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    assert elsewhere(browser, site) == []


@pytest.mark.parametrize(("words", "page"), [("lease_seconds", "docs/settings.html"), ("видеокарта", "README.ru.html")])
def test_the_search_finds_words_of_both_languages(browser: Browser, site: str, words: str, page: str) -> None:
    browser.open(site + "index.html")
    browser.find(".md-search__input").click()
    browser.press(*words)
    browser.until(
        lambda: page in " ".join(browser.script("return [...document.querySelectorAll('a.md-search-result__link')].map((a) => a.href)"))
    )
    assert elsewhere(browser, site) == []
