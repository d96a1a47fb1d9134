from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from watcher.domain.page import TextFormat
from watcher.results.markdown import document_markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

OMITTED = ("header", "footnote", "number")
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
    assert "".join(document_markdown(report, OMITTED)) == GOLDEN


def test_blocks_stand_in_reading_order_not_in_the_order_of_the_list(make_page) -> None:
    page = make_page("first", "second", "third")

    assert "".join(document_markdown([page.model_copy(update={"blocks": page.blocks[::-1]})], OMITTED)) == "".join(
        document_markdown([page], OMITTED)
    )


def test_omitted_labels_can_be_kept(report) -> None:
    def shown(*omitted: str) -> list[str]:
        whole = "".join(document_markdown(report, omitted))
        return [text for text in ("Конфиденциально", "* Сноска", "Рис. 1") if text in whole]

    assert shown() == ["Конфиденциально", "* Сноска", "Рис. 1"]
    assert shown("header", "number") == ["* Сноска", "Рис. 1"]
    assert shown("figure_title") == ["Конфиденциально", "* Сноска"]


def test_the_text_of_a_figure_stands_below_it(make_page) -> None:
    page = make_page({"label": "header image", "figure": "images/a b.jpg", "text": "seen"})

    assert "![header image](images/a%20b.jpg)\n\nseen" in "".join(document_markdown([page], OMITTED))


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

    assert "".join(document_markdown([page], OMITTED)) == "<!-- page 1 -->\n" + (f"\n{line}\n" if line else "")


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(st.tuples(LABELS, FORMATS, HOSTILE, HOSTILE), min_size=1, max_size=4), note=HOSTILE)
def test_no_text_in_any_format_makes_a_link_an_image_or_html_that_is_not_ours(make_page, texts, note: str) -> None:
    blocks = [{"label": label, "format": kind, "text": text, "missing": missing} for label, kind, text, missing in texts]
    whole = "".join(document_markdown([make_page(*blocks, status="truncated", note=note), make_page("the end", number=2)], OMITTED))

    assert re.findall(r"<!--.*?-->", whole, re.DOTALL) == ["<!-- page 1 -->", "<!-- page 2 -->"]
    assert not kinds(whole) & {"link_open", "image", "html_inline", "fence"}
    for token in PARSER.parse(whole):
        if token.type == "html_block":
            assert re.match(r"<!-- page \d -->|<div>|<table>", token.content)
            assert not re.search(r"<(?!/?(?:table|tbody|tr|td|div)>|!-- page \d -->)[a-zA-Z/!]", token.content)
    last = [token.content for token in PARSER.parse(whole) if token.type in ("inline", "html_block")][-2:]
    assert [text.strip() for text in last] == ["<!-- page 2 -->", "the end"]


def test_memory_does_not_grow_with_pages(peak_of) -> None:
    render = partial(document_markdown, omitted=OMITTED)
    assert peak_of(render, 2000) < peak_of(render, 200) + 200_000  # of 10 MB of text


@pytest.mark.parametrize(("text", "line"), [("a $$x$$ b", "a $$x$$ b"), ("a $$x$$ $$y", "a \\$\\$x\\$\\$ \\$\\$y"), ("a ```b", "a \\```b")])
def test_markdown_of_the_engine_leaves_nothing_open(make_page, text: str, line: str) -> None:
    page = make_page({"text": text, "format": TextFormat.MARKDOWN})

    assert "".join(document_markdown([page], OMITTED)) == f"<!-- page 1 -->\n\n{line}\n"


def test_a_note_stands_where_text_is_missing_and_not_above_it_as_well(make_page) -> None:
    cut = {"text": "The first half", "missing": "the answer was *cut* off"}
    lost = {"label": "table", "format": TextFormat.HTML, "missing": "the answer was lost"}
    page = make_page("before", cut, lost, "after", status="truncated", note="2 blocks")

    assert "".join(document_markdown([page], OMITTED)) == (
        "<!-- page 1 -->\n\nbefore\n\nThe first half\n\n> **Text is missing here:** the answer was \\*cut* off\n\n"
        "> **Text is missing here:** the answer was lost\n\nafter\n"
    )


def test_where_only_what_is_left_out_lacks_text_the_page_says_so(make_page) -> None:
    page = make_page("a", {"label": "header", "missing": "cut"}, status="truncated", note="1 block: cut")

    assert "".join(document_markdown([page], OMITTED)) == "<!-- page 1 -->\n\n> **The text of page 1 is incomplete.** 1 block: cut\n\na\n"


@pytest.mark.parametrize("kind", TextFormat)
@pytest.mark.parametrize("text", ["a", "- a", "> a", "$$a", "a\\", "<table><tr><td>a", "1. a\n\n2. b", "a\n---", "| a |\n|-|"])
def test_the_note_is_a_quote_of_its_own_behind_whatever_was_cut(make_page, kind: TextFormat, text: str) -> None:
    page = make_page({"text": text, "format": kind, "missing": "cut"}, "the end")
    tokens = PARSER.parse("".join(document_markdown([page], OMITTED)))
    assert [token.content for token in tokens if token.type == "inline"][-2:] == ["**Text is missing here:** cut", "the end"]
    assert [(token.type, token.level) for token in tokens][-8:] == [
        ("blockquote_open", 0), ("paragraph_open", 1), ("inline", 2), ("paragraph_close", 1), ("blockquote_close", 0),
        ("paragraph_open", 0), ("inline", 1), ("paragraph_close", 0),
    ]  # fmt: skip


def test_a_page_on_which_nothing_was_found_says_so(make_page) -> None:
    page = make_page({"text": ""}, number=7, status="empty", note="the engine found nothing")

    assert "".join(document_markdown([page], OMITTED)).strip() == (
        "<!-- page 7 -->\n\n> **The engine found nothing on page 7 though it is not blank.**"
    )


@pytest.mark.parametrize(
    ("label", "level", "line"),
    [("paragraph_title", 4, "#### a"), ("paragraph_title", None, "## a"), ("doc_title", 1, "# a"), ("text", 3, "a")],
)
@pytest.mark.parametrize("kind", [TextFormat.PLAIN, TextFormat.MARKDOWN])
def test_headings_have_the_level_that_the_whole_document_gives_them(
    make_page, kind: TextFormat, label: str, level: int | None, line: str
) -> None:
    page = make_page({"label": label, "level": level, "text": "a", "format": kind})

    assert "".join(document_markdown([page], OMITTED)) == f"<!-- page 1 -->\n\n{line}\n"


def test_a_table_that_goes_on_says_where_it_began(make_page) -> None:
    page = make_page({"label": "table", "format": TextFormat.HTML, "continues": 3}, "after", number=4)

    assert "".join(document_markdown([page], OMITTED)).strip() == "<!-- page 4 -->\n\n<!-- continues the table of page 3 -->\n\nafter"


@pytest.mark.parametrize(
    "text",
    ["$x_i$ and $a*b*c$", "$f\\left[0\\right] (x)$, $a< b$", "costs 5 $ or $$\\sum_i x_i$$ in all", "$$a\\\\b$$\n$c$"],
)
def test_mathematics_in_the_engines_markdown_stays_as_it_is(make_page, text: str) -> None:
    page = make_page({"text": text, "format": TextFormat.MARKDOWN})

    assert "".join(document_markdown([page], OMITTED)) == f"<!-- page 1 -->\n\n{text}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("$f[0](x)$ [a](b)", "$f[0] (x)$ [a]\\(b)"),
        ("$a<b$ <b>", "$a< b$ &lt;b>"),
        ("5$ <b> 6$", "5$ &lt;b> 6$"),
        ("$5 <b> and $6", "$5 &lt;b> and $6"),
        ("\\$a <b>$", "\\$a &lt;b>$"),
    ],
)
def test_within_mathematics_markup_is_parted_by_spaces_which_tex_passes_over(make_page, text: str, line: str) -> None:
    page = make_page({"text": text, "format": TextFormat.MARKDOWN})

    assert "".join(document_markdown([page], OMITTED)) == f"<!-- page 1 -->\n\n{line}\n"


@pytest.mark.parametrize(("label", "kind"), [("chart", TextFormat.HTML), ("chart", TextFormat.MARKDOWN), ("seal", TextFormat.PLAIN)])
def test_what_was_read_of_a_picture_stands_below_it(make_page, label: str, kind: TextFormat) -> None:
    text = "<table><tr><td>7</td></tr></table>" if kind is TextFormat.HTML else "7"
    page = make_page({"label": label, "format": kind, "text": text, "figure": "images/p0001_x.jpg"})
    _, picture, read = "".join(document_markdown([page], OMITTED)).split("\n\n")

    assert picture == f"![{label}](images/p0001_x.jpg)"
    assert "7" in read
