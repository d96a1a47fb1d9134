"""Documents of many pages stay usable: what is far from the screen is neither loaded nor laid out."""

from __future__ import annotations

from browser.chromium import Browser
from browser.conftest import Open
from browser.results import block, page
from selenium.webdriver.common.keys import Keys

PAGES = 500


def test_a_document_of_500_pages_loads_the_pictures_near_the_screen_alone(browser: Browser, open_result: Open) -> None:
    text = "Текст страницы, каких в документе много. " * 10
    open_result(*(page(number, *(block(order, f"{number} {text}") for order in range(9))) for number in range(1, PAGES + 1)))

    def pictures() -> set[str]:
        return {url.rpartition("/")[2] for url in browser.requests() if url.endswith(".jpg")}

    assert browser.texts(".total") == ["/ 500"]
    browser.until(lambda: browser.script("return document.images[0].naturalWidth > 0"))
    first = pictures()
    assert "0001.jpg" in first
    assert len(first) < 20

    browser.press("g")
    browser.press("400", Keys.ENTER)
    browser.until(lambda: browser.script("return document.querySelector('#page-400 img').naturalWidth > 0"))
    assert browser.seen("#page-400 h2")
    assert len(pictures()) < 20

    browser.find("#query").send_keys("499 текст", Keys.ENTER)
    browser.until(lambda: browser.texts("#count") == ["1 / 9"])
    browser.until(lambda: browser.seen("#t499-1"))
    assert len(pictures()) < 20
