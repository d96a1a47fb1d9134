from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.page import PageStatus, TextFormat
from watcher.results.preview import preview_html
from watcher.results.text import clean

OMITTED = ("header", "footnote", "number")
VOID = {"meta", "img", "br", "col", "link", "input"}
OURS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "p",
    "span",
    "a",
    "main",
    "section",
    "h2",
    "small",
    "div",
    "img",
    "svg",
    "rect",
    "article",
    "h3",
    "code",
    "script",
}
TABLE = {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "sub", "sup"}
HOSTILE = [
    "<script>alert(1)</script>",
    "</script>",
    "</title>",
    "</style>",
    '"><img src=x onerror=y>',
    "' onload='x",
    "<!--",
    "]]>",
    "{{ 7*7 }}",
    "{% raw %}",
    "&lt;",
    "javascript:x",
    "a",
    "\n",
]


class Parsed(HTMLParser):
    """Elements of a page in order, as (tag, attributes, own text), and whether every one was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.comments: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.elements[self._open[-1]][2].append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str, **attributes: str) -> list[tuple[dict[str, str | None], str]]:
        found = [(attrs, "".join(text)) for name, attrs, text in self.elements if name == tag]
        return [(attrs, text) for attrs, text in found if attributes.items() <= attrs.items()]


def preview(pages, name: str = "Отчёт.pdf") -> Parsed:
    return Parsed("".join(preview_html(pages, name, len(pages), OMITTED)))


def test_each_page_shows_its_picture_its_boxes_and_its_text(report) -> None:
    page = preview(report)

    assert [text for _, text in page.all("h1")] == ["Отчёт.pdf"]
    assert [attrs["id"] for attrs, _ in page.all("section")] == [f"page-{number}" for number in range(1, 6)]
    assert [attrs["src"] for attrs, _ in page.all("img")] == [
        "pages/0001.jpg",
        "images/p0001_chart_1_2_3_4.jpg",
        "pages/0002.jpg",
        "pages/0004.jpg",
        "pages/0005.jpg",
    ]
    assert all(attrs["loading"] == "lazy" for attrs, _ in page.all("img"))
    assert [text for _, text in page.all("h3")] == ["Отчёт\nза 2026 год", "1. Results"]
    assert ("Первый абзац,\nв две строки.\n\n1. Второй <b>абзац</b>.") in [text for _, text in page.all("p")]
    assert [text for _, text in page.all("td", colspan="2")] == ["A"]


def test_boxes_and_blocks_name_each_other(report) -> None:
    page = preview(report)
    boxes = [attrs["data-block"] for attrs, _ in page.all("rect")]

    assert boxes == [attrs["data-block"] for attrs, _ in page.all("article")]
    assert len(boxes) == len(set(boxes)) == sum(len(page.blocks) for page in report)


def test_boxes_stay_within_the_page(make_page) -> None:
    page = preview([make_page({"box": (-5, 10, 300, 2000)}, {"box": (50, 60, 20, 30)})])

    assert [[attrs[name] for name in ("x", "y", "width", "height")] for attrs, _ in page.all("rect")] == [
        ["0", "10", "100", "990"],
        ["50", "60", "0", "0"],
    ]
    assert page.all("svg")[0][0]["viewbox"] == "0 0 100 1000"


def test_every_page_that_is_not_ok_says_so_in_both_languages(report, make_page) -> None:
    page = preview([*report, make_page(number=6, status=PageStatus.EMPTY, note="ink covers 20 %")])

    warnings = [attrs["class"] for attrs, _ in page.all("p") if "warning" in (attrs.get("class") or "")]
    assert warnings == [
        f"warning {status.value}"
        for status in (PageStatus.BLANK, PageStatus.FAILED, PageStatus.TRUNCATED, PageStatus.RETRIED, PageStatus.EMPTY)
    ]
    assert page.all("span", **{"data-ru": "Эту страницу не удалось прочитать."})[0][1] == "This page could not be read."
    assert "engine_timeout" in [text for _, text in page.all("small")]


def test_a_block_whose_text_is_missing_says_so_and_its_page_does_not_repeat_why(make_page) -> None:
    page = preview([make_page("a", {"text": "b", "missing": "cut <off>"}, status=PageStatus.TRUNCATED, note="1 block: cut <off>")])

    assert [attrs.get("class") for attrs, _ in page.all("rect")] == [None, "missing"]
    assert page.all("span", **{"data-ru": "Здесь не хватает текста:"})[0][1] == "Text is missing here:"
    assert [text for attrs, text in page.all("small") if attrs == {}] == ["cut <off>"]


def test_what_document_md_leaves_out_is_dimmed(report) -> None:
    def dimmed(*omitted: str) -> list[int]:
        page = Parsed("".join(preview_html(report, "a", 5, omitted)))
        return [len(page.all(tag, **{"class": "omitted"})) for tag in ("article", "rect")]

    assert dimmed() == [0, 0]
    assert dimmed("number") == [1, 1]
    assert dimmed("header", "footnote", "number") == [3, 3]


def test_the_policy_allows_the_inlined_style_and_script_by_hash_and_nothing_from_elsewhere(report) -> None:
    page = preview(report)
    [(policy, _)] = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    directives = dict(directive.split(" ", 1) for directive in str(policy["content"]).split("; "))

    def hashed(tag: str) -> str:
        [(_, text)] = page.all(tag)
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    assert directives == {
        "default-src": "'none'",
        "img-src": "'self' file:",
        "style-src": hashed("style"),
        "script-src": hashed("script"),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_nothing_asks_for_another_place(report) -> None:
    whole = "".join(preview_html(report, "a.pdf", len(report), OMITTED))
    page = Parsed(whole)
    links = [
        str(value) for _, attrs, _ in page.elements for name, value in attrs.items() if name in ("src", "href", "srcset", "action", "data")
    ]

    assert links
    assert not [link for link in links if re.match(r"[a-z]+:|//", link)]
    assert "@import" not in whole
    assert "url(" not in whole
    assert not [attrs for _, attrs, _ in page.elements if "style" in attrs or any(name.startswith("on") for name in attrs)]


@settings(max_examples=150, deadline=None)
@given(
    text=st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join),
    label=st.sampled_from([*HOSTILE, "doc_title"]),
    kind=st.sampled_from(TextFormat),
)
def test_text_stays_text_wherever_it_stands(make_page, text: str, label: str, kind: TextFormat) -> None:
    block = {"label": label, "text": text, "format": kind}
    page = preview([make_page(block, number=1, note=text, status=PageStatus.FAILED)], name=text)
    missing = preview([make_page({**block, "missing": text}, number=1)], name=text)

    assert {tag for tag, _, _ in page.elements + missing.elements} <= OURS | TABLE
    assert [attrs for _, attrs, _ in missing.elements if any(name.startswith("on") for name in attrs)] == missing.comments == []
    assert len(page.all("script")) == len(page.all("img")) == 1
    assert page.comments == []
    assert not [name for _, attrs, _ in page.elements for name in attrs if name.startswith("on")]
    if kind is not TextFormat.HTML and clean(text):
        assert clean(text) in ["".join(own) for tag, _, own in page.elements if tag in ("p", "h3", "code")]


def test_the_same_pages_give_the_same_bytes(report) -> None:
    assert "".join(preview_html(report, "a", 5, OMITTED)) == "".join(preview_html(iter(report), "a", 5, OMITTED))


def test_memory_does_not_grow_with_pages(peak_of) -> None:
    render = partial(preview_html, name="a", total=2000, omitted=OMITTED)
    assert peak_of(render, 2000) < peak_of(render, 200) + 200_000  # of 10 MB of text
