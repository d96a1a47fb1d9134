"""What a person sees of a result and does with it: by mouse, finger and keyboard, on a desktop and a phone, in two languages, light and dark."""

from __future__ import annotations

import pytest
from browser.chromium import Browser
from browser.conftest import Open
from browser.results import block, page
from selenium.webdriver.common.keys import Keys

from watcher.domain.page import Page, PageStatus, TextFormat

TABLE = "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Bolt</td><td>14.50</td></tr></table>"


def letter() -> Page:
    return page(
        1,
        block(0, "Confidential", label="header"),
        block(1, "Отчёт за год", label="doc_title"),
        block(2, "Первый абзац о берёзах.\n\nВторой абзац."),
        block(3, TABLE, label="table", format=TextFormat.HTML),
        block(4, r"\frac{a}{b} = \sqrt{x^2}", label="formula", format=TextFormat.LATEX),
        block(5, label="image", figure="images/p0001_image_1_2_3_4.jpg"),
        block(6, "with **bold** and $x_1$", format=TextFormat.MARKDOWN),
    )


def plain(count: int) -> list[Page]:
    return [page(number, *(block(order, f"Page {number}, block {order}") for order in range(3))) for number in range(1, count + 1)]


def lit(browser: Browser) -> set[str]:
    return set(browser.ids(".lit"))


def test_each_kind_of_block_is_seen_as_what_it_is(browser: Browser, open_result: Open) -> None:
    open_result(letter())

    assert browser.texts("h1") == ["Отчёт.pdf"]
    assert browser.texts("article h3") == ["Отчёт за год"]
    assert browser.texts("td") == ["Bolt", "14.50"]
    assert browser.texts("strong") == ["bold"]
    assert browser.script("return document.querySelector('math').namespaceURI") == "http://www.w3.org/1998/Math/MathML"
    fraction, line = browser.find("mfrac").rect, browser.find("article.omitted .body").rect
    assert fraction["height"] > 1.2 * line["height"], "drawn as text in one line"
    browser.until(lambda: browser.script("return [...document.images].every((image) => image.naturalWidth > 0)"))


def test_what_document_md_leaves_out_is_dimmed_and_says_so(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    assert browser.style("article.omitted", "color") != browser.style("article:not(.omitted)", "color")
    assert "not in document.md" in browser.find("article.omitted .label").text


def test_a_box_under_the_mouse_lights_up_with_its_text_and_the_other_way_round(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    browser.hover("#b1-3")
    assert lit(browser) == {"b1-3", "t1-3"}
    browser.hover("#t1-4")
    assert lit(browser) == {"b1-4", "t1-4"}
    browser.hover("h1")
    assert lit(browser) == set()


def test_a_click_on_a_box_keeps_its_text_lit_and_brings_it_to_the_screen(browser: Browser, open_result: Open) -> None:
    open_result(page(1, *(block(order, "Слово " * 200) for order in range(9))))
    assert not browser.seen("#t1-9")
    browser.find("#b1-9").click()
    browser.until(lambda: browser.seen("#t1-9"))
    browser.hover("#bar")
    assert lit(browser) == {"b1-9", "t1-9"}


def test_a_click_on_a_text_keeps_its_box_lit_until_the_next_click(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    browser.find("#t1-7 .body").click()
    browser.hover("h1")
    assert lit(browser) == {"b1-7", "t1-7"}
    browser.find("h1").click()
    assert lit(browser) == set()


def test_keys_lead_from_a_box_to_its_text_and_back(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    browser.script("document.querySelector('#b1-2').closest('a').focus()")
    browser.press(Keys.TAB)
    assert lit(browser) == {"b1-3", "t1-3"}
    browser.press(Keys.ENTER)
    assert browser.script("return document.activeElement.closest('article').id") == "t1-3"
    browser.press(Keys.ENTER)
    assert browser.script("return document.activeElement.firstElementChild.id") == "b1-3"
    browser.press(Keys.ESCAPE)
    assert lit(browser) == set()
    browser.press("j", "j")
    assert lit(browser) == {"b1-2", "t1-2"}
    browser.press("k")
    assert lit(browser) == {"b1-1", "t1-1"}


def test_a_finger_finds_the_text_of_a_box_and_the_box_of_a_text_on_a_phone(browser: Browser, open_result: Open) -> None:
    browser.window(390, 844)
    open_result(page(1, *(block(order, "Слово " * 100) for order in range(9))))
    assert not browser.seen("#t1-8")
    browser.tap("#b1-8")
    browser.until(lambda: browser.seen("#t1-8"))
    assert lit(browser) == {"b1-8", "t1-8"}
    assert not browser.seen("#b1-8")
    browser.tap("#t1-8 .label a")
    browser.until(lambda: browser.seen("#b1-8"))


def test_search_counts_and_goes_round_without_regard_to_case_and_yo(browser: Browser, open_result: Open) -> None:
    pages = [page(number, block(0, "Ёлка и Береза"), block(1, "берёза, БЕРЁЗА" if number == 40 else "-")) for number in range(1, 61)]
    open_result(*pages)
    browser.press("/")
    browser.press("БЕРЁЗ")
    browser.until(lambda: browser.texts("#count") == ["1 / 62"])
    browser.press(Keys.ENTER)
    assert browser.texts("#count") == ["2 / 62"]
    assert lit(browser) == {"b2-1", "t2-1"}
    browser.press_with_shift(Keys.ENTER)
    browser.press_with_shift(Keys.ENTER)
    assert browser.texts("#count") == ["62 / 62"]
    assert browser.seen("#t60-1")
    browser.find("#later").click()
    assert browser.texts("#count") == ["1 / 62"]
    browser.find("#earlier").click()
    assert browser.texts("#count") == ["62 / 62"]
    assert browser.script("return [CSS.highlights.get('current').size, [...CSS.highlights.get('current')][0].toString()]") == [1, "Берез"]


def test_search_finds_within_a_cell_and_within_emphasis_and_not_across_cells(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    for wanted, count in (("14.5", "1 / 1"), ("Bolt14", "0 / 0"), ("with bold and", "1 / 1"), ("нигде", "0 / 0"), ("header", "0 / 0")):
        browser.find("#query").clear()
        browser.find("#query").send_keys(wanted, Keys.ENTER)
        browser.until(lambda count=count: browser.texts("#count") == [count])
    browser.press(Keys.ESCAPE)
    assert browser.find("#query").get_attribute("value") == ""
    assert lit(browser) == set()


def test_pages_are_reached_by_number_by_key_and_by_link(browser: Browser, open_result: Open) -> None:
    open_result(*plain(30))
    browser.press("g")
    browser.press("17", Keys.ENTER)
    browser.until(lambda: browser.seen("#page-17 h2"))
    browser.press(Keys.ARROW_RIGHT)
    browser.until(lambda: browser.seen("#page-18 h2"))
    browser.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    browser.until(lambda: browser.seen("#page-16 h2") and browser.find("#page").get_attribute("value") == "16")
    browser.find("#next").click()
    browser.until(lambda: browser.find("#page").get_attribute("value") == "17")
    for typed, shown in (("999", "30"), ("0", "1"), ("x", "1")):
        browser.find("#page").click()
        browser.press(typed, Keys.ENTER)
        browser.until(lambda shown=shown: browser.seen(f"#page-{shown} h2") and browser.find("#page").get_attribute("value") == shown)


def test_pages_are_counted_while_a_person_scrolls(browser: Browser, open_result: Open) -> None:
    open_result(*plain(9))

    def counted(number: int) -> bool:
        browser.script("document.querySelector(arguments[0]).scrollIntoView()", f"#page-{number}")
        return browser.find("#page").get_attribute("value") == str(number)

    for number in (5, 9, 1):
        browser.until(lambda number=number: counted(number))


def test_short_pages_are_gone_through_one_by_one(browser: Browser, open_result: Open) -> None:
    failed = [page(number, status=PageStatus.FAILED, note="engine_timeout", image=None, width=0, height=0) for number in range(2, 30)]
    open_result(*plain(1), *failed)
    for number in range(2, 30):
        browser.press(Keys.ARROW_RIGHT)
        browser.until(lambda number=number: browser.find("#page").get_attribute("value") == str(number))
        assert browser.seen(f"#page-{number}")


def test_a_link_to_a_block_lights_it_up(browser: Browser, open_result: Open) -> None:
    folder = open_result(*plain(30))
    browser.open((folder / "preview.html").as_uri() + "#t20-2")
    browser.until(lambda: browser.seen("#t20-2"))
    assert lit(browser) == {"b20-2", "t20-2"}


def test_pages_to_look_at_stand_above_and_lead_there(browser: Browser, open_result: Open) -> None:
    states = [PageStatus.FAILED] * 3 + [PageStatus.OK, PageStatus.FAILED, PageStatus.BLANK, PageStatus.EMPTY, PageStatus.RETRIED]
    pages = [page(number, status=status, note="why") for number, status in enumerate(states, 1)]
    cut = page(9, block(0, "Начало", missing="cut off"), status=PageStatus.TRUNCATED)
    open_result(*pages, cut)

    assert browser.texts("#remarks li") == [
        "Could not be read: 1–3 5",
        "Text is missing: 9",
        "Nothing found, though not blank: 7",
        "Blank: 6",
    ]
    browser.find("#remarks [data-status=truncated] a").click()
    browser.until(lambda: browser.seen("#page-9 .warning"))
    assert browser.texts("#page-9 .warning") == ["The text of this page is incomplete."]
    assert browser.texts("#t9-1 .missing") == ["Text is missing here: cut off"]


def test_a_document_without_remarks_has_no_list_of_them(browser: Browser, open_result: Open) -> None:
    open_result(*plain(2))
    assert browser.texts("#remarks") == []


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_colours_follow_the_system_and_the_switch(browser: Browser, open_result: Open, scheme: str, dark: bool) -> None:
    def is_dark() -> bool:
        background, ink = (
            sum(map(int, browser.style("body", name).strip("rgba()").split(",")[:3])) for name in ("background-color", "color")
        )
        assert abs(background - ink) > 400, "hard to read"
        return background < ink

    browser.prefers(scheme)
    folder = open_result(letter())
    assert is_dark() == dark
    browser.find("#theme").click()
    assert is_dark() != dark
    browser.open((folder / "preview.html").as_uri())
    assert is_dark() != dark, "forgotten"


@pytest.mark.parametrize(
    ("languages", "said"), [("ru-RU,ru,en", "Страница 1"), ("de,ru", "Страница 1"), ("en-GB", "Page 1"), ("de", "Page 1")]
)
def test_it_speaks_the_language_of_the_browser(browser: Browser, open_result: Open, languages: str, said: str) -> None:
    browser.speaks(languages)
    open_result(letter())
    assert browser.texts("section h2") == [said]


def test_the_language_can_be_switched_and_nothing_stays_in_the_other_one(browser: Browser, open_result: Open) -> None:
    open_result(page(1, block(0, "x", missing="y", label="header"), status=PageStatus.TRUNCATED))
    english = browser.find("body").text
    browser.find("#language").click()
    russian = browser.find("body").text
    assert "Здесь не хватает текста" in russian
    assert "Text is missing" in english
    assert "Text is missing" not in russian
    assert browser.find("#query").get_attribute("placeholder") == "Поиск"


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1920])
def test_no_width_of_a_screen_makes_the_page_scroll_sideways(browser: Browser, open_result: Open, width: int) -> None:
    browser.window(width, 800)
    wide = "<table><tr>" + "<td>Наименование</td>" * 40 + "</tr></table>"
    open_result(
        page(1, block(0, "Ж" * 300), block(1, wide, format=TextFormat.HTML), block(2, "x+" * 300 + "x", format=TextFormat.LATEX)),
        page(2, status=PageStatus.BLANK, width=3000, height=200),
        name="Очень_длинное_имя_документа_без_единого_пробела" * 3 + ".pdf",
    )
    assert browser.script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.script("return [...document.images].every((image) => image.getBoundingClientRect().right <= innerWidth)")
    side_by_side = browser.find(".picture").rect["y"] == browser.find(".text").rect["y"]
    assert side_by_side == (width >= 1024)


def test_the_keys_are_explained(browser: Browser, open_result: Open) -> None:
    open_result(letter())
    browser.press("?")
    browser.until(lambda: browser.texts("#keys h2") == ["Keys"])
    browser.find("#close").click()
    assert browser.texts("#keys h2") == []
