from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from html.parser import HTMLParser

import pytest
from documents import mathml
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.page import PageStatus, TextFormat
from watcher.results.preview import preview_html
from watcher.results.text import clean

OMITTED = ("header", "footnote", "number")
VOID = {"meta", "img", "br", "col", "link", "input", "hr"}
OURS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "script",
    "body",
    "nav",
    "header",
    "main",
    "section",
    "article",
    "dialog",
    "div",
    "span",
    "p",
}
OURS |= {
    "h1",
    "h2",
    "h3",
    "a",
    "ul",
    "li",
    "small",
    "label",
    "input",
    "output",
    "button",
    "dl",
    "dt",
    "dd",
    "kbd",
    "img",
    "svg",
    "rect",
    "code",
}
MARKS = {"em", "strong", "s", "pre", "ol", "blockquote", "hr", "h4", "h5", "h6"}
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
    boxes = [str(attrs["id"]) for attrs, _ in page.all("rect")]
    texts = [str(attrs["id"]) for attrs, _ in page.all("article")]
    links = [str(attrs["href"])[1:] for attrs, _ in page.all("a") if re.match("#[bt][0-9]", str(attrs["href"]))]

    assert boxes == ["b" + text.removeprefix("t") for text in texts]
    assert len(boxes) == len(set(boxes)) == sum(len(page.blocks) for page in report)
    assert sorted(links) == sorted(boxes + texts)


def test_a_page_without_a_picture_has_no_links_to_boxes(make_page) -> None:
    page = preview([make_page("a", image=None)])
    assert page.all("rect") == []
    assert not [attrs for attrs, _ in page.all("a") if str(attrs["href"]).startswith("#b")]


def test_boxes_stay_within_the_page(make_page) -> None:
    page = preview([make_page({"box": (-5, 10, 300, 2000)}, {"box": (50, 60, 20, 30)})])

    assert [[attrs[name] for name in ("x", "y", "width", "height")] for attrs, _ in page.all("rect")] == [
        ["0", "10", "100", "990"],
        ["50", "60", "0", "0"],
    ]
    assert page.all("svg")[0][0]["viewbox"] == "0 0 100 1000"


def test_every_page_that_is_not_ok_says_so_in_both_languages(report, make_page) -> None:
    page = preview([*report, make_page(number=6, status=PageStatus.EMPTY, note="ink covers 20 %")])

    warnings = [attrs["class"] for attrs, _ in page.all("p") if "warning " in (attrs.get("class") or "")]
    assert warnings == [
        f"warning {status.value}"
        for status in (PageStatus.BLANK, PageStatus.FAILED, PageStatus.TRUNCATED, PageStatus.RETRIED, PageStatus.EMPTY)
    ]
    said = [(attrs["class"], text) for attrs, text in page.all("span") if attrs.get("class") in ("en", "ru")]
    assert said[said.index(("en", "This page could not be read.")) + 1] == ("ru", "Эту страницу не удалось прочитать.")
    assert "engine_timeout" in [text for _, text in page.all("small")]


def test_a_block_whose_text_is_missing_says_so_and_its_page_does_not_repeat_why(make_page) -> None:
    page = preview([make_page("a", {"text": "b", "missing": "cut <off>"}, status=PageStatus.TRUNCATED, note="1 block: cut <off>")])

    assert [attrs.get("class") for attrs, _ in page.all("rect")] == [None, "missing"]
    assert [text for _, text in page.all("span")].count("Здесь не хватает текста:") == 1
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

    assert {tag for tag, _, _ in page.elements + missing.elements} <= OURS | TABLE | MARKS | mathml.ELEMENTS
    assert [attrs for _, attrs, _ in missing.elements if any(name.startswith("on") for name in attrs)] == missing.comments == []
    assert len(page.all("script")) == len(page.all("img")) == 1
    assert page.comments == []
    assert not [name for _, attrs, _ in page.elements for name in attrs if name.startswith("on") or name == "style"]
    assert not [attrs for attrs, _ in page.all("a") if not re.match(r"[#]|document\.|manifest\.", str(attrs["href"]))]
    if kind is TextFormat.PLAIN and clean(text):
        assert clean(text) in ["".join(own) for tag, _, own in page.elements if tag in ("p", "h3")]


def body(make_page, text: str, kind: TextFormat, label: str = "text") -> list[tuple[str, str]]:
    """Elements within the block's text, each with its own text."""
    page = preview([make_page({"label": label, "text": text, "format": kind})])
    at = next(at for at, (_, attrs, _) in enumerate(page.elements) if "body" in (attrs.get("class") or "").split())
    return [(tag, "".join(own).strip()) for tag, _, own in page.elements[at + 1 :] if tag not in OURS - {"p", "h3", "code", "ul", "li"}]


def test_markdown_of_an_engine_is_rendered_without_its_links_and_html(make_page) -> None:
    text = "**bold** [a](https://b.c) ![d](e) <i>f</i> <https://g.h> $ x_1 $\n- one\n- two"
    assert body(make_page, text, TextFormat.MARKDOWN)[:2] == [
        ("p", "[a](https://b.c) ![d](e) <i>f</i> <https://g.h>"),
        ("strong", "bold"),
    ]
    assert [own for tag, own in body(make_page, text, TextFormat.MARKDOWN) if tag in ("mi", "mn", "li")] == ["x", "1", "one", "two"]


@pytest.mark.parametrize("text", ["5 $ и 6 $", "$5 and $6", "a $"])
def test_money_is_no_formula(make_page, text: str) -> None:
    assert body(make_page, text, TextFormat.MARKDOWN)[0] == ("p", text)


def test_a_formula_becomes_mathml_also_within_a_table(make_page) -> None:
    assert ("mfrac", "") in body(make_page, r"\frac{a}{b}", TextFormat.LATEX)
    cells = body(make_page, "<table><tr><td>$x^2$</td><td>$5, $6</td></tr></table>", TextFormat.HTML)
    assert ("msup", "") in cells
    assert ("td", "$5, $6") in cells


def test_tex_that_cannot_be_drawn_stays_as_it_was_read(make_page) -> None:
    assert body(make_page, r"\frac{a}{", TextFormat.LATEX)[0] == ("code", r"\frac{a}{")


def test_what_would_take_too_long_stays_plain(make_page) -> None:
    many = "*a* " * 13_000
    assert body(make_page, many, TextFormat.MARKDOWN) == []
    assert ("em", "a") in body(make_page, "*a* " * 12_000, TextFormat.MARKDOWN)


def test_a_table_beyond_all_bounds_is_named_and_left_out(make_page) -> None:
    table = "<table><tr>" + "<td>1</td>" * 250_000 + "</tr></table>"
    page = preview([make_page({"label": "table", "text": table, "format": TextFormat.HTML})])
    assert page.all("td") == []
    assert "This table is too large to be shown here. It stands in document.md." in [text for _, text in page.all("span")]


def test_the_same_pages_give_the_same_bytes(report) -> None:
    assert "".join(preview_html(report, "a", 5, OMITTED)) == "".join(preview_html(iter(report), "a", 5, OMITTED))


def test_memory_does_not_grow_with_pages(peak_of) -> None:
    render = partial(preview_html, name="a", total=2000, omitted=OMITTED)
    assert peak_of(render, 2000) < peak_of(render, 200) + 200_000  # of 10 MB of text
