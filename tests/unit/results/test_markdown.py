from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from watcher.domain.page import TextFormat
from watcher.results.markdown import document_markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

GOLDEN = """\
<!-- page 1 -->

# Отчёт за 2026 год

Первый абзац,
в две строки.

1\\. Второй &lt;b>абзац&lt;/b>.

## 1. Results

<table><tbody><tr><td colspan="2">A</td></tr>
</tbody></table>

![chart](images/p0001_chart_1_2_3_4.jpg)

Рис. 1

$$a< b \\\\ 5\\%$$

with **bold** and $x_i$, &lt;i>no&lt;/i> [link]\\(https://a.b)

<!-- page 2 -->

<!-- blank -->

<!-- page 3 -->

> **Page 3 could not be read.** engine_timeout

<!-- page 4 -->

> **The text of page 4 is incomplete.** the engine stopped

Начало текста

<!-- page 5 -->

Ещё текст
"""

HOSTILE = st.lists(
    st.sampled_from(
        ["<script>alert(1)</script>", "<!-- page 7 -->", "-->", "<img src=x onerror=y>", "<https://a.b>", "[x](javascript:alert(1))", "![x](//a.b/c.png)", "[x]: //a.b", "[x]", "```\n", "~~~\n", "- ", "> ",
         "$", "$$", "\\", "\\(", "\\[", "%", "\n", "\n\n", "    ", "a", "# ", "|-|", "<table>", "</table>", "<div>", "</div>"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
FORMATS = st.sampled_from(TextFormat)
LABELS = st.sampled_from(["text", "doc_title", "table", "formula", "](x) <script>"])


def kinds(markdown: str) -> set[str]:
    return {kind for token in PARSER.parse(markdown) for kind in (token.type, *(child.type for child in token.children or []))}


def test_a_document_with_one_of_everything(report) -> None:
    assert "".join(document_markdown(report)) == GOLDEN


def test_blocks_stand_in_reading_order_not_in_the_order_of_the_list(make_page) -> None:
    page = make_page("first", "second", "third")

    assert "".join(document_markdown([page.model_copy(update={"blocks": page.blocks[::-1]})])) == "".join(document_markdown([page]))


def test_omitted_labels_can_be_kept(report) -> None:
    kept = "".join(document_markdown(report, omitted=()))

    assert "Конфиденциально" in kept
    assert "* Сноска" in kept
    assert "Конфиденциально" not in "".join(document_markdown(report))


def test_the_text_of_a_figure_stands_below_it(make_page) -> None:
    page = make_page({"label": "header image", "figure": "images/a b.jpg", "text": "seen"})

    assert "![header image](images/a%20b.jpg)\n\nseen" in "".join(document_markdown([page]))


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        ("x^2", "$$x^2$$"),
        ("\\[ x \\]", "$$x$$"),
        ("\\( x \\)", "$$x$$"),
        ("$x$", "$$x$$"),
        ("a\n- b", "$$a - b$$"),
        ("5\\$", "$$5\\$$$"),
        ("a$b%c\\%", "$$a\\$b\\%c\\%$$"),
        ("a\\", "$$a\\ $$"),
        ("[0](x", "$$[0] (x$$"),
        ("$$ $$", ""),
    ],
)
def test_formulas_stand_in_one_line_between_their_delimiters(make_page, latex: str, line: str) -> None:
    page = make_page({"label": "formula", "text": latex, "format": TextFormat.LATEX})

    assert "".join(document_markdown([page])) == "<!-- page 1 -->\n" + (f"\n{line}\n" if line else "")


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(st.tuples(LABELS, FORMATS, HOSTILE), min_size=1, max_size=4), note=HOSTILE)
def test_no_text_in_any_format_makes_a_link_an_image_or_html_that_is_not_ours(make_page, texts, note: str) -> None:
    blocks = [{"label": label, "format": kind, "text": text} for label, kind, text in texts]
    whole = "".join(document_markdown([make_page(*blocks, status="truncated", note=note), make_page("the end", number=2)]))

    assert re.findall(r"<!--.*?-->", whole, re.DOTALL) == ["<!-- page 1 -->", "<!-- page 2 -->"]
    assert not kinds(whole) & {"link_open", "image", "html_inline", "fence"}
    for token in PARSER.parse(whole):
        if token.type == "html_block":
            assert re.match(r"<!-- page \d -->|<div>|<table>", token.content)
            assert not re.search(r"<(?!/?(?:table|tbody|tr|td|div)>|!-- page \d -->)[a-zA-Z/!]", token.content)
    last = [token.content for token in PARSER.parse(whole) if token.type in ("inline", "html_block")][-2:]
    assert [text.strip() for text in last] == ["<!-- page 2 -->", "the end"]


def test_memory_does_not_grow_with_pages(peak_of) -> None:
    assert peak_of(document_markdown, 2000) < peak_of(document_markdown, 200) + 200_000  # of 10 MB of text


@pytest.mark.parametrize(("text", "line"), [("a $$x$$ b", "a $$x$$ b"), ("a $$x$$ $$y", "a \\$\\$x\\$\\$ \\$\\$y"), ("a ```b", "a \\```b")])
def test_markdown_of_the_engine_leaves_nothing_open(make_page, text: str, line: str) -> None:
    page = make_page({"text": text, "format": TextFormat.MARKDOWN})

    assert "".join(document_markdown([page])) == f"<!-- page 1 -->\n\n{line}\n"
