"""Document text stays text: whatever it is, CommonMark with GitHub's extensions renders it as itself."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from watcher.results.text import clean, escape_line, escape_paragraph, one_line, paragraphs

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

MARKUP = st.text(alphabet="*_~$`#<>&;:[]()!|-+=\\\"'/.0123 \t\nabя\u00a0\u2028", max_size=40)
PIECES = st.lists(
    st.sampled_from(
        ["<script>", "</b>", "<!-- page 7 -->", "<?x", "<https://a.b>", "[x](javascript:alert(1))", "![x](y)", "[x]: /y", "[^1]: z", "&lt;", "&#60;", "```", "~~~", "---", "===",
         "| a | b |", "|---|---|", ":-:", "- a", "1. b", "1)", "# h", "> q", "***", "* * *", "**b**", "_i_", "__", "~~s~~", "$x$", "$$", "\\", "  ", "    code", "\n", "\n\n", "a", "word", "5 * 3", "\x00", "\x1b[31m"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
ANY = st.one_of(st.text(max_size=60), MARKUP, PIECES)


def rendered(markdown: str) -> tuple[list[str], list[str]]:
    """The kinds of elements that Markdown makes of it, other than paragraphs of text, and the text of each paragraph."""
    elements, texts = [], []
    for token in PARSER.parse(markdown):
        if token.type == "inline":
            elements += [child.type for child in token.children or [] if child.type not in ("text", "softbreak")]
            texts.append("".join("\n" if child.type == "softbreak" else child.content for child in token.children or []))
        elif token.type not in ("paragraph_open", "paragraph_close"):
            elements.append(token.type)
    return elements, texts


@settings(max_examples=600, deadline=None)
@given(ANY)
@example("*a\n***")
@example("~~~foo~~~ ~~")
@example("a\n- | -\nb")
@example("\\<b>")
@example("[a\nb]: c")
def test_any_text_renders_as_itself(text: str) -> None:
    source = "\n\n".join(map(escape_paragraph, paragraphs(text)))

    assert rendered(source) == ([], paragraphs(text))


@settings(max_examples=300, deadline=None)
@given(ANY)
@example("C #")
@example("###")
@example("a \\")
def test_any_heading_renders_as_itself(text: str) -> None:
    line = one_line(text)

    elements, texts = rendered(f"## {escape_line(line)}")

    assert elements == ["heading_open", "heading_close"]
    assert texts == [line]


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_escaped_text_holds_no_tag_and_no_comment_even_for_those_who_search_the_raw_file(text: str) -> None:
    for paragraph in paragraphs(text):
        assert not any(f"<{after}" in escape_paragraph(paragraph) for after in ("!", "/", "?", "script", "b"))


@pytest.mark.parametrize(
    "prose",
    [
        "Цена* указана без НДС (см. [1], [2]); 2 * 3 = 6 & 5 < 7 > 4.",
        "Файл C:\\Docs\\a_b_c.txt, ключ snake_case_name, #5, №7, e-mail: a_b@example.com",
        "Стоимость $5 or $10; около ~5 км — до ~10 км; 100% | 50%",
        "Подпись ______________ / дата ______",
        "— Привет, — сказал он. «Да!» (1) и т. д.",
        "2026 год\n3,14 и 1.5; 12.10.2026",
    ],
)
def test_ordinary_prose_gets_no_backslash(prose: str) -> None:
    assert escape_paragraph(prose) == prose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Введение", "1\\. Введение"),
        ("- пункт", "\\- пункт"),
        ("*важно*", "\\*важно*"),
        ("__init__", "\\_\\_init__"),
        ("a\n---", "a\n\\---"),
        ("<!-- page 7 -->", "&lt;!-- page 7 -->"),
        ("[x](javascript:alert(1))", "[x]\\(javascript:alert(1))"),
        ("&lt;b&gt;", "\\&lt;b\\&gt;"),
        ("a|b\n-|-", "a|b\n\\-|-"),
    ],
)
def test_markup_is_escaped_once_where_it_would_begin(text: str, expected: str) -> None:
    assert escape_paragraph(text) == expected


def test_clean_keeps_lines_and_drops_control_characters() -> None:
    assert clean(" a\x00b \r\n\x1b[31mred\x0b c\u2028d\u00a0\n\n") == "ab\n[31mred\nc\nd"
